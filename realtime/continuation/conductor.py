"""Who plays when: from the player's keys, pedals and pauses to the turns of the model.

It knows no music, only ticks of the clock, and decides the same live and offline.
"""

import math
from dataclasses import dataclass

from realtime.continuation.settings import BEAT, SETTLED, Mode, Settings

DOWN = 64
"""MIDI 1.0: switches are on from 64."""
DAMPER = 64
"""Controller of the pedal under which keys sound on."""
GRACE = 3
"""Ticks by which a key may come late into an answer without ending it."""
EARLY = 0.5
"""Ticks before its bound at which a turn is begun, so that its first note is there in time."""
LEAP = 4 * BEAT
"""Ticks by which a ruling clock goes on at most without having been put elsewhere."""
SOON = 0.25
"""Ticks from now to the earliest tick of a ruling clock that can still be kept."""

Key = tuple[int, int]
"""Source (port and MIDI channel) and key."""


@dataclass(frozen=True)
class Begin:
    """The model begins to play."""

    tick: float
    """Of the clock, at which it was told to."""
    bound: float | None
    """Tick of the clock before which nothing of it sounds; None: its first note sounds at once, and the
    score's beat goes on from there."""
    length: int | None = None
    """Ticks after ``bound``, or after the first note, at which it ends; None: when it is told to."""


@dataclass(frozen=True)
class End:
    """The model stops."""

    tick: float


Action = Begin | End


class Conductor:
    """Keeps what is down, and whose turn it is.

    Args:
        settings: what the player set; may be replaced while playing, by ``settings``.
        ruled: whether the beat comes from a clock or transport that is not the player's own.
    """

    def __init__(self, settings: Settings, ruled: bool = False) -> None:
        self.settings, self.ruled = settings, ruled
        self.playing = False
        """Whether the model's turn is on."""
        self.down: set[Key] = set()
        self._damped: set[int] = set()
        self._pressed: set[tuple[int, int]] = set()
        self._heard = False
        """Whether the player has played since the model's last turn ended."""
        self._silent = 0.0
        self._call: float | None = None
        """Tick at which the player's call began."""
        self._ends: float | None = None
        self._grace = -1.0
        self._tick = 0.0
        self._paused = False
        """Whether the ruling clock stopped in the model's turn."""

    def key(self, tick: float, source: int, key: int, down: bool) -> list[Action]:
        """Take a key that goes down or up; a key that goes down may end the model's turn."""
        if not down:
            self.down.discard((source, key))
            self._silent = tick
            return []
        actions: list[Action] = []
        if self.playing and self.settings.mode != Mode.ACCOMPANY and tick >= self._grace:
            actions = self.end(tick)
        self.down.add((source, key))
        self._heard, self._silent = True, tick
        if self._call is None and not self.playing:
            self._call = tick
        return actions

    def control(self, tick: float, source: int, number: int, value: int) -> list[Action]:
        """Take a controller; the one that is set begins the model's turn when pressed, or ends it."""
        if number == DAMPER:
            (self._damped.add if value >= DOWN else self._damped.discard)(source)
            self._silent = max(self._silent, tick)
        if number != self.settings.controller:
            return []
        before, pressed = (source, number) in self._pressed, value >= DOWN
        (self._pressed.add if pressed else self._pressed.discard)((source, number))
        if not pressed or before:
            return []
        return self.end(tick) if self.playing else self.begin(tick)

    def time(self, tick: float) -> list[Action]:
        """Take that the clock has come to ``tick``; pauses, calls and answers end by it."""
        settings, gone = self.settings, tick - self._tick
        self._tick = tick
        # The player's own clock begins anew with the first note after a long pause; others are put elsewhere.
        if self.playing and (gone <= -BEAT or (self.ruled and gone >= LEAP)):
            return [*self.end(tick), *self.begin(tick)]
        if self.playing:
            return self.end(self._ends) if self._ends is not None and tick >= self._ends else []
        if settings.mode == Mode.TRADE and self._call is not None:
            due = self._call + self._phrase
            if tick >= due - EARLY:
                self._grace = due + GRACE
                return self.begin(due, due)
        if settings.mode == Mode.CONTINUE and settings.silence_beats > 0 and self._heard:
            due = self._silent + settings.silence_beats * BEAT
            if tick >= due and not self.down and not self._damped:
                return self.begin(due)
        return []

    def roll(self, tick: float, rolls: bool) -> list[Action]:
        """Take whether the clock goes; a ruling one that stops, or goes on, takes the model with it."""
        if not rolls and self.playing:
            self._paused = True
            actions = self.end(tick)
            self._heard = True
            return actions
        if rolls and self._paused:
            return self.begin(tick)
        return []

    @property
    def _phrase(self) -> int:
        return self.settings.bars * self.settings.bar * BEAT

    def begin(self, tick: float, bound: float | None = None, length: int | None = None) -> list[Action]:
        """Begin the model's turn, unless it is on; see ``Begin``."""
        self._paused = False
        if self.playing:
            return []
        if bound is None and self.settings.mode == Mode.ACCOMPANY:
            bound = tick + SETTLED
        elif bound is None and self.ruled:
            bound = float(math.ceil(tick + SOON))
        if length is None and self.settings.mode == Mode.TRADE:
            length = self._phrase
        self.playing, self._call = True, None
        self._ends = None if length is None else tick + length
        return [Begin(tick, bound, length)]

    def end(self, tick: float) -> list[Action]:
        """End the model's turn, if it is on."""
        if not self.playing:
            return []
        self.playing = self._heard = False
        self._ends = None
        self._grace = -1.0
        return [End(tick)]

    def let_go(self, tick: float, keys: set[Key] | None = None) -> None:
        """Take that keys came up of which no one told: a keyboard vanished, or all was silenced."""
        gone = self.down if keys is None else keys & self.down
        if keys is None:
            self._damped.clear()
        if gone:
            self.down -= gone
            self._silent = tick
