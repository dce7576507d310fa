"""What has been played and what is planned, in order."""

from collections.abc import Iterable
from dataclasses import dataclass

from realtime.continuation.settings import BEAT
from realtime.music.mmt.representation import announce

Row = tuple[int, int, int, int, int, int]
"""Codes of the six fields."""
BAR = 4 * BEAT
HELD = BEAT
"""Length that the model is told of a note whose key is still down, until the key comes up."""
KEPT = 4096
"""Notes that are remembered at least, if there were so many."""
LOOK_BACK = 256
"""Notes in which a part's last one is looked for."""
Told = tuple[int, int, int, int, int, int, bool]
"""A note as it is remembered outside: the fields of ``Note``."""


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


class Score:
    """Notes by onset: the player's of one onset by pitch, the model's as it wrote them."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.forgotten = 0
        """Notes before those."""
        self.header: list[Row] = []
        self.unread = 0
        """Note, counted from the first ever, from which on the model has to read (anew)."""
        self.changed = 0
        """Note, counted from the first ever, from which on something changed since this was last set."""

    def announce(self, instruments: Iterable[int]) -> None:
        """Say which instruments there are."""
        header = [tuple(row) for row in announce(tuple(instruments)).tolist()]
        if header != self.header:
            self.header = header

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
        self._touch(place)
        self.notes.insert(place, note)
        return place

    def _touch(self, place: int) -> None:
        """Take that the note at ``place`` is no longer what it was."""
        self.changed = min(self.changed, self.forgotten + place)
        self.unread = min(self.unread, self.forgotten + place)

    def set_length(self, note: Note, length: int) -> None:
        """Change the length of a note."""
        if note.length == length:
            return
        note.length = length
        for place in range(len(self.notes) - 1, -1, -1):
            if self.notes[place] is note:
                self._touch(place)
                return

    def cut(self, count: int) -> list[Note]:
        """Keep the first ``count`` notes; return the others."""
        if count >= len(self.notes):
            return []
        self._touch(count)
        rest = self.notes[count:]
        del self.notes[count:]
        return rest

    def before(self, onset: int) -> int:
        """Return how many notes begin before a tick."""
        place = len(self.notes)
        while place and self.notes[place - 1].onset >= onset:
            place -= 1
        return place

    def last_pitches(self, count: int, parts: int) -> list[int]:
        """Return what each part sounded last in the first ``count`` notes, -1 for nothing or long ago."""
        last = [-1] * parts
        for note in self.notes[max(count - LOOK_BACK, 0) : count]:
            if note.part < parts:
                last[note.part] = note.pitch
        return last

    def told(self, first: int, end: int) -> list[Told]:
        """Return notes as they are remembered outside."""
        return [
            (note.onset, note.pitch, note.length, note.part, note.instrument, note.velocity, note.own)
            for note in self.notes[first:end]
        ]

    def forget(self) -> None:
        """Let go of what lies too far back to matter."""
        if len(self.notes) > 2 * KEPT:
            del self.notes[:KEPT]
            self.forgotten += KEPT
