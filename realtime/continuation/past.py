"""The notes that the model has read: what changed is read again, and nothing else."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from realtime.continuation.score import BEAT, Note, Row, Score
from realtime.music.mmt.representation import DURATIONS, NOTE, duration_code

SLICE = 8
"""Rows read at a time, so that whoever waits is soon heard."""
LONGEST = int(DURATIONS[-1])
_CODES = tuple(int(code) for code in duration_code(np.arange(LONGEST + 1)))


class Reader(Protocol):
    """What reads rows: ``realtime.continuation.decoder.Decoder``."""

    @property
    def length(self) -> int:
        """Rows read so far."""
        ...

    @property
    def origin(self) -> int:
        """Beats that the scores count from."""
        ...

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Take rows after those before; return the scores of what comes next."""
        ...

    def read_together(self, rows: np.ndarray) -> np.ndarray:
        """Do as ``read``, sooner; the scores may differ in the last digits."""
        ...

    def prepare(self, rows: int) -> int:
        """Read up to ``rows`` rows ahead for the next window; return how many of them were not read."""
        ...

    def rewind(self, length: int) -> None:
        """Forget all rows from ``length`` on."""
        ...


def row_of(note: Note) -> Row:
    """Return the row of a note; its beat counts on beyond the codes that the model can name."""
    beat, position = divmod(note.onset, BEAT)
    length = _CODES[min(max(note.length, 1), LONGEST)]
    return NOTE, beat + 1, position + 1, note.pitch + 1, length, note.instrument


class Past:
    """Keeps a reader at the end of a score."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.scores = np.zeros(0, np.float32)
        """Of what comes after the notes of the score: float32, (502,)."""
        self._header: list[Row] = []
        self._before = 0
        """Notes that were forgotten before the first one that was read."""

    @property
    def base(self) -> int:
        """Tick of the first beat that the scores can name."""
        return self.reader.origin * BEAT

    def recall(self, score: Score) -> None:
        """Read all of the score at once, as soon as can be: someone waits for the music to go on."""
        self._read(score, len(score.header) + len(score.notes), self.reader.read_together)

    def read(self, score: Score, most: int = SLICE) -> bool:
        """Read on to the end of the score, at most so many rows at a time; return whether it is there."""
        return self._read(score, most, self.reader.read)

    def _read(self, score: Score, most: int, read: Callable[[np.ndarray], np.ndarray]) -> bool:
        reader, header = self.reader, score.header
        if header is not self._header:
            reader.rewind(0)
            self._header, self._before = header, score.forgotten
        first = len(header) - self._before
        known = min(reader.length, max(first + score.unread, 0))
        score.unread = score.forgotten + len(score.notes)
        end = first + score.unread
        if known == reader.length == end:
            return True
        if known == end:
            known -= 1  # the scores after the last row are not kept
        if known < reader.length:
            reader.rewind(known)
        rows = [
            header[place] if place < len(header) else row_of(score.notes[place - first - score.forgotten])
            for place in range(known, min(known + most, end))
        ]
        self.scores = read(np.array(rows, np.int64))
        return reader.length == end

    def prepare(self) -> bool:
        """Use a moment of rest; return whether there is more to do in it."""
        return self.reader.prepare(SLICE) == 0
