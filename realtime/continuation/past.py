"""The rows that the model has read: what changed is read again, and nothing else."""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np

from realtime.continuation.score import Row

SLICE = 32
"""Rows read at a time, so that whoever waits is soon heard."""


class Reader(Protocol):
    """What reads rows, such as ``realtime.continuation.decoder.Decoder``."""

    context: int

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Take rows after those before; return the scores of what comes next."""
        ...

    def rewind(self, length: int) -> None:
        """Forget all rows from ``length`` on."""
        ...

    def twin(self) -> Self:
        """Return another with the same weights and a past of its own."""
        ...


class _Side:
    """One reader and the rows in it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.rows: list[Row] = []
        self.scores = np.zeros(0, np.float32)

    def known(self, rows: Sequence[Row]) -> int:
        """Return how many rows it has in common with ``rows``, from the first on."""
        for place, (mine, theirs) in enumerate(zip(self.rows, rows, strict=False)):
            if mine is not theirs and mine != theirs:
                return place
        return min(len(self.rows), len(rows))

    def read(self, rows: Sequence[Row], most: int) -> bool:
        """Read on towards ``rows``, at most so many; return whether it is there."""
        known = self.known(rows)
        if known == len(rows) == len(self.rows):
            return True
        if known == len(rows):
            known -= 1  # the scores after the last one are not kept
        if known < len(self.rows):
            self.reader.rewind(known)
            del self.rows[known:]
        new = rows[known : known + most]
        self.scores = self.reader.read(np.array(new, np.int64))
        self.rows.extend(new)
        return len(self.rows) == len(rows)


class Past:
    """Two readers in turn: while one is in use, the other reads what is seen when the window moves on."""

    def __init__(self, reader: Reader) -> None:
        self.context = reader.context
        self._sides = [_Side(reader), _Side(reader.twin())]

    @property
    def scores(self) -> np.ndarray:
        """Scores of what comes after the rows that ``read`` was last given: float32, (502,)."""
        return self._sides[0].scores

    def read(self, rows: Sequence[Row], most: int = SLICE) -> bool:
        """Read on towards ``rows``, at least one, at most so many at a time; return whether it is there."""
        if self._left(1, rows) < self._left(0, rows):
            self._sides.reverse()
        return self._sides[0].read(rows, most)

    def prepare(self, rows: Sequence[Row], most: int = SLICE) -> bool:
        """Read on towards rows that will be needed later, aside; return whether it is there."""
        return self._sides[1].read(rows, most)

    def _left(self, side: int, rows: Sequence[Row]) -> int:
        return len(rows) - self._sides[side].known(rows)
