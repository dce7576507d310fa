"""What has been played and what is planned, in order, and the rows by which the model is told of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from realtime.music.mmt.representation import DURATIONS, NOTE, announce, duration_code

Row = tuple[int, int, int, int, int, int]
"""Codes of the six fields."""
BEAT, BEATS = 12, 256
"""Ticks of a beat; beats that the model can name."""
BAR = 4 * BEAT
HELD = BEAT
"""Length that the model is told of a note whose key is still down, until the key comes up."""
ROOM_AHEAD = 16
"""Beats at the end of those that the model can name, left for what it adds."""
LEAP = 64
"""Beats by which the first one that the model sees moves on when they run out."""
KEPT = 4096
"""Notes that are remembered beyond those that the model sees."""

LONGEST = int(DURATIONS[-1])
_DURATIONS = tuple(int(code) for code in duration_code(np.arange(LONGEST + 1)))


@dataclass(slots=True, eq=False)
class Note:
    """One note; times in ticks of the score."""

    onset: int
    pitch: int
    """As it sounds."""
    length: int
    part: int
    instrument: int
    velocity: int
    own: bool
    """Whether the player played it."""
    row: Row = (0, 0, 0, 0, 0, 0)
    """As the model was last told of it."""
    base: int = -1
    """Tick of the first beat in ``row``; -1: the row is not right."""


class Score:
    """Notes by onset: the player's of one onset by pitch, the model's as it wrote them."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.forgotten = 0
        """Notes before those."""
        self.header: list[Row] = []
        self.changed = 0
        """Note, counted from the first ever, from which on something changed since this was last set."""

    def announce(self, instruments: Iterable[int]) -> None:
        """Say which instruments there are."""
        self.header = [tuple(row) for row in announce(tuple(instruments)).tolist()]

    @property
    def last(self) -> int:
        """Onset of the last note; -1 where there is none."""
        return self.notes[-1].onset if self.notes else -1

    def add(self, note: Note) -> int:
        """Put a note in its place; return the place."""
        place = len(self.notes)
        while place:
            before = self.notes[place - 1]
            lower = note.own and before.own and before.onset == note.onset and before.pitch > note.pitch
            if before.onset <= note.onset and not lower:
                break
            place -= 1
        self.touch(place)
        self.notes.insert(place, note)
        return place

    def touch(self, place: int) -> None:
        """Take that the note at ``place`` changed."""
        self.changed = min(self.changed, self.forgotten + place)

    def set_length(self, note: Note, length: int) -> None:
        """Change the length of a note."""
        if note.length == length:
            return
        note.length, note.base = length, -1
        for place in range(len(self.notes) - 1, -1, -1):
            if self.notes[place] is note:
                self.touch(place)
                return

    def cut(self, count: int) -> list[Note]:
        """Keep the first ``count`` notes; return the others."""
        self.touch(count)
        rest = self.notes[count:]
        del self.notes[count:]
        return rest

    def before(self, onset: int) -> int:
        """Return how many notes begin before a tick."""
        place = len(self.notes)
        while place and self.notes[place - 1].onset >= onset:
            place -= 1
        return place

    def forget(self) -> None:
        """Let go of what lies too far back to be seen again."""
        if len(self.notes) > 2 * KEPT:
            del self.notes[:KEPT]
            self.forgotten += KEPT

    def window(self, context: int, more: int = 0) -> tuple[int, int]:
        """Return which note the model sees first, and the tick of its first beat.

        That depends on how many notes there are, and when the last one begins, alone. It changes seldom, for
        all that is seen has to be read again then.

        Args:
            context: rows that the model sees.
            more: notes to come, for which the window is asked for in advance.
        """
        room = context - len(self.header) - 1
        count = self.forgotten + len(self.notes) + more
        first = 0 if count <= room else -(-(count - room) // (room // 2)) * (room // 2)
        first = max(first - self.forgotten, 0)
        beats = BEATS - ROOM_AHEAD
        beat = self.last // BEAT + (more > 0) * ROOM_AHEAD
        if beat >= beats:
            floor = -(-(beat - beats + 1) // LEAP) * LEAP * BEAT
            first = max(first, self.before(floor))
        if first >= len(self.notes):
            return len(self.notes), max(self.last, 0) // BAR * BAR
        return first, self.notes[first].onset // BAR * BAR

    def rows(self, first: int, base: int) -> list[Row]:
        """Return the rows of a window, as ``window`` gives it."""
        rows = list(self.header)
        for note in self.notes[first:]:
            if note.base != base:
                beat, position = divmod(note.onset - base, BEAT)
                length = _DURATIONS[min(max(note.length, 1), LONGEST)]
                note.row = (NOTE, beat + 1, position + 1, note.pitch + 1, length, note.instrument)
                note.base = base
            rows.append(note.row)
        return rows
