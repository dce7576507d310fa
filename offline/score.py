"""A piece of music as training and evaluation see it: a sorted table of notes and the part of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

TICKS = 24
"""Ticks per quarter note (Dong et al., ISMIR 2021, section 4.1)."""


@dataclass(frozen=True, eq=False)
class Piece:
    """The notes of one piece, sorted by (onset, pitch, duration); ties keep the order of the parts.

    The first four arrays have shape (notes,) and dtype int64.
    """

    name: str
    onset: np.ndarray
    """Ticks since the start."""
    pitch: np.ndarray
    """MIDI key number."""
    duration: np.ndarray
    """Ticks, above 0."""
    part: np.ndarray
    """Index of the part that plays the note, 0 for the highest."""
    chances: np.ndarray | None = None
    """What a teacher thinks, if any: the probability of each part for each note, float32 (notes, parts)."""

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.onset)

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Onset, pitch, duration and part."""
        return self.onset, self.pitch, self.duration, self.part

    @property
    def position(self) -> np.ndarray:
        """Tick within the beat, shape (notes,)."""
        return self.onset % TICKS

    @property
    def beat(self) -> np.ndarray:
        """Beat since the start, shape (notes,)."""
        return self.onset // TICKS

    def chords(self) -> Iterator[tuple[int, int]]:
        """Yield (first note, one past the last) of every group of notes with one onset."""
        starts = np.flatnonzero(np.diff(self.onset, prepend=-1))
        yield from zip(starts.tolist(), [*starts[1:].tolist(), len(self)], strict=True)


def make_piece(name: str, parts: Iterable[Iterable[tuple[int, int, int]]]) -> Piece:
    """Return the piece whose parts have these (onset, pitch, duration) notes, in label order.

    Within a part, notes that agree in all three are kept once, and notes without duration are dropped.
    """
    rows = [
        (*note, label) for label, notes in enumerate(parts) for note in sorted({n for n in notes if n[2] > 0})
    ]
    rows.sort(key=lambda row: row[:3])  # stable: simultaneous equal notes stay in the order of the parts
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Piece(name, *np.ascontiguousarray(table.T))
