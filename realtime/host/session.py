"""A session of playing: engine, driver, ports and recorder put together, watched, and summed up at the end.

``play`` shows a session on a terminal, the benchmark measures one; both make it from ``Options``.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import platformdirs

from realtime.drivers.base import Driver, DriverError
from realtime.engine.codes import Command
from realtime.ensembles.library import find_ensemble, list_ensembles
from realtime.ensembles.schema import Ensemble
from realtime.host.bundled import Bundled
from realtime.host.continuation import Continuation, settings_of
from realtime.host.driver_choice import open_driver
from realtime.host.ending import Steps, end_notes, sum_up
from realtime.host.engine import Engine
from realtime.host.hygiene import freeze_collector, lock_memory
from realtime.host.loader import PATIENCE_SECONDS, Loader
from realtime.host.options import FILE_INPUT, Options, tempo_of
from realtime.host.player import Player, performance_events
from realtime.host.ports import SessionPorts
from realtime.host.pump import Pump
from realtime.host.soundfont import find_soundfont
from realtime.host.steering import Steering
from realtime.host.taps import Taps
from realtime.host.writers import Writers, header_of
from realtime.music.smf import read_performance

WATCH_SECONDS = 0.5
RECONNECT_SECONDS = 1.0
TAKING_SECONDS = 0.1
"""How long what was asked for last may take to be taken where no device is left to take it."""
LEAD_SECONDS = 0.5
"""Silence before a performance from a file begins."""
TAIL_SECONDS = 2.5
"""What still rings after its last event."""


class Session(Steering):
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
        self.files: list[Path] = []
        self.continuation: Continuation | None = None
        self.watchers: list[Callable[[], None]] = []
        """Called twice a second, by whoever calls ``watch``."""
        self.closers: list[Callable[[], None]] = []
        """Called when the session closes, while all still plays."""
        self.presets: Any = None
        """``presets.desk`` puts them there, and the mappings."""
        self.mappings: Any = None
        self._writers = Writers(notice)
        self._watched_at = 0.0
        self._started = False
        self._lost = False
        self._told = ""
        ensemble = find_ensemble(options.ensemble)
        self.bpm, mode = tempo_of(options.tempo, ensemble.tempo)
        self._performance = None
        self.occupied: Callable[[], bool] = lambda: False
        """Whether someone plays by the page: the session then goes on after the bundled performance."""
        if options.midi_in and options.midi_in.startswith(FILE_INPUT):
            self._performance = read_performance(Path(options.midi_in[len(FILE_INPUT) :]).expanduser())
        soundfont = find_soundfont(options.soundfont)
        opened = open_driver(options, self._part_names(ensemble), notice)
        try:
            self.engine = Engine(opened.rate, soundfont)
            self.engine.state["mode"] = mode
            self.engine.set_tempo(self.bpm)
            self.engine.set_chord_window(options.chord_window)
            self.taps = Taps(self.engine.link)
            self._load(ensemble)
            self.loader = Loader(self.engine, notice)
            if options.continuation:
                settings = settings_of(ensemble, options.turns)
                self.continuation = Continuation(self.engine, options.continuation, settings, notice)
            self.driver: Driver = opened.make(self.engine.state)
        except BaseException:
            opened.abandon()
            raise
        self._opened = opened
        self._pump = Pump(self.engine, self._writers, self.continuation, notice)
        self.listeners, self.notes, self.hear = self._pump.listeners, self._pump.notes, self._pump.hear
        self.listeners.append(self.loader.listen)
        self._ports = SessionPorts(self.engine, options.midi_in, notice)

    def _part_names(self, ensemble: Ensemble) -> list[str]:
        if self.options.midi_out == "each":
            return [f"{place + 1} {part.name}" for place, part in enumerate(ensemble.parts)]
        return ["midi_out"]

    def _load(self, ensemble: Ensemble) -> None:
        """Load the ensemble that was asked for, and those that a program change can select."""
        engine = self.engine
        engine.load(ensemble, self.options.separator)
        for other in list_ensembles():
            if other.program is not None and other.name != ensemble.name:
                try:
                    engine.load(other, self.separator_for(other))
                except ValueError as error:
                    self.notice(str(error))
        for sentence in dict.fromkeys(engine.notices):
            self.notice(sentence)

    def start(self) -> None:
        """Begin to play.

        Raises:
            DriverError: the device refuses.
            OSError: a recording can't be made.
        """
        engine, options = self.engine, self.options
        if options.midi_out and self.driver.name != "jack":
            names = [f"concertino {name}" for name in self._part_names(engine.slots[0].ensemble)]
            self.listeners.append(self._ports.open_outputs(names))
        header = header_of(engine, self.driver)
        self._writers.open(self._opened.sound_file, options.record, header, engine.slots, options.bits)
        try:
            self._pump.capture()
            told = len(engine.notices)
            engine.start_worker(self._opened.worker_priority(self.driver))
            for sentence in engine.notices[told:]:
                self.notice(sentence)
            lock_memory()
            freeze_collector()
            self.driver.start()
        except BaseException:
            self._writers.discard()
            raise
        self._started = True
        if self.continuation:
            self.continuation.start()
        self._opened.connect(self.driver)
        self._pump.start()
        self._begin_performance()

    def _begin_performance(self) -> None:
        """Connect keyboards, or play the file that was asked for; with neither, the bundled performance."""
        engine, lead = self.engine, int(LEAD_SECONDS * self.engine.rate)
        if self._performance is not None:
            events = performance_events(self._performance, engine.rate)
            self.player = Player(engine.link, events, int(engine.state["frame"]) + lead)
            return
        self._ports.open_inputs(self.driver)
        if self.options.midi_in is None and not self.keyboards():
            self.notice("no MIDI keyboard was found: playing the bundled performance")
            start = int(engine.state["frame"]) + lead
            self.player = bundled = Bundled(engine.link, engine.rate, start, self.notice)
            self.listeners.append(bundled.listen)

    @property
    def recording(self) -> bool:
        """Whether a take is being recorded."""
        return self._writers.recording

    @property
    def take_folder(self) -> Path:
        """Where takes are kept."""
        return (self.options.record or platformdirs.user_music_path() / "Concertino").expanduser()

    def record(self, on: bool) -> None:
        """Begin a take, or end it.

        Raises:
            OSError: its files can't be made.
        """
        if not (on and self.recording):  # also one that a full disk has ended, before another begins
            self.files += self._pump.end_take()
        if on:
            self._pump.begin_take(self.take_folder, header_of(self.engine, self.driver), self.options.bits)

    @property
    def player(self) -> Player | None:
        """What plays a file, or None."""
        return self._pump.player

    @player.setter
    def player(self, player: Player | None) -> None:
        self._pump.player = player

    def device_ports(self) -> dict[str, int]:
        """Return the engine port of each device that can have knobs, by the name it is known by."""
        return self._ports.device_ports()

    def keyboards(self) -> list[str]:
        """Return the names of the connected MIDI inputs."""
        return self._ports.keyboards()

    def watch(self) -> bool:
        """Look after ports and the audio server; call it often. Return whether the session goes on."""
        if self.player and self.player.done:
            played = int(self.engine.state["frame"]) - self.player.end
            bundled = isinstance(self.player, Bundled) and (self.player.gave_way or self.occupied())
            goes_on = self.continuation is not None or bundled
            if played > TAIL_SECONDS * self.engine.rate and not goes_on:
                return False
        self._ports.release_lost()
        self.loader.tidy()
        if self._lost:  # what is played now is not heard later, and leaves room for what is asked for
            self.engine.link.forget_played()
        pause = RECONNECT_SECONDS if self._lost else WATCH_SECONDS
        if time.monotonic() - self._watched_at < pause:
            return True
        self._watched_at = time.monotonic()
        for watcher in tuple(self.watchers):
            watcher()
        if self._lost:
            self._reconnect()
        elif self.driver.alive():
            self._ports.scan()
        else:
            self._lose()
        return True

    def _lose(self) -> None:
        """Let go of a driver whose device or server has gone."""
        self._lost = True
        self._told = ""
        self.notice(f"the audio server or device ({self.driver.name}) went away: waiting for it")
        self.driver.close()
        if self._opened.on_jack:  # PortAudio and rtmidi come back as a JACK client, which has MIDI of its own
            self.listeners[:] = [each for each in self.listeners if each is not self._ports.sender]
            self._ports.close_all()
        self._ports.driver_lost()
        self.engine.link.command(Command.PANIC)  # the first thing that the next driver plays

    def _reconnect(self) -> None:
        """Try once to play on, on the same kind of driver: a stage set-up must not move by itself."""
        try:
            opened = open_driver(
                replace(self.options, audio=self._opened.again),
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
            if str(error) != self._told:
                self._told = str(error)
                self.notice(self._told)
            return
        self._lost = False
        self.driver, self._opened = driver, opened
        opened.connect(driver)
        self.engine.link.command(Command.ANNOUNCE)
        if self._performance is None:
            self._ports.open_inputs(driver)
        self.notice(f"{driver.name} is back")

    def close(self) -> dict[str, Any]:
        """End the session and return its summary; what fails is told, and the rest ends all the same."""
        sounding = int(self.engine.state["note_count"])
        told = {"continuation": asdict(self.continuation.status())} if self.continuation else {}
        playing = self._started and not self._lost
        steps = Steps(self.notice)
        steps.take(lambda: self.loader.settle(PATIENCE_SECONDS if playing else TAKING_SECONDS), ValueError)
        for closer in self.closers:
            steps.take(closer)
        if self.continuation:
            steps.take(self.continuation.close)
        if self.mappings:
            steps.take(self.mappings.close)
        steps.take(self.loader.close)
        if playing:
            steps.take(lambda: end_notes(self.engine))
        stopped = self._lost or steps.take(self.driver.close)
        steps.take(self._pump.close)
        steps.take(lambda: self.files.extend(self._writers.close()))
        steps.take(self._ports.close_all)
        summary = self.summary() | told | {"sounding": sounding}
        if stopped:  # else the audio thread may still play from its memory
            steps.take(self.engine.close)
        return summary

    def summary(self) -> dict[str, Any]:
        """Return notes per part, latency in microseconds, xruns, counters and files written."""
        files = [str(path) for path in self.files]
        return sum_up(self.engine, self.driver, self._pump) | {"files": files}
