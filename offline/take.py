"""A piece as it reaches a host: keys going down and up at real times, each with the part it belongs to."""

from dataclasses import dataclass, replace

import numpy as np

from offline.score import TICKS, Piece

PERIOD_MS = 1000 * 128 / 48000
"""Notes that fall in one period are decided together."""
SCORE_BPM = 66.0
"""Tempo at which a score without one is played."""
NOBODY = -1
"""Part of a note that no part of the piece has: a slip of the finger."""


@dataclass(frozen=True, eq=False)
class Take:
    """One performance, in the order in which a host decides its notes: by period, then by pitch.

    All arrays have shape (notes,), but ``chances``.
    """

    name: str
    start: np.ndarray
    """Milliseconds, float64: when the key goes down."""
    end: np.ndarray
    """Milliseconds, float64: when it comes up."""
    sound_end: np.ndarray
    """Milliseconds, float64: when a pedal lets it go; not before ``end``."""
    pitch: np.ndarray
    """MIDI key number, int64."""
    part: np.ndarray
    """Index of its part, int64, or ``NOBODY``."""
    bpm: float
    """Tempo that the host counts by."""
    chances: np.ndarray | None = None
    """What a teacher thinks of each note: as in ``Piece``."""

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.start)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """What there is of each note, by name."""
        names = ("start", "end", "sound_end", "pitch", "part", "chances")
        return {name: column for name in names if (column := getattr(self, name)) is not None}

    @property
    def period(self) -> np.ndarray:
        """Number of the period in which each note falls, int64."""
        return np.floor(self.start / PERIOD_MS + 1e-9).astype(np.int64)

    @property
    def tick(self) -> np.ndarray:
        """The host's tick at each note, int64, ``TICKS`` to the beat."""
        return np.maximum(np.rint(self.start * self.bpm * TICKS / 60000.0), 0).astype(np.int64)

    def pick(self, which: np.ndarray) -> "Take":
        """Return the notes that a mask or indices choose, in that order."""
        return replace(self, **{name: column[which] for name, column in self.columns.items()})

    def in_order(self) -> "Take":
        """Return the notes in the order of the decisions, starting from time 0 or later."""
        early = min(0.0, float(self.start.min(initial=0.0)))
        moved = replace(
            self, start=self.start - early, end=self.end - early, sound_end=self.sound_end - early
        )
        return moved.pick(np.lexsort((moved.start, moved.pitch, moved.period)))


def take_of(piece: Piece, bpm: float = SCORE_BPM) -> Take:
    """Return ``piece`` as it is written, at a steady tempo."""
    tick_ms = 60000.0 / (bpm * TICKS)
    start = piece.onset * tick_ms
    end = (piece.onset + piece.duration) * tick_ms
    columns = start, end, end.copy(), piece.pitch, piece.part
    return Take(piece.name, *columns, bpm, piece.chances).in_order()
