"""Whose turn it is, from what the engine logs; and what of the model's plan reaches the engine.

The live host and the offline one are this, around a worker that is elsewhere or here.
"""

from collections.abc import Callable, Iterable

import numpy as np

from realtime.continuation.cast import Cast, player_of
from realtime.continuation.conductor import Action, Begin, Conductor
from realtime.continuation.messages import (
    ChangeCast,
    ChangeSettings,
    Key,
    Model,
    Notes,
    Now,
    Report,
    Setup,
    Speculation,
    ToHost,
    ToWorker,
    TurnBegins,
    TurnEnds,
)
from realtime.continuation.score import Told
from realtime.continuation.settings import SETTLED, Mode, Settings
from realtime.engine.codes import (
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PARTS,
    PLAN_PORT,
    Log,
)
from realtime.host.beat import Beat
from realtime.host.delivery import Delivery
from realtime.host.engine import Engine
from realtime.host.lead import Lead
from realtime.host.measures import Measures
from realtime.music.mmt.instruments import INSTRUMENT_OF

NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
KEPT = 512
"""Notes that are remembered at least, if there were so many."""
TOLD = 128
"""Of them, what a worker that has to be started again is told: the music waits until it has read them."""


class Turns:
    """Listens to an engine's log, tells a worker, and plays what it plans.

    Args:
        engine: loaded with its ensembles.
        settings: what the player set.
        send: takes messages for the worker.
        beat: None: the engine's.
    """

    def __init__(
        self, engine: Engine, settings: Settings, send: Callable[[ToWorker], None], beat: Beat | None = None
    ) -> None:
        self.engine, self.settings = engine, settings
        self.beat = beat or Beat(engine.state)
        self.conductor = Conductor(settings, self.beat.ruled)
        self.delivery = Delivery(engine.link, self.beat, engine.rate)
        self.measures = Measures(engine.rate)
        self.lead = Lead(engine)
        self.generation = 0
        self.memory: list[Told] = []
        """What was played, as the worker last told it; ``forgotten`` notes came before."""
        self.forgotten, self.shift = 0, 0.0
        self._send = send
        self._told = 0
        self._speculation: Speculation | None = None
        self._decided: dict[tuple[int, int], int] = {}
        self._playing: dict[tuple[int, int], int] = {}
        self._whole = -1
        self._resting: frozenset[int] = frozenset()
        self.cast, self.switched_off = self._cast()

    def rest(self, parts: Iterable[int]) -> None:
        """Keep parts from the model, before it is set up."""
        self._resting = frozenset(parts)
        self.cast, self.switched_off = self._cast()

    def _cast(self) -> tuple[Cast, tuple[int, ...]]:
        """Return the parts as they are now, and those that are switched off."""
        state = self.engine.state
        slot = int(state["slot"])
        channels = range(slot * PARTS, slot * PARTS + int(state["slot_parts"][slot]))
        cast = tuple(
            player_of(
                int(INSTRUMENT_OF[state["part_program"][channel]]),
                int(state["part_lowest"][channel]),
                int(state["part_highest"][channel]),
                int(state["part_transpose"][channel]),
            )
            for channel in channels
        )
        off = (
            part
            for part, channel in enumerate(channels)
            if part in self._resting or not state["part_plays"][channel]
        )
        return cast, tuple(off)

    def send(self, message: ToWorker) -> None:
        """Tell the worker."""
        self._told += not isinstance(message, Now)
        self._send(message)

    def listen(self, log: np.ndarray) -> None:
        """Take what the engine did: its log entries, in order."""
        for row in log.tolist():
            kind = row[LOG_KIND]
            if kind == Log.DECISION:
                self._decided[row[LOG_SOURCE], row[LOG_DATA1]] = row[LOG_CHANNEL] % PARTS
            elif kind == Log.INPUT and row[LOG_SOURCE] == PLAN_PORT:
                if row[LOG_STATUS] & 0xF0 == NOTE_ON:
                    self.measures.sounded(row[LOG_FRAME])
            elif kind == Log.INPUT:
                self._input(row)
            elif kind == Log.ENSEMBLE:
                self.change_ensemble(self.beat.tick_at(row[LOG_FRAME]))
            elif kind == Log.PANIC:
                self._panic(self.beat.tick_at(row[LOG_FRAME]))

    def _input(self, row: list[int]) -> None:
        frame, status, data1, data2 = (row[c] for c in (LOG_FRAME, LOG_STATUS, LOG_DATA1, LOG_DATA2))
        kind, source = status & 0xF0, row[LOG_SOURCE] * 16 + (status & 0x0F)
        if kind not in (NOTE_ON, NOTE_OFF, CONTROL):
            return
        tick = self.beat.tick_at(frame)
        self.act(self.conductor.time(tick), frame)
        if kind == CONTROL:
            self.act(self.conductor.control(tick, source, data1, data2), frame)
            return
        down, key = kind == NOTE_ON and data2 > 0, (source, data1)
        self.act(self.conductor.key(tick, source, data1, down), frame)
        if key in self._playing:
            self.send(Key(tick, self._playing.pop(key), data1, 0))
        if down and key in self._decided:
            self._playing[key] = self._decided.pop(key)
            self.lead.hear(tick, self._playing[key])
            self.send(Key(tick, self._playing[key], data1, data2))
        if self._accompanies:
            self.measures.retract(tick + SETTLED)

    @property
    def _accompanies(self) -> bool:
        """Whether what the player does changes what is planned: all but the next moment is drawn anew."""
        return self.settings.mode == Mode.ACCOMPANY and self.conductor.playing

    def _panic(self, tick: float) -> None:
        self.act(self.conductor.end(tick), None)
        self.conductor.let_go(tick)
        for (_, key), part in self._playing.items():
            self.send(Key(tick, part, key, 0))
        self._playing.clear()

    def _let_go(self, tick: float) -> None:
        """Let go of keys that the engine let go of by itself: their keyboard vanished."""
        gone = {key for key in self.conductor.down if self.engine.state["held"][key] < 0}
        self.conductor.let_go(tick, gone)
        for key in gone & self._playing.keys():
            self.send(Key(tick, self._playing.pop(key), key[1], 0))

    def change_ensemble(self, tick: float) -> None:
        """Take that another ensemble plays, or that parts were switched."""
        self.act(self.conductor.end(tick), None)
        self._playing.clear()
        self._decided.clear()
        self.lead.forget()
        self.cast, self.switched_off = self._cast()
        self.send(ChangeCast(self.cast, self.switched_off))

    def change_settings(self, settings: Settings, tick: float) -> None:
        """Play otherwise from now on; a change of mode ends the model's turn."""
        if settings.mode != self.settings.mode:
            self.act(self.conductor.end(tick), None)
        self.settings = self.conductor.settings = settings
        self.send(ChangeSettings(settings))

    def advance(self, frame: int) -> None:
        """Take that all the log up to ``frame`` was heard; give the engine what is due soon."""
        tick, rate = self.beat.tick_at(frame), self.beat.rate
        self.act(self.conductor.roll(tick, rate > 0.0), None)
        self.act(self.conductor.time(tick), None)
        if self.conductor.playing:
            self.measures.due(tick)
        if int(tick) != self._whole:
            self._whole = int(tick)
            self.send(Now(tick, rate))
            self._let_go(tick)
            if not self.conductor.playing and self._cast() != (self.cast, self.switched_off):
                self.change_ensemble(tick)
        self.delivery.give()

    def lose(self) -> None:
        """Take that the worker is lost: what it planned ends now, and its turn waits for another one."""
        self.generation += 1
        self.engine.link.take_back(self.generation)
        self.delivery.clear()
        self.measures.retract(self.measures.tick)

    def setup(self, model: Model) -> Setup:
        """Return the first message to a new worker: all that it has to know."""
        self._told, self._speculation = 0, None
        self._whole = -1
        return Setup(
            model,
            self.settings,
            self.cast,
            self.switched_off,
            self.conductor.ruled,
            self.generation,
            tuple(self.memory[-TOLD:]),
            self.shift,
        )

    def act(self, actions: list[Action], frame: int | None) -> None:
        """Begin or end the model's turn; ``frame`` is that of the player's event that asks for it."""
        for action in actions:
            self.generation += 1
            if isinstance(action, Begin):
                self._begin(action, frame)
            else:
                self.engine.link.take_back(self.generation)
                self.delivery.clear()
                self.measures.end()
                self.lead.leave()
                self.send(TurnEnds(self.generation, action.tick))

    def _begin(self, begin: Begin, frame: int | None) -> None:
        if frame is None:
            frame = self.beat.frame_at(begin.tick)
        ready: list = []
        if begin.bound is None and self._speculation and self._speculation.told == self._told:
            ready = [
                note._replace(tick=note.tick + begin.tick)
                for note in self._speculation.notes
                if begin.length is None or note.tick < begin.length
            ]
            if begin.length is not None:
                end = begin.tick + begin.length
                ready = [note._replace(length=min(note.length, round(end - note.tick))) for note in ready]
        at_once = begin.bound is None
        self.measures.begin(frame if at_once else None, begin.tick, begin.bound)
        self.delivery.begin(self.generation, not self.conductor.ruled and at_once)
        self.delivery.add(ready)
        self.delivery.give()
        if ready:
            self.measures.reach(ready[-1].tick)
        own = ()
        if self.settings.mode == Mode.ACCOMPANY:
            own = self.lead.take(begin.tick, self.cast, self.switched_off)
        self.send(TurnBegins(self.generation, begin.tick, begin.bound, begin.length, len(ready), own))

    def receive(self, message: ToHost) -> None:
        """Take a message of the worker."""
        match message:
            case Speculation():
                self._speculation = message
            case Notes() if message.generation == self.generation and self.conductor.playing:
                self.delivery.add(message.notes)
                self.delivery.give()
                self.measures.reach(message.notes[-1].tick)
            case Report():
                if message.generation == self.generation and (
                    message.told == self._told or not self._accompanies
                ):
                    self.measures.reach(message.horizon)
                self.measures.notes_per_second = message.notes_per_second
                self._remember(message)
            case _:
                pass

    def _remember(self, report: Report) -> None:
        if report.first < self.forgotten:
            self.memory.clear()
            self.forgotten = report.first
        del self.memory[report.first - self.forgotten :]
        self.memory.extend(report.notes)
        self.shift = report.shift
        if len(self.memory) > 2 * KEPT:
            self.forgotten += KEPT
            del self.memory[:KEPT]
