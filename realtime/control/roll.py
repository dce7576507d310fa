"""From the engine's log to what a piano roll shows: notes with a number of their own, from on to off."""

from collections import defaultdict, deque
from typing import Any

import numpy as np

from realtime.engine.codes import (
    KEYS,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    LOG_VALUE,
    PARTS,
    PLAN_PORT,
    Log,
)

NOTE_OFF, NOTE_ON = 0x80, 0x90
WAITING = 64
"""Decisions of a part that wait for their notes; more than one chord has."""


class Roll:
    """A listener of the engine's log; ``take`` gives what happened since the last call.

    Args:
        rate: frames a second.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._sounding: dict[int, list[Any]] = {}
        """The row of each sounding note, by channel and pitch."""
        self._decided: dict[int, deque[float | None]] = defaultdict(lambda: deque(maxlen=WAITING))
        self._continued = -1
        """The part whose next note is the model's: the engine tells of it just before."""
        self._count = 0
        self._on: list[list[Any]] = []
        self._off: list[list[Any]] = []

    def __call__(self, log: np.ndarray) -> None:
        """Take log entries (int64, shape (n, 8))."""
        kind, status = log[:, LOG_KIND], log[:, LOG_STATUS]
        notes = (kind == Log.OUTPUT) & ((status == NOTE_ON) | (status == NOTE_OFF))
        planned = (kind == Log.INPUT) & (log[:, LOG_SOURCE] == PLAN_PORT)
        for row in log[notes | planned | (kind == Log.DECISION) | (kind == Log.PANIC)].tolist():
            self._add(row)

    def _add(self, row: list[int]) -> None:
        channel, seconds = row[LOG_CHANNEL], round(row[LOG_FRAME] / self.rate, 4)
        if row[LOG_KIND] == Log.INPUT:
            if row[LOG_STATUS] & 0xF0 == NOTE_ON:
                self._continued = row[LOG_STATUS] & 0x0F
        elif row[LOG_KIND] == Log.DECISION:
            self._decided[channel].append(None if row[LOG_DATA2] else round(row[LOG_VALUE] / 1e6, 3))
        elif row[LOG_KIND] == Log.PANIC:
            for place in tuple(self._sounding):
                self._end(place, seconds)
            self._decided.clear()
        else:
            place = channel * KEYS + row[LOG_DATA1]
            self._end(place, seconds)
            if row[LOG_STATUS] == NOTE_ON:
                part, decided = channel % PARTS, self._decided[channel]
                continued = part == self._continued
                self._continued = -1 if continued else self._continued
                sure = decided.popleft() if decided and not continued else None
                self._count += 1
                note = [self._count, seconds, part + 1, row[LOG_DATA1], row[LOG_DATA2], sure, continued]
                self._sounding[place] = note
                self._on.append(note)

    def _end(self, place: int, seconds: float) -> None:
        if note := self._sounding.pop(place, None):
            self._off.append([note[0], seconds])

    def take(self) -> tuple[list[list[Any]], list[list[Any]]]:
        """Return the notes that began and those that ended.

        Rows: id, seconds, part, pitch, velocity, confidence, continued; and id, seconds. Parts are counted
        from 1; the confidence is None where no model chose; continued: the model plays it by itself.
        """
        began, self._on = self._on, []
        ended, self._off = self._off, []
        return began, ended

    def sounding(self) -> list[list[Any]]:
        """Return the notes that sound."""
        return list(self._sounding.values())
