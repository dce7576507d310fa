"""The engine with everything that it needs: memory, synth, ensembles, separators and their thread.

A driver is given an ``Engine`` and calls its process core; the same engine plays live, renders and is tested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.contract.error import PluginError
from realtime.contract.library import find_plugin
from realtime.contract.manifest import Manifest
from realtime.engine import core
from realtime.engine.controllers import defaults, policies, resets
from realtime.engine.histogram import summary
from realtime.engine.state import BY_CHANNEL, BY_RULE, PARTS, SLOTS, Counter, Stage, new_state
from realtime.ensembles.schema import Ensemble
from realtime.host.link import Link
from realtime.host.separators import SeparatorBank, WholePieceError
from realtime.host.synth import Synth
from realtime.host.system_clock import attach_clock
from realtime.host.worker import Worker

CHANNEL = "channel"
"""In place of a separator's name: each MIDI channel plays the part of its number."""
CC_VOLUME = 7
LOWEST_START, HIGHEST_START = 40, 80
"""From a bass part's middle to a soprano's (MIDI keys)."""


@dataclass(frozen=True)
class Slot:
    """An ensemble that is loaded, and the separator that serves it (None: the rule)."""

    index: int
    ensemble: Ensemble
    separator: str | None


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
        self.slots: list[Slot] = []
        self._peaks: dict[str, np.ndarray] = {}
        self._notices: list[str] = []
        self._ruled: dict[str, list[str]] = {}
        self._bank = SeparatorBank(self.state)
        self._loaded: dict[tuple, int] = {}
        self._worker: Worker | None = None
        state = self.state
        state["address"], state["process"] = self.address, core.address
        attach_clock(state)
        state["cc_policy"], state["cc_reset"] = policies(), resets()
        state["cc_default"] = state["source_cc"][:] = state["channel_cc"][:] = defaults()
        self.set_tempo(120.0)
        self.synth: Synth | None = None
        if soundfont is not None:
            self.synth = Synth(soundfont, rate)
            self.synth.attach(state)

    @property
    def rate(self) -> float:
        """Frames a second."""
        return float(self.state["rate"])

    @property
    def notices(self) -> list[str]:
        """What a player should know about what was loaded, in sentences."""
        ruled = [
            f"{why}; the closest-pitch rule plays {', '.join(names)}" for why, names in self._ruled.items()
        ]
        return ruled + self._notices

    def set_tempo(self, bpm: float) -> None:
        """Set the fixed tempo, in quarter notes per minute, before the sound starts."""
        self.state["bpm"] = bpm
        self.state["ticks_per_frame"] = bpm * self.state["resolution"] / (60.0 * self.rate)

    def load(self, ensemble: Ensemble, separator: str | None = None) -> Slot:
        """Load an ensemble into the next slot, before the sound starts.

        A separator that is broken is told in ``notices``, and the rule serves the ensemble.

        Args:
            ensemble: what to load.
            separator: played instead of the ensemble's own, as ``NAME`` or ``NAME:value,value...``;
                ``channel``: no separator, each MIDI channel plays the part of its number.

        Raises:
            ValueError: all slots are taken, the separator takes whole pieces only, a part's label is unknown
                to it, or ``separator`` is not the name of one, or its values are wrong.
        """
        index = len(self.slots)
        if index == SLOTS:
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
            self._ruled.setdefault(str(error), []).append(ensemble.name)
            place, manifest, name = BY_RULE, None, None
        other = bool(separator) and name != ensemble.separator
        self._fill_slot(index, ensemble, place, label_parts(ensemble, manifest, other))
        if self.synth:
            self._notices += self.synth.prepare(index, ensemble)
        slot = Slot(index, ensemble, name)
        self.slots.append(slot)
        return slot

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
        key = (name, len(ensemble.parts), tuple(sorted((k, tuple(v)) for k, v in parameters.items())))
        if key not in self._loaded:
            self._loaded[key] = self._bank.load(plugin, len(ensemble.parts), parameters).index
        return self._loaded[key], plugin.manifest

    def _fill_slot(self, index: int, ensemble: Ensemble, separator: int, labels: Sequence[int]) -> None:
        state = self.state
        state["slot_parts"][index] = len(ensemble.parts)
        state["slot_separator"][index] = separator
        state["slot_restart"][index] = int(ensemble.restart_after * self.rate)
        state["slot_labels"][index] = len(labels)
        state["slot_label_part"][index, : len(labels)] = labels
        if ensemble.program is not None:
            state["program_slot"][ensemble.program] = index
        for place, part in enumerate(ensemble.parts):
            channel = index * PARTS + place
            state["part_lowest"][channel], state["part_highest"][channel] = part.lowest, part.highest
            state["part_plays"][channel] = part.plays
            state["part_start"][channel] = start_pitch(place, len(ensemble.parts))
            state["part_transpose"][channel] = part.transpose
            state["part_mono"][channel] = part.voices == "mono"
            state["part_volume"][channel] = state["channel_cc"][channel, CC_VOLUME] = part.volume
            state["part_program"][channel], state["part_bank"][channel] = part.program, part.bank
            state["part_pan"][channel] = part.pan
            state["part_midi_channel"][channel] = part.channel - 1

    def start_worker(self, priority: int = 0) -> None:
        """Give the separators a thread of their own: for drivers that play in real time.

        Args:
            priority: its SCHED_FIFO priority, at most the audio thread's; 0: none.
        """
        if self._bank.loaded and self._worker is None:
            try:
                self._worker = Worker(self.state, self.address, priority)
            except OSError as error:
                self._notices.append(str(error))

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

    def reset_measurements(self) -> None:
        """Forget what was timed so far, to leave out the warm-up."""
        for stage in Stage:
            self.state["histogram"][stage] = 0
            self.state["stage_max"][stage] = 0

    def close(self) -> None:
        """Free the synth and stop the thread; the driver must have stopped."""
        if self._worker:
            self._worker.close()
            self._worker = None
        if self.synth:
            self.state["synth"] = 0
            self.synth.close()
            self.synth = None


def start_pitch(place: int, parts: int) -> int:
    """Return where a part stands for the rule before its first note: spread over the keyboard, high to low.

    Ensembles list their parts from high to low, as scores do; ranges overlap too much to tell them apart.
    """
    return round(HIGHEST_START - (place + 0.5) / parts * (HIGHEST_START - LOWEST_START))


def label_parts(ensemble: Ensemble, manifest: Manifest | None, other: bool = False) -> list[int]:
    """Return, for each label of a separator, the part of the ensemble that plays it (-1: none).

    ``other`` says that it is not the separator that the ensemble's labels were written for: then labels that
    it does not know give way to the order of the parts.

    Raises:
        ValueError: a part asks for a label that the separator does not have, or that another part has.
    """
    if manifest is None or not manifest.parts:
        return list(range(len(ensemble.parts)))
    known = {name.lower(): place for place, name in enumerate(manifest.parts)}
    labels = [-1] * len(manifest.parts)
    in_order = other and any(part.label.lower() not in known for part in ensemble.parts if part.label)
    for place, part in enumerate(ensemble.parts):
        label = place if in_order or not part.label else known.get(part.label.lower())
        if label is None:
            raise ValueError(
                f"ensemble {ensemble.name}: parts[{place}].label {part.label!r} is not one of "
                f"{', '.join(manifest.parts)}, the parts of separator {manifest.name}"
            )
        if label >= len(labels):
            continue
        if labels[label] >= 0:
            raise ValueError(
                f"ensemble {ensemble.name}: parts[{labels[label]}] and parts[{place}] both stand for "
                f"{manifest.parts[label]} of separator {manifest.name}: give each a label of its own"
            )
        labels[label] = place
    return labels


def spelled_parameter(manifest: Manifest, values: str, parts: int) -> dict[str, Sequence[float]]:
    """Return the parameter that ``NAME:values`` sets: the separator's only one.

    What is left out keeps its default, and the default's last value ends the list: ``split:60`` is 60 and
    then 0, the lowest key of the second part.

    Raises:
        ValueError: it has none, or the values are not numbers.
    """
    tensors = [i for i in manifest.inputs if i.source == "parameter"]
    if len(tensors) != 1:
        raise ValueError(f"separator {manifest.name} takes no value after a colon")
    try:
        given = [float(v) for v in values.split(",")]
    except ValueError:
        raise ValueError(f"{manifest.name}:{values}: give numbers with commas, such as split:60") from None
    default = tensors[0].default
    rest = default[len(given) :] or default[-1:]
    return {tensors[0].name: [*given, *rest][: max(parts, len(given))]}
