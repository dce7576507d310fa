"""Tempo from taps, whichever way they come."""

import time

from realtime.engine.codes import Command
from realtime.host.link import Link

TAP_TIMEOUT = 2.0
"""Seconds after which a tap begins anew."""
TAPS = 8
SLOWEST, FASTEST = 10.0, 480.0
"""Beats per minute."""


class Taps:
    """Sets the tempo to the median of the last intervals."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._times: list[float] = []

    def tap(self) -> None:
        """Take a tap, and set the tempo from the second one on."""
        now = time.monotonic()
        if self._times and now - self._times[-1] > TAP_TIMEOUT:
            self._times.clear()
        self._times = [*self._times[-TAPS:], now]
        gaps = sorted(b - a for a, b in zip(self._times, self._times[1:], strict=False))
        if gaps:
            bpm = min(max(60 / gaps[len(gaps) // 2], SLOWEST), FASTEST)
            self.link.command(Command.TEMPO, round(bpm * 1000))
