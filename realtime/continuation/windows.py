"""Which rows a model with a bounded context sees: windows on music without end, decided by the music alone.

A window keeps the rows before the first note (the announced instruments) and the latest rows, and counts
beats from the first note that it keeps. Where the next one begins is decided well before it takes over, so
that it can be read in slices; and from the rows alone, so that the same rows always give the same windows,
however they came and whatever was taken back on the way.
"""

from typing import NamedTuple

import numpy as np

from realtime.music.mmt.representation import BEAT, BEATS, NOTE, TYPE, Rows


class Window(NamedTuple):
    """A stretch of rows that the model sees at once, after the rows before the first note."""

    head: int
    """Rows from the very first on that are kept."""
    first: int
    """The first of the others."""
    origin: int
    """Beats that are taken off the codes of beats."""
    at: int
    """The row with which it takes over."""

    def place(self, row: int) -> int:
        """Return the place of a row among those that the model sees."""
        return row if row < self.head else self.head + row - self.first

    def rows(self, begin: int, end: int) -> np.ndarray:
        """Return which rows stand at the places from ``begin`` to ``end``, int64."""
        places = np.arange(begin, end)
        return np.where(places < self.head, places, places - self.head + self.first)


WHOLE = Window(0, 0, 0, 0)
"""What is seen as long as all fits."""


class Windows:
    """The windows of music that grows, and is taken back, at its end."""

    def __init__(self, context: int):
        self.context = context
        self.most_head = context // 8
        self.kept = context // 16
        """Rows before the decision that the next window keeps, besides the head."""
        self.reserve = context * 7 // 16
        """Rows before a window is full at which the next one is decided. So it begins half full, which costs
        one more reading of each row, spread over as many rows as can be."""
        self.beats_kept, self.beats_reserve = BEATS * 3 // 8, BEATS // 4
        self._taken = [WHOLE]
        self.next: Window | None = None
        """The window that will take over; it is not known yet when."""

    @property
    def current(self) -> Window:
        """The window in which the latest row stands."""
        return self._taken[-1]

    def extend(self, rows: Rows, begin: int) -> None:
        """Take the rows from ``begin`` on of ``rows``, which are all there are, as having come."""
        beats = rows[:, BEAT]
        while begin < len(rows):
            window = self.current
            places = window.place(begin) + np.arange(len(rows) - begin)
            codes = beats[begin:] - window.origin
            if self.next is None:
                near = (places >= self.context - self.reserve) | (codes > BEATS - self.beats_reserve)
                if near.any():
                    self.next = self._decide(rows, begin + int(near.argmax()))
            over = (places >= self.context) | (codes > BEATS)
            if not over.any():
                return
            begin += int(over.argmax())
            following = self.next
            if following is None or not self._fits(following, begin, beats):
                following = self._decide(rows, begin)
            self._taken.append(following._replace(at=begin))
            self.next = None

    def rewind(self, rows: Rows) -> None:
        """Forget all rows but ``rows``."""
        while len(self._taken) > 1 and self.current.at >= len(rows):
            self._taken.pop()
        self.next = None
        self.extend(rows, self.current.at)

    def _fits(self, window: Window, row: int, beats: np.ndarray) -> bool:
        return window.place(row) < self.context and beats[row] - window.origin <= BEATS

    def _decide(self, rows: Rows, last: int) -> Window:
        """Return the window that follows, decided when row ``last`` came."""
        notes = rows[: last + 1, TYPE] == NOTE
        head = min(int(notes.argmax()) if notes.any() else len(notes), self.most_head)
        first = max(last + 1 - self.kept, head, self.current.first)
        beats = rows[first : last + 1, BEAT]
        far = np.flatnonzero(notes[first:] & (beats < rows[last, BEAT] - self.beats_kept))
        if len(far):
            first += int(far[-1]) + 1
        kept = rows[first : last + 1]
        codes = kept[kept[:, TYPE] == NOTE, BEAT]
        return Window(head, first, int(codes.min()) - 1 if len(codes) else self.current.origin, -1)
