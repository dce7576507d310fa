"""How well the continuation keeps up: measured in what was due, and in when its first notes sounded."""

from collections import deque

import numpy as np

from realtime.continuation.settings import BEAT

SIXTEENTH = BEAT // 4
KEPT = 1000
"""First notes of which the times are kept."""


class Measures:
    """Counts while the model plays; see ``realtime.continuation.settings.Status``."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.horizon = 0.0
        """Tick up to which the plan is known to be drawn."""
        self.notes_per_second = 0.0
        self.tick = 0.0
        self.notes = self.triggers = 0
        self.first_ms: deque[float] = deque(maxlen=KEPT)
        """From each trigger to its first note."""
        self._asked: int | None = None
        self._due = self._ready = self._last = 0
        self._behind = 0.0

    def begin(self, frame: int | None, tick: float, bound: float | None = None) -> None:
        """Take that a turn was asked for at a frame (None: its first note is not to sound at once).

        Before ``bound`` nothing is to sound, and nothing has to be drawn; None: from ``tick`` on.
        """
        self.triggers += 1
        self._asked, self.horizon = frame, tick if bound is None else bound
        self._last = int(tick // SIXTEENTH)

    def end(self) -> None:
        """Take that a turn ended."""
        self._asked = None

    def reach(self, tick: float) -> None:
        """Take that the plan is drawn up to a tick."""
        self.horizon = max(self.horizon, tick)

    def retract(self, tick: float) -> None:
        """Take that of the plan nothing stands after a tick."""
        self.horizon = min(self.horizon, tick)

    def sounded(self, frame: int) -> None:
        """Take that a note of the plan began."""
        self.notes += 1
        if self._asked is not None:
            self.first_ms.append(max(frame - self._asked, 0) * 1000 / self.rate)
            self._asked = None

    def due(self, tick: float) -> None:
        """Take that the clock has come to ``tick``, in a turn of the model."""
        self.tick = tick
        place = int(tick // SIXTEENTH)
        for number in range(self._last + 1, min(place, self._last + BEAT) + 1):
            self._due += 1
            behind = number * SIXTEENTH - self.horizon
            self._ready += behind <= 0
            self._behind += max(behind, 0.0) / SIXTEENTH
        self._last = place

    @property
    def isr(self) -> float:
        """Share of the sixteenths for which the plan was ready."""
        return self._ready / self._due if self._due else 1.0

    @property
    def staleness(self) -> float:
        """Sixteenths by which the plan fell behind, on average."""
        return self._behind / self._due if self._due else 0.0

    def first_note(self, percent: float) -> float:
        """Return a percentile of the times to the first note, ms; 0 where there was none."""
        return float(np.percentile(list(self.first_ms), percent)) if self.first_ms else 0.0
