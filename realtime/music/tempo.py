"""Tempo over time: the line between seconds and quarter notes."""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

DEFAULT_BPM = 120.0
"""Tempo of a Standard MIDI File before its first tempo event (SMF 1.0)."""


class TempoMap(NamedTuple):
    """Stretches of constant tempo, in time order; the first begins at zero, the last never ends.

    All three arrays have the shape (stretches,) and the dtype float64, so compiled code can take them.
    """

    seconds: np.ndarray
    """When each stretch begins."""
    quarters: np.ndarray
    """Quarter notes from the start to the beginning of each stretch."""
    bpm: np.ndarray
    """Quarter notes per minute within each stretch."""

    @classmethod
    def fixed(cls, bpm: float) -> Self:
        """Return a map of one tempo."""
        return cls.from_quarters([0.0], [bpm])

    @classmethod
    def from_quarters(cls, quarters: npt.ArrayLike, bpm: npt.ArrayLike) -> Self:
        """Return the map that changes to ``bpm[i]`` at quarter note ``quarters[i]``; both of shape (n,).

        The quarters are ascending and begin at 0. Where several stand at one place the last one counts.
        """
        starts = np.asarray(quarters, np.float64)
        rates = np.asarray(bpm, np.float64)
        counts = np.append(starts[1:] != starts[:-1], True)
        starts, rates = starts[counts], rates[counts]
        lengths = np.diff(starts) * 60.0 / rates[:-1]
        return cls(np.concatenate([[0.0], np.cumsum(lengths)]), starts, rates)

    def quarters_at(self, seconds: npt.ArrayLike) -> np.ndarray:
        """Return the position in quarter notes (float64) at each time in ``seconds``, of any shape."""
        time = np.asarray(seconds, np.float64)
        stretch = np.maximum(np.searchsorted(self.seconds, time, "right") - 1, 0)
        return self.quarters[stretch] + (time - self.seconds[stretch]) * self.bpm[stretch] / 60.0

    def seconds_at(self, quarters: npt.ArrayLike) -> np.ndarray:
        """Return the time in seconds (float64) of each position in ``quarters``, of any shape."""
        position = np.asarray(quarters, np.float64)
        stretch = np.maximum(np.searchsorted(self.quarters, position, "right") - 1, 0)
        return self.seconds[stretch] + (position - self.quarters[stretch]) * 60.0 / self.bpm[stretch]
