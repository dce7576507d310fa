"""The engine's beat as others read it: from frames to ticks and back, without a word to the audio thread."""

import numpy as np

from realtime.continuation.settings import BEAT
from realtime.engine.codes import Mode

READS = 8
"""Times that the line is read until the audio thread does not change it meanwhile."""


class Beat:
    """Reads an engine's clock in ticks of ``BEAT`` to a quarter note."""

    def __init__(self, state: np.void) -> None:
        self.state = state

    @property
    def ruled(self) -> bool:
        """Whether the beat comes from a clock or transport that is not the player's own."""
        return int(self.state["mode"]) != Mode.FIXED

    def _line(self) -> tuple[float, int, float]:
        """Return a tick, the frame at which it is, and ticks per frame."""
        state = self.state
        scale = BEAT / float(state["resolution"])
        frame, tick, speed = 0, 0.0, 0.0
        for _ in range(READS):
            frame, tick = int(state["tick_frame"]), float(state["tick"])
            speed = float(state["ticks_per_frame"])
            if frame == int(state["tick_frame"]) and tick == float(state["tick"]):
                break
        if int(state["mode"]) == Mode.CLOCK and not state["clock_rolling"]:
            speed = 0.0
        return tick * scale, frame, speed * scale

    def tick_at(self, frame: int) -> float:
        """Return the tick at an absolute frame."""
        tick, since, speed = self._line()
        return tick + (frame - since) * speed

    def frame_at(self, tick: float) -> int | None:
        """Return the frame of a tick as the tempo is now; None while the clock stands still."""
        at, since, speed = self._line()
        return since + round((tick - at) / speed) if speed > 0.0 else None

    @property
    def rate(self) -> float:
        """Ticks in a second; 0 while the clock stands still."""
        return self._line()[2] * float(self.state["rate"])
