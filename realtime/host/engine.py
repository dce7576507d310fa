"""The engine with everything that it needs: memory, synth, ensembles, separators and their thread.

A driver is given an ``Engine`` and calls its process core; the same engine plays live, renders and is tested.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from realtime.contract.error import PluginError
from realtime.contract.library import find_plugin
from realtime.contract.manifest import Manifest
from realtime.contract.spelling import CHANNEL, spelled_parameter
from realtime.engine import core
from realtime.engine.codes import BY_CHANNEL, BY_RULE, PARTS, SLOTS, SYNTHS, Counter, Stage, Sync
from realtime.engine.controllers import defaults, policies, resets
from realtime.engine.histogram import summary
from realtime.engine.state import new_state
from realtime.ensembles.schema import Ensemble
from realtime.host.link import Link
from realtime.host.placement import attach_processors
from realtime.host.separators import SeparatorBank, WholePieceError
from realtime.host.slots import EVEN, Mix, Slot, fill_slot, label_parts
from realtime.host.synth import Synth
from realtime.host.system_clock import attach_clock
from realtime.host.worker import Worker


class Engine:
    """The process core's memory and all that it points to.

    Args:
        rate: frames a second.
        soundfont: SoundFont to play with; None: no synth (decisions and MIDI only).
    """

    def __init__(self, rate: float, soundfont: Path | None) -> None:
        self.memory = new_state(rate)
        self.state: np.void = self.memory[0]
        self.address = self.memory.ctypes.data
        self.link = Link(self.state)
        self._peaks: dict[str, np.ndarray] = {}
        self.slots: list[Slot] = []
        """By number, what was loaded last into each slot."""
        self.taken: set[int] = set()
        """Slots that are not free."""
        self.soundfont = soundfont
        self.synths: dict[int, Synth] = {}
        """By number; the first one is shared by what was loaded before the sound started."""
        self.worker_priority, self.worker_wanted = 0, False
        self._notices: list[str] = []
        self._ruled: dict[str, list[str]] = {}
        """What was wrong with a separator before the sound started, and the ensembles that lack it."""
        self._told: set[tuple[str, str]] = set()
        """What was wrong with a separator, and the ensemble that lacks it, each told once."""
        self._bank = SeparatorBank(self.state)
        self._worker: Worker | None = None
        state = self.state
        state["address"], state["process"] = self.address, core.address
        attach_clock(state)
        attach_processors(state)
        state["cc_policy"], state["cc_reset"] = policies(), resets()
        state["cc_default"] = state["source_cc"][:] = state["channel_cc"][:] = defaults()
        self.set_tempo(120.0)
        if soundfont is not None:
            self.synths[0] = Synth(soundfont, rate)
            self.synths[0].attach(state, 0)

    @property
    def rate(self) -> float:
        """Frames a second."""
        return float(self.state["rate"])

    @property
    def notices(self) -> list[str]:
        """What a player should know of what was loaded, in sentences; while playing, new ones come last."""
        ruled = [
            f"{why}; the closest-pitch rule plays {', '.join(names)}" for why, names in self._ruled.items()
        ]
        return ruled + self._notices

    def set_tempo(self, bpm: float) -> None:
        """Set the fixed tempo, in quarter notes per minute, before the sound starts."""
        self.state["bpm"] = bpm
        self.state["ticks_per_frame"] = bpm * self.state["resolution"] / (60.0 * self.rate)

    def set_chord_window(self, milliseconds: float) -> None:
        """Let a note wait so long for others of its chord (0: not at all), before the sound starts."""
        self.state["chord_window"] = round(milliseconds * self.rate / 1000)

    def load(
        self,
        ensemble: Ensemble,
        separator: str | None = None,
        mix: Mix = EVEN,
        soundfont: Path | None = None,
        live: bool = False,
        family: int = 0,
    ) -> Slot:
        """Load an ensemble into a free slot: before the sound starts, or (``live``) while playing.

        While playing it gets a synth of its own, and only one thread at a time may load. A separator that is
        broken is told in ``notices``, and the rule serves the ensemble.

        Args:
            ensemble: what to load.
            separator: played instead of the ensemble's own, as ``NAME`` or ``NAME:value,value...``;
                ``channel``: no separator, each MIDI channel plays the part of its number.
            mix: which parts begin muted or solo.
            soundfont: SoundFont of its own synth; None: the engine's.
            live: whether the sound may have started.
            family: see ``fill_slot``.

        Raises:
            ValueError: no slot or synth is free, the separator takes whole pieces only, a part's label is
                unknown to it, ``separator`` is not the name of one, its values are wrong, or FluidSynth
                refuses the SoundFont.
        """
        index = self.free_slot()
        if index is None:
            raise ValueError(f"at most {SLOTS} ensembles can be loaded at once")
        wanted = separator or ensemble.separator
        name: str | None = wanted
        try:
            place, manifest = self._separator(wanted, ensemble)
        except WholePieceError:
            raise  # nothing is broken: the ensemble, or the player, asks for what can't be
        except (ValueError, OSError) as error:
            if separator and not (isinstance(error, PluginError) and error.field != "name"):
                raise  # the player's own words are wrong: better said now than played otherwise
            why = str(error)
            if not live:
                self._ruled.setdefault(why, []).append(ensemble.name)
            elif (why, ensemble.name) not in self._told:  # it comes again with another program or SoundFont
                self._notices.append(f"{why}; the closest-pitch rule plays {ensemble.name}")
            self._told.add((why, ensemble.name))
            place, manifest, name = BY_RULE, None, None
        other = bool(separator) and name != ensemble.separator
        labels = label_parts(ensemble, manifest, other)
        synth, first = self._place(index, ensemble, mix, soundfont, live)
        fill_slot(self.state, index, ensemble, place, labels, (synth, first), mix, family)
        if ensemble.program is not None and not live:
            self.state["program_slot"][ensemble.program] = index
        font = self.synths[synth].soundfont if synth in self.synths else None
        slot = Slot(index, ensemble, name, separator, font, synth)
        self.slots[index : index + 1] = [slot]
        self.taken.add(index)
        return slot

    def free_slot(self) -> int | None:
        """Return the first slot that can be loaded, or None."""
        return next((index for index in range(SLOTS) if index not in self.taken), None)

    def _place(
        self, index: int, ensemble: Ensemble, mix: Mix, soundfont: Path | None, live: bool
    ) -> tuple[int, int]:
        """Choose an ensemble's programs on a synth; return the synth's number and its first channel there."""
        if not self.synths:
            return -1, 0
        if not live:
            first = index * PARTS
            self._notices += self.synths[0].prepare(first, ensemble, mix)
            return 0, first
        number = next((number for number in range(SYNTHS) if number not in self.synths), None)
        if number is None:
            raise ValueError("all synths still sound: try again when what was played has died away")
        synth = Synth(soundfont or self.soundfont or self.synths[0].soundfont, self.rate, PARTS)
        self._notices += synth.prepare(0, ensemble, mix)
        self.synths[number] = synth
        synth.attach(self.state, number)
        return number, 0

    def _separator(self, wanted: str, ensemble: Ensemble) -> tuple[int, Manifest | None]:
        if wanted == CHANNEL:
            return BY_CHANNEL, None
        name, _, values = wanted.partition(":")
        plugin = find_plugin(name)
        parameters: dict[str, Sequence[float]] = (
            dict(ensemble.parameters) if wanted == ensemble.separator else {}
        )
        if values:
            parameters |= spelled_parameter(plugin.manifest, values, len(ensemble.parts))
        return self._bank.load(plugin, len(ensemble.parts), parameters).index, plugin.manifest

    def start_worker(self, priority: int = 0) -> None:
        """Give the separators a thread of their own: for drivers that play in real time.

        Args:
            priority: its SCHED_FIFO priority, at most the audio thread's; 0: none.
        """
        self.worker_priority, self.worker_wanted = priority, True
        if self._bank.loaded and self._worker is None:
            try:
                self._worker = Worker(self.state, self.address, priority)
            except OSError as error:
                self._notices.append(str(error))

    def place_worker(self) -> None:
        """Keep the separators' thread out of the audio thread's way; call it often while playing."""
        if self._worker:
            self._worker.follow()

    def latency(self) -> dict[str, dict[str, float]]:
        """Return each stage's p50, p95, p99, p99.9, max and jitter in microseconds, while playing."""
        return summary(self.state)

    def counters(self) -> dict[str, int]:
        """Return every counter by name, while playing."""
        return {c.name.lower(): int(self.state["counters"][c]) for c in Counter}

    def peak(self, reader: str) -> tuple[float, float]:
        """Return the highest sample of each channel since ``reader`` last asked; others may ask as well."""
        new = self.state["peak"].copy()
        self.state["peak"] = 0
        self._peaks.setdefault(reader, np.zeros(2, np.float32))
        for name, known in self._peaks.items():
            self._peaks[name] = np.maximum(known, new)
        left, right = self._peaks[reader]
        self._peaks[reader] = np.zeros(2, np.float32)
        return float(left), float(right)

    def unanswered(self) -> int:
        """Return how many notes the separators' thread has still to answer."""
        return int(self.state["awaited"]) - int(self.state["sync"][8 * Sync.ANSWERED])

    def reset_measurements(self) -> None:
        """Forget what was timed so far, to leave out the warm-up."""
        for stage in Stage:
            self.state["histogram"][stage] = 0
            self.state["stage_max"][stage] = 0

    def close(self) -> None:
        """Free the synths and stop the thread; the driver must have stopped."""
        if self._worker:
            self._worker.close()
            self._worker = None
        self.state["synth"] = 0
        for synth in self.synths.values():
            synth.close()
        self.synths.clear()
