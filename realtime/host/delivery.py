"""Hands what the model plays to the engine, a moment before it is due: till then the tempo may change it."""

from collections.abc import Iterable
from heapq import heappop, heappush

import numpy as np

from realtime.continuation.draft import Planned
from realtime.engine.codes import AT_ONCE, DATA1, DATA2, ENTRIES, FRAME, GENERATION, PLAN_PORT, PORT, STATUS
from realtime.host.beat import Beat
from realtime.host.link import Link

AHEAD_SECONDS = 0.12
"""How long before its time a note is handed over."""
NOTE_ON, NOTE_OFF = 0x90, 0x80
ENDS, BEGINS = 0, 1
"""Of one tick, notes end before others begin."""

Event = tuple[float, int, int, Planned]
"""Tick, whether it ends or begins, number of the note, note."""


class Delivery:
    """Keeps planned notes by tick, and gives them to the engine by frame."""

    def __init__(self, link: Link, beat: Beat, rate: float) -> None:
        self.link, self.beat, self.rate = link, beat, rate
        self.generation = 0
        self._events: list[Event] = []
        self._number = 0
        self._sounding: dict[tuple[int, int], int] = {}
        self._waiting = np.zeros((0, ENTRIES), np.int64)
        self._frame = 0
        self._at_once: float | None = None
        self._wants_start = False
        self._delay = 0

    def begin(self, generation: int, at_once: bool) -> None:
        """Begin with a new plan.

        ``at_once``: its first notes sound as soon as they can, the others as far after them as planned.
        """
        self.clear()
        self.generation = generation
        self._wants_start = at_once

    def clear(self) -> None:
        """Forget what was not handed over yet."""
        self._events.clear()
        self._sounding.clear()
        self._waiting = self._waiting[:0]
        self._frame = self._delay = 0
        self._at_once, self._wants_start = None, False

    def add(self, notes: Iterable[Planned]) -> None:
        """Take notes of the plan."""
        for note in notes:
            self._number += 1
            heappush(self._events, (note.tick, BEGINS, self._number, note))
            heappush(self._events, (note.tick + note.length, ENDS, self._number, note))

    def give(self) -> None:
        """Hand over what is due soon."""
        now = int(self.link.state["frame"])
        if self._wants_start and self._events:
            self._wants_start, self._at_once = False, self._events[0][0]
            due = self.beat.frame_at(self._at_once)
            self._delay = max(now - due, 0) if due is not None else 0
        until = now + int(AHEAD_SECONDS * self.rate)
        rows: list[list[int]] = []
        while self._events:
            tick, kind, number, note = self._events[0]
            frame = self.beat.frame_at(tick)
            if tick != self._at_once and (frame is None or frame + self._delay > until):
                break
            heappop(self._events)
            rows += self._rows(tick, kind, number, note, (frame or now) + self._delay)
        if rows:
            entries = np.zeros((len(rows), ENTRIES), np.int64)
            entries[:, [FRAME, STATUS, DATA1, DATA2]] = rows
            entries[:, PORT], entries[:, GENERATION] = PLAN_PORT, self.generation
            self._waiting = np.concatenate([self._waiting, entries])
        if len(self._waiting):
            self._waiting = self._waiting[self.link.plan(self._waiting) :]

    def _rows(self, tick: float, kind: int, number: int, note: Planned, frame: int) -> list[list[int]]:
        """Return frame, status, key and velocity of what an event sends."""
        key = (note.part, note.key)
        self._frame = frame = max(frame, self._frame)
        off = [frame, NOTE_OFF | note.part, note.key, 0]
        if kind == ENDS:
            if self._sounding.get(key) != number:  # the same key was struck again
                return []
            del self._sounding[key]
            return [off]
        again = [off] if key in self._sounding else []
        self._sounding[key] = number
        begins = AT_ONCE if tick == self._at_once else frame
        return [*again, [begins, NOTE_ON | note.part, note.key, note.velocity]]
