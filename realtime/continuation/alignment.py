"""Where the ticks of the clock lie in the score, in which long pauses are shortened."""

import math

from realtime.continuation.draft import GAP
from realtime.continuation.score import BAR, BEAT


class Alignment:
    """From the clock's ticks to the score's.

    Args:
        ruled: whether the beat comes from a clock or transport that is not the player's own.
    """

    def __init__(self, ruled: bool) -> None:
        self.ruled = ruled
        self.known = False
        """Whether the clock's beats are those of the music though it does not rule: those of a file."""
        self.shift = 0.0
        """Added to a tick of the clock, it gives the tick of the score."""

    def _open(self, tick: float) -> None:
        """Let the score begin at a tick of the clock: on a bar where the clock has bars, else there."""
        self.shift = -float(tick // BAR * BAR) if self.ruled else -self._beat(tick)

    def _beat(self, tick: float) -> float:
        """Return the tick of the beat in which a note lies; where none is known, the note is on the beat."""
        return float(round(tick) // BEAT * BEAT) if self.known else tick

    def place(self, tick: float, latest: int | None, playing: bool) -> int:
        """Return the tick of the score at which a note of the player's lies.

        Args:
            tick: of the clock.
            latest: onset of the last note that stands; None: there is none yet.
            playing: whether it is the model's turn, whose beat stays as it is.
        """
        if latest is None:
            if not playing:
                self._open(tick)
            return max(round(tick + self.shift), 0)
        far = round(tick + self.shift) - latest
        if far > GAP or far < -BAR:
            if self.ruled or playing:
                self.shift -= far // BAR * BAR
            else:
                self.shift = -(-(latest + 1) // BEAT) * BEAT + BAR - self._beat(tick)
        return max(round(tick + self.shift), 0)

    def bound(self, tick: float, latest: int | None) -> int:
        """Return the first tick of the score that is not before a tick of the clock."""
        if latest is None:
            self._open(tick)
            latest = 0
        if self.known:  # a turn that began elsewhere has moved the beat
            self.shift = float(math.ceil(self.shift / BEAT) * BEAT)
        far = tick + self.shift - latest
        if far > GAP or far < 0:
            self.shift -= far // BAR * BAR
        return max(math.ceil(tick + self.shift - 1e-6), latest)
