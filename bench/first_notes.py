"""From a trigger to the first note of the model, by the engine's own log."""

import numpy as np

from realtime.engine.codes import (
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PLAN_PORT,
    Log,
)

CONTROLLER = 67
"""That begins the model's turn, and takes it back when struck again, unless a player sets another."""
CONTROL, NOTE_ON, DOWN = 0xB0, 0x90, 64


class FirstNotes:
    """A listener of the engine's log."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        """From each trigger that was followed by a note to the first one, in frames."""
        self._asked: int | None = None
        self._turn = False

    def __call__(self, log: np.ndarray) -> None:
        """Take log entries."""
        for row in log[log[:, LOG_KIND] == Log.INPUT].tolist():
            kind = row[LOG_STATUS] & 0xF0
            planned = row[LOG_SOURCE] == PLAN_PORT
            if not planned and kind == CONTROL and row[LOG_DATA1] == CONTROLLER and row[LOG_DATA2] >= DOWN:
                self._turn = not self._turn  # notes after the second one are on their way: none is its answer
                self._asked = row[LOG_FRAME] if self._turn else None
            elif planned and kind == NOTE_ON and self._asked is not None:
                self.frames.append(row[LOG_FRAME] - self._asked)
                self._asked = None
