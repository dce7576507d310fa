"""A session of playing: engine, driver, ports and recorder put together, watched, and summed up at the end.

``play`` shows a session on a terminal, the benchmark measures one; both make it from ``Options``.
"""

import threading
import time
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.drivers.base import Driver, DriverError
from realtime.engine.state import LOG_CHANNEL, LOG_KIND, PARTS, Command, Log, Mode, Sync
from realtime.ensembles.library import find_ensemble, list_ensembles
from realtime.ensembles.schema import Ensemble
from realtime.host.driver_choice import open_driver
from realtime.host.engine import Engine
from realtime.host.hygiene import freeze_collector, lock_memory
from realtime.host.jack_ports import JackInputs
from realtime.host.midi_ports import VIRTUAL, MidiInputs, MidiOutputs
from realtime.host.midi_sender import MidiSender
from realtime.host.player import Player, performance_events
from realtime.host.recorder import Recorder
from realtime.host.sound_file import SoundFile
from realtime.host.soundfont import find_soundfont
from realtime.music.smf import read_performance

PUMP_SECONDS = 0.005
WATCH_SECONDS = 0.5
RECONNECT_SECONDS = 1.0
LEAD_SECONDS = 0.5
"""Silence before a performance from a file begins."""
TAIL_SECONDS = 2.5
"""What still rings after its last event."""
FILE_INPUT = "file:"
DEMO = Path(__file__).parent.parent / "demo" / "keyboard.mid"

MODES = {"clock": Mode.CLOCK, "jack": Mode.TRANSPORT, "tap": Mode.FIXED}

Listener = Callable[[np.ndarray], None]


@dataclass(frozen=True)
class Options:
    """What a player can choose; see ``concertino play --help``."""

    ensemble: str = "bach-chorale"
    audio: str | None = None
    """``jack``, ``portaudio``, ``portaudio:DEVICE``, ``file:PATH`` or ``null``; None: the best there is."""
    midi_in: str | None = None
    """Port name or part of it, ``virtual``, or ``file:PATH``; None: every keyboard, else the demo."""
    midi_out: str | None = None
    """``one`` (a channel each part) or ``each`` (a port each part); None: ``one`` on JACK, else none."""
    period: int = 128
    rate: int = 48000
    soundfont: Path | None = None
    tempo: str | None = None
    """BPM, ``clock``, ``jack`` or ``tap``; None: the ensemble's."""
    record: Path | None = None
    separator: str | None = None


class Session:
    """One session; ``start``, then ``watch`` until it is over, then ``close`` for the summary.

    Args:
        options: what to play, on what.
        notice: told what happens, in sentences, from any thread.

    Raises:
        ValueError: a wrong option, ensemble, SoundFont or MIDI file.
        DriverError: the chosen device can't be opened.
    """

    def __init__(self, options: Options, notice: Callable[[str], None]) -> None:
        self.options, self.notice = options, notice
        self.listeners: list[Listener] = []
        self.notes: Tally[str] = Tally()
        self.files: list[Path] = []
        self.player: Player | None = None
        self._sounds: list[Callable[[np.ndarray], None]] = []
        self._recorder: Recorder | None = None
        self._sound_file: SoundFile | None = None
        self._sender: MidiSender | None = None
        self._jack_inputs: JackInputs | None = None
        self._midi_inputs: MidiInputs | None = None
        self._stop = threading.Event()
        self._pump_thread = threading.Thread(target=self._pump, name="pump", daemon=True)
        self._watched_at = 0.0
        ensemble = find_ensemble(options.ensemble)
        self._performance = None
        if options.midi_in and options.midi_in.startswith(FILE_INPUT):
            self._performance = read_performance(Path(options.midi_in[len(FILE_INPUT) :]).expanduser())
        soundfont = find_soundfont(options.soundfont)
        opened = open_driver(options, self._part_names(ensemble), notice)
        try:
            self.engine = Engine(opened.rate, soundfont)
            self._load(ensemble)
            self.driver: Driver = opened.make(self.engine.state)
        except BaseException:
            opened.abandon()
            raise
        self._opened = opened

    def _part_names(self, ensemble: Ensemble) -> list[str]:
        if self.options.midi_out == "each":
            return [f"{place + 1} {part.name}" for place, part in enumerate(ensemble.parts)]
        return ["midi_out"]

    def _load(self, ensemble: Ensemble) -> None:
        """Load the ensemble that was asked for, and those that a program change can select."""
        engine, separator = self.engine, self.options.separator
        engine.load(ensemble, separator)
        for other in list_ensembles():
            if other.program is not None and other.name != ensemble.name:
                try:
                    engine.load(other, separator)
                except ValueError as error:
                    self.notice(str(error))
        for sentence in dict.fromkeys(engine.notices):
            self.notice(sentence)
        self._set_tempo(self.options.tempo, ensemble)

    def _set_tempo(self, tempo: str | None, ensemble: Ensemble) -> None:
        bpm = ensemble.tempo
        if tempo in MODES:
            self.engine.state["mode"] = MODES[tempo]
        elif tempo is not None:
            try:
                bpm = float(tempo)
            except ValueError:
                raise ValueError(f"--tempo {tempo!r}: give a number (BPM), clock, jack or tap") from None
            if not 10 <= bpm <= 480:
                raise ValueError(f"--tempo {tempo}: from 10 to 480 BPM")
        self.bpm = bpm
        self.engine.set_tempo(bpm)

    def start(self) -> None:
        """Begin to play.

        Raises:
            DriverError: the device refuses.
            OSError: a recording can't be made.
        """
        engine, options = self.engine, self.options
        self._start_outputs()
        engine.start_worker(self._opened.worker_priority(self.driver))
        lock_memory()
        freeze_collector()
        self.driver.start()
        self._opened.connect(self.driver)
        self._pump_thread.start()
        self._start_inputs()
        performance = self._performance
        if performance is None and options.midi_in is None and not self.keyboards():
            self.notice("no MIDI keyboard was found: playing the bundled performance")
            performance = read_performance(DEMO)
        if performance is not None:
            events = performance_events(performance, engine.rate)
            start = int(engine.state["frame"]) + int(LEAD_SECONDS * engine.rate)
            self.player = Player(engine.link, events, start)

    def _start_outputs(self) -> None:
        engine, options = self.engine, self.options
        state = engine.state
        if self._opened.sound_file is not None:
            self._sound_file = SoundFile(self._opened.sound_file, engine.rate)
            self._sounds.append(self._write_sound)
        if options.record is not None:
            folder = options.record.expanduser() / time.strftime("take-%Y%m%d-%H%M%S")
            self._recorder = Recorder(folder, engine.rate, engine.slots, self.bpm, self.notice)
            self._sounds.append(self._recorder.add_sound)
            self.listeners.append(self._recorder.add_log)
        if options.midi_out and self.driver.name != "jack":
            names = self._part_names(engine.slots[0].ensemble)
            ports = MidiOutputs([f"concertino {n}" for n in names], jack=self.driver.name == "portaudio")
            self._sender = MidiSender(ports, state)
            self.listeners.append(self._sender)
        state["capturing"] = bool(self._sounds)

    def _start_inputs(self) -> None:
        wanted = self.options.midi_in
        if wanted and wanted.startswith(FILE_INPUT):
            return
        self._make_jack_inputs()
        if wanted == VIRTUAL and self._jack_inputs:
            return
        self._midi_inputs = MidiInputs(
            self.engine.link, wanted, self.notice, jack=self.driver.name == "portaudio"
        )
        self._midi_inputs.start()
        if not self.keyboards() and wanted not in (None, VIRTUAL):
            self.notice(f"no MIDI port is called {wanted!r} yet: it will be connected when it appears")

    def _make_jack_inputs(self) -> None:
        from realtime.drivers.jack import JackDriver

        if isinstance(self.driver, JackDriver):
            self._jack_inputs = JackInputs(self.driver, self.engine.link, self.options.midi_in, self.notice)
            self._jack_inputs.scan()

    def keyboards(self) -> list[str]:
        """Return the names of the connected MIDI inputs."""
        inputs = (self._jack_inputs, self._midi_inputs)
        return [name for ports in inputs if ports for name in ports.connected]

    def _pump(self) -> None:
        """Move what happened from the rings to whoever wants it."""
        while not self._stop.is_set():
            self._pump_once()
            self._stop.wait(PUMP_SECONDS)

    def _pump_once(self) -> None:
        if self.player:
            self.player.feed()
        log = self.engine.link.read_log()
        if len(log):
            for row in log[log[:, LOG_KIND] == Log.DECISION]:
                channel = int(row[LOG_CHANNEL])
                self.notes[self.engine.slots[channel // PARTS].ensemble.parts[channel % PARTS].name] += 1
            for listener in self.listeners:
                listener(log)
        while len(sound := self.engine.link.read_sound()):
            for write in self._sounds:
                write(sound)

    def _write_sound(self, sound: np.ndarray) -> None:
        try:
            if self._sound_file:
                self._sound_file.write(sound)
        except OSError as error:
            self.notice(f"{error}; the file ends here, playing goes on")
            self._sounds.remove(self._write_sound)

    def watch(self) -> bool:
        """Look after ports and the audio server; call it often. Return whether the session goes on."""
        if self.player and self.player.done:
            played = int(self.engine.state["frame"]) - self.player.end
            if played > TAIL_SECONDS * self.engine.rate:
                return False
        if time.monotonic() - self._watched_at < WATCH_SECONDS:
            return True
        self._watched_at = time.monotonic()
        if not self.driver.alive():
            self._reconnect()
        elif self._jack_inputs:
            self._jack_inputs.scan()
        return True

    def _reconnect(self) -> None:
        self.notice(f"the audio server or device ({self.driver.name}) went away: waiting for it")
        self.driver.close()
        self._jack_inputs = None
        self.engine.link.command(Command.PANIC)  # the first thing that the next driver plays
        told = ""
        while not self._stop.is_set():
            try:
                # The same kind again: a stage set-up must not move to another output by itself.
                opened = open_driver(
                    replace(self.options, audio=self._opened.kind),
                    self._part_names(self.engine.slots[0].ensemble),
                    lambda text: None,
                )
                try:
                    driver = opened.make(self.engine.state)
                    driver.start()
                except BaseException:
                    opened.abandon()
                    raise
            except DriverError as error:
                if str(error) != told:
                    told = str(error)
                    self.notice(told)
                self._stop.wait(RECONNECT_SECONDS)
                continue
            self.driver, self._opened = driver, opened
            opened.connect(driver)
            self.engine.link.command(Command.ANNOUNCE)
            if not (self.options.midi_in or "").startswith(FILE_INPUT):
                self._make_jack_inputs()
            self.notice(f"{driver.name} is back")
            return

    def select(self, slot: int) -> None:
        """Switch to a loaded ensemble."""
        self.engine.link.command(Command.SELECT, slot)

    def panic(self) -> None:
        """Silence everything and play on."""
        self.engine.link.command(Command.PANIC)

    def close(self) -> dict[str, Any]:
        """End the session and return its summary."""
        self._stop.set()
        if self._midi_inputs:
            self._midi_inputs.close()
        self.driver.close()
        if self._pump_thread.ident is not None:
            self._pump_thread.join(timeout=5)
        self._pump_once()
        if self._recorder:
            self.files += self._recorder.close()
        if self._sound_file:
            try:
                self._sound_file.close()
            except OSError as error:
                self.notice(str(error))
            self.files.append(self._sound_file.path)
        if self._sender:
            self._sender.close()
        summary = self.summary()
        self.engine.close()
        return summary

    def summary(self) -> dict[str, Any]:
        """Return notes per part, latency in microseconds, xruns, counters and files written."""
        counters = self.engine.counters()
        parts = self.engine.slots[int(self.engine.state["slot"])].ensemble.parts
        return {
            "ensemble": self.options.ensemble,
            "separator": self.engine.slots[0].separator or "rule",
            "driver": self.driver.name,
            "rate": self.engine.rate,
            "period": self.driver.period,
            "compiled": self.driver.compiled,
            "notes": {part.name: self.notes[part.name] for part in parts} | dict(self.notes),
            "latency_us": self.engine.latency(),
            "xruns": counters["xruns"],
            "counters": counters,
            "sounding": int(self.engine.state["note_count"]),
            "files": [str(path) for path in self.files],
            "server_gone": bool(self.engine.state["sync"][8 * Sync.SERVER_GONE]),
        }
