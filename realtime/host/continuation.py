"""The session's side of the continuation: a model in a process of its own, watched and started again.

Whatever becomes of that process, the player's own sound is not touched: what it planned is taken back, it is
started again, and told what was played.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from realtime.continuation.cast import cast_of
from realtime.continuation.messages import Failed, Model, Notes, Notice, Ready, ToWorker
from realtime.continuation.settings import Mode, Settings, Status, mode_named
from realtime.contract.continuation import chosen_sampling
from realtime.contract.kinds import CONTINUATION
from realtime.contract.library import find_plugin
from realtime.engine.codes import Counter
from realtime.ensembles.schema import Ensemble
from realtime.host.engine import Engine
from realtime.host.model_process import ModelProcess
from realtime.host.spare_process import SpareProcess
from realtime.host.turns import Turns
from realtime.music.mmt.sampling import Sampling

RESTARTS, RESTART_SECONDS = 8, 60.0
"""As many restarts in so short a time are too many."""
PREFERRED = "int8"
FOR_GPU = "float16"


def find_model(name: str, threads: int = 2) -> Model:
    """Return the model of a name, ``NAME`` or ``NAME:VARIANT``.

    Raises:
        ValueError: there is none, it is broken, of another kind, or has no such variant.
    """
    name, _, variant = name.partition(":")
    plugin = find_plugin(name)
    told = plugin.manifest.continuation
    if plugin.manifest.kind != CONTINUATION or told is None:
        raise ValueError(f"model {name} can't go on from music: it is a {plugin.manifest.kind}")
    if variant and variant not in told.variants:
        raise ValueError(f"model {name} has no variant {variant!r}: choose {', '.join(told.variants)}")
    variant = variant or (PREFERRED if PREFERRED in told.variants else next(iter(told.variants)))
    provider = "cuda" if told.variants[variant].cache == FOR_GPU else "cpu"
    chosen: dict[str, Any] = dict(chosen_sampling(plugin.manifest.metrics))
    return Model(plugin.folder, variant, threads, provider, Sampling(**chosen))


def settings_of(ensemble: Ensemble, given: Mapping[str, Any]) -> Settings:
    """Return the settings that a player gave, on top of those of the ensemble.

    Raises:
        ValueError: a value is wrong.
    """
    own = ensemble.continuation
    kept = {} if own is None else {name: getattr(own, name) for name in own.__struct_fields__}
    kept = {name: value for name, value in kept.items() if value is not None}
    return Settings().changed(**(kept | dict(given)))


class Continuation:
    """What ``session.continuation`` is, where a model goes on from what is played.

    Args:
        engine: loaded with its ensembles.
        model: name of the model, or ``NAME:VARIANT``.
        settings: what the player set.
        notice: told what happens, in sentences, from any thread.

    Raises:
        ValueError: the model is missing or broken, or knows none of the ensemble's instruments.
    """

    def __init__(self, engine: Engine, model: str, settings: Settings, notice: Callable[[str], None]) -> None:
        self.engine, self.name, self.notice = engine, model, notice
        self._model = find_model(model)
        cast_of(engine.slots[0].ensemble)
        self._lock = threading.RLock()
        self._turns = Turns(engine, settings, self._send)
        self._process: ModelProcess | None = None
        self._spare = SpareProcess(self._model.provider)
        self._thread = threading.Thread(target=self._run, name="continuation", daemon=True)
        self._closing = threading.Event()
        self._failed = False
        self._told: set[str] = set()
        self._restarts: list[float] = []
        self._lost_at: float | None = None
        """When the process was last heard that was lost, until the music is back."""
        self._restart_seconds = 0.0

    @property
    def settings(self) -> Settings:
        """What the player set."""
        return self._turns.settings

    @property
    def mode(self) -> Mode:
        """Who plays when."""
        return self.settings.mode

    @property
    def pid(self) -> int | None:
        """Id of the model's process; None while there is none."""
        process = self._process
        return process.pid if process else None

    def set_mode(self, mode: str) -> None:
        """Change who plays when; the model's turn ends.

        Raises:
            ValueError: there is no such mode.
        """
        self.set(mode=mode_named(mode))

    def set(self, **values: Any) -> None:
        """Change settings, such as ``temperature``, ``bars`` or ``silence_beats``.

        Raises:
            ValueError: there is no such setting, or a value is wrong.
        """
        with self._lock:
            self._turns.change_settings(self.settings.changed(**values), self._tick())

    def trigger(self) -> None:
        """Let the ensemble go on from what was played, now."""
        with self._lock:
            self._turns.act(self._turns.conductor.begin(self._tick()), self._frame())

    def take_back(self) -> None:
        """Drop what is planned, and end what sounds of it."""
        with self._lock:
            self._turns.act(self._turns.conductor.end(self._tick()), None)

    def toggle(self) -> None:
        """Trigger, or take back: as the mapped pedal does."""
        with self._lock:
            (self.take_back if self._turns.conductor.playing else self.trigger)()

    def next_mode(self) -> None:
        """Change to the next mode."""
        modes = list(Mode)
        self.set_mode(modes[(modes.index(self.mode) + 1) % len(modes)])

    def status(self) -> Status:
        """Return how it is doing; from any thread."""
        with self._lock:
            turns, measures = self._turns, self._turns.measures
            rate = turns.beat.rate
            playing = turns.conductor.playing
            lead = max(measures.horizon - self._tick(), 0.0) / rate * 1000 if playing and rate else 0.0
            process = self._process
            state = "off" if self._failed else "playing" if playing else "listening"
            return Status(
                state if self._failed or (process and process.ready) else "starting",
                str(self.mode),
                self.name,
                round(measures.isr, 6),
                round(measures.staleness, 6),
                round(min(lead, 1e6), 1),
                round(measures.notes_per_second, 1),
                round(measures.first_ms[-1], 3) if measures.first_ms else 0.0,
                round(measures.first_note(50), 3),
                round(measures.first_note(99), 3),
                measures.triggers,
                measures.notes,
                int(self.engine.state["counters"][Counter.PLAN_LATE]),
                len(self._restarts),
                round(self._restart_seconds * 1000, 1),
            )

    def start(self) -> None:
        """Load the model; it hears what is played from now on."""
        self._thread.start()

    def listen(self, log: np.ndarray) -> None:
        """Take log entries of the engine, in order."""
        with self._lock:
            self._turns.listen(log)

    def advance(self, frame: int) -> None:
        """Take that all the log up to ``frame`` was heard; call it often."""
        with self._lock:
            self._turns.advance(frame)
            process = self._process
        if process and process.hung and not self._closing.is_set():
            process.kill()

    def close(self) -> None:
        """End the model's turn and its process."""
        self.take_back()
        self._closing.set()
        process = self._process
        if process:
            process.close()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)
        self._spare.close()

    def _frame(self) -> int:
        return int(self.engine.state["frame"])

    def _tick(self) -> float:
        return self._turns.beat.tick_at(self._frame())

    def _send(self, message: ToWorker) -> None:
        if self._process:
            self._process.send(message)

    def _run(self) -> None:
        """Start the process, listen to it, and let the spare one take its place when it is lost."""
        while not self._closing.is_set():
            try:
                process = self._spare.take()
            except OSError as error:
                self._fail(f"the model's process can't be started: {error}")
                return
            with self._lock:
                process.begin(self._turns.setup(self._model))
                self._process = process
            self._listen_to(process)
            if self._closing.is_set() or self._failed or not self._again():
                return

    def _listen_to(self, process: ModelProcess) -> None:
        while (message := process.read()) is not None:
            with self._lock:
                if isinstance(message, Failed):
                    self._fail(message.reason)
                elif isinstance(message, Ready):
                    process.ready = True
                    self._resume()
                elif isinstance(message, Notice):
                    self._tell_once(message.sentence)
                else:
                    self._turns.receive(message)
                if process.ready and (isinstance(message, Notes) or not self._waits()):
                    self._back()
            if isinstance(message, Ready):
                self._spare.start()

    def _tell_once(self, sentence: str) -> None:
        """Tell what each process that is started says anew."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.notice(sentence)

    def _resume(self) -> None:
        """Take up the turn in which the process was lost."""
        conductor = self._turns.conductor
        if self._restarts and conductor.playing:
            tick = self._tick()
            self._turns.act([*conductor.end(tick), *conductor.begin(tick)], None)
            self._turns.measures.end()  # no one waits for this first note

    def _waits(self) -> bool:
        """Whether notes of the model are to come at once; beside the player it may have none to play."""
        return self._turns.conductor.playing and self.mode != Mode.ACCOMPANY

    def _back(self) -> None:
        """Take that the music is back, or would be."""
        if self._lost_at is not None:
            self._restart_seconds, self._lost_at = time.monotonic() - self._lost_at, None

    def _again(self) -> bool:
        """Take that the process was lost; return whether it is to be started again."""
        with self._lock:
            self._turns.lose()
            process, self._process = self._process, None
            if process and self._lost_at is None:
                self._lost_at = process.heard_at
            now = time.monotonic()
            self._restarts.append(now)
            often = sum(now - each < RESTART_SECONDS for each in self._restarts)
        if process:
            process.end()
        if often > RESTARTS:
            self._fail(f"the process of {self.name} ended {often} times within a minute")
            return False
        self.notice(f"the process of {self.name} ended: it is started again, playing goes on")
        return True

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._failed = True
            self._turns.lose()
            self._turns.act(self._turns.conductor.end(self._tick()), None)
        self.notice(f"no continuation: {reason}; playing goes on")
