"""The thread that moves what happened from the rings to whoever wants it: log entries, sound, takes."""

import threading
from collections import Counter as Tally
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from realtime.engine.codes import LOG_CHANNEL, LOG_KIND, PARTS, Command, Log
from realtime.host.continuation import Continuation
from realtime.host.engine import Engine
from realtime.host.player import Player
from realtime.host.writers import Writers

PUMP_SECONDS = 0.005

Listener = Callable[[np.ndarray], None]
Hearer = Callable[[int, np.ndarray], None]
"""Takes the engine's frame and the sound from there on: float32, shape (frames, 2)."""


class Pump:
    """The one reader of an engine's rings.

    Args:
        engine: whose rings they are.
        writers: the first to be given log and sound.
        continuation: told what is played before all others, or None.
        notice: told of defects of those who listen.
    """

    def __init__(
        self,
        engine: Engine,
        writers: Writers,
        continuation: Continuation | None,
        notice: Callable[[str], None],
    ) -> None:
        self.engine, self.writers, self.continuation, self.notice = engine, writers, continuation, notice
        self.listeners: list[Listener] = []
        """Given all log entries, on this thread."""
        self.notes: Tally[str] = Tally()
        """Notes decided so far, by the part's name."""
        self.player: Player | None = None
        """Fed from a file, or None."""
        self._hearers: list[Hearer] = []
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
        self._defect = ""

    def start(self) -> None:
        """Begin to pass on."""
        self._thread.start()

    def close(self) -> None:
        """Pass on what is left, and end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)
        self._pass_on_all()

    def hear(self, hearer: Hearer) -> Callable[[], None]:
        """Have ``hearer`` given all sound from now on; return what ends this."""
        self._hearers.append(hearer)
        self.capture()

        def end() -> None:
            if hearer in self._hearers:
                self._hearers.remove(hearer)
                self.capture()

        return end

    def capture(self) -> None:
        """Have the audio thread hand over its sound, if anyone wants it."""
        self.engine.state["capturing"] = self.writers.wanted or bool(self._hearers)

    def begin_take(self, folder: Path, header: dict[str, Any], bits: str) -> None:
        """Record from now on, unless there is a take that is still to be ended.

        Args:
            folder: where takes are kept.
            header: what is played with; see ``event_log``.
            bits: ``24`` or ``float``, for WAV files.

        Raises:
            OSError: its files can't be made.
        """
        with self._busy:
            if self.writers.taking:
                return
            self.engine.state["capturing"] = 1
            self._pass_on()
            start = self.engine.link.sound_frame()
            try:
                self.writers.begin_take(folder, header, self.engine.slots, bits, start)
            finally:
                self.capture()
            self.engine.link.command(Command.ANNOUNCE)  # the take says by itself which programs play

    def end_take(self) -> list[Path]:
        """End the take; return its files."""
        with self._busy:
            ended = self.writers.end_take()
            self.capture()
        return ended.close() if ended else []

    def _run(self) -> None:
        while not self._stop.is_set():
            self.engine.place_worker()
            self._pass_on_all()
            if self.continuation:
                self.engine.link.wait_for_input(PUMP_SECONDS)
            else:
                self._stop.wait(PUMP_SECONDS)

    def _pass_on_all(self) -> None:
        with self._busy:
            self._pass_on()

    def _pass_on(self) -> None:
        if self.player:
            self.player.feed()
        begun = int(self.engine.state["frame"])  # what the log says later is not before it
        log = self.engine.link.read_log()
        if self.continuation:
            self._tell(self.continuation.listen, log)
            self._tell(self.continuation.advance, begun)
        if len(log):
            self._count(log)
            for listener in tuple(self.listeners):
                self._tell(listener, log)
            self._tell(self.writers.add_log, log)
        while True:
            frame, sound = self.engine.link.sound_frame(), self.engine.link.read_sound()
            if not len(sound):
                return
            self._tell(self.writers.add_sound, sound)
            for hearer in tuple(self._hearers):
                self._tell(hearer, frame, sound)

    def _count(self, log: np.ndarray) -> None:
        for channel in log[log[:, LOG_KIND] == Log.DECISION, LOG_CHANNEL].tolist():
            ensemble = self.engine.slots[channel // PARTS].ensemble
            self.notes[ensemble.parts[channel % PARTS].name] += 1

    def _tell(self, listener: Callable[..., None], *what: Any) -> None:
        try:
            listener(*what)
        except Exception as error:  # whatever a listener does wrong, the next one and the music go on
            if str(error) != self._defect:
                self._defect = str(error)
                self.notice(f"a defect in {listener}: {error!r}; playing goes on")
