"""The offline driver: the same core without a device, faster than real time, deterministic to the bit."""

from collections.abc import Iterator

import numpy as np

from realtime.engine.codes import ENTRIES, EVENTS, FRAME
from realtime.engine.core import process_period
from realtime.host.engine import Engine


class OfflineDriver:
    """Plays an engine from arrays of events.

    Args:
        engine: its separators run in line: no deadline, so the same input gives the same output.
        period: frames a period.
    """

    def __init__(self, engine: Engine, period: int = 128) -> None:
        self.engine = engine
        self.period = period
        self._sound = np.zeros((2, period), np.float32)

    def step(self, events: np.ndarray) -> np.ndarray:
        """Play one period; return its sound (float32, shape (2, period), valid until the next call).

        Args:
            events: int64, shape (n, ENTRIES), FRAME an offset in the period; at most ``EVENTS``.
        """
        state = self.engine.state
        state["events"][: len(events)] = events
        state["event_count"] = len(events)
        left, right = self._sound
        process_period(self.engine.address, self.period, left.ctypes.data, right.ctypes.data)
        return self._sound

    def play(self, events: np.ndarray, frames: int) -> Iterator[np.ndarray]:
        """Play events at absolute frames, in time order, for at least ``frames``; yield the sound."""
        period, taken, start = self.period, 0, 0
        due = events[:, FRAME]
        while start < frames or taken < len(events):
            end = int(np.searchsorted(due, start + period))
            end = min(end, taken + EVENTS)  # what does not fit is played at the next period's start
            block = events[taken:end].copy()
            block[:, FRAME] = np.maximum(block[:, FRAME] - start, 0)
            yield self.step(block)
            taken, start = end, start + period


def event_array(rows: list[tuple[int, int, int, int, int, int]]) -> np.ndarray:
    """Return engine events from (frame, port, status, data1, data2, tick), in the order of their frames."""
    events = np.zeros((len(rows), ENTRIES), np.int64)
    if rows:
        events[:, :6] = rows
    return events[np.argsort(events[:, FRAME], kind="stable")]
