"""What a latency measurement is asked to do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SEGMENT_NOTES = 250
"""Notes sent in one go; the host's histograms are fetched in between."""
NOTES_PER_SECOND = 5.5
"""About what ``performance`` plays, to divide a soak into intervals."""
INTERVAL_SECONDS = 300.0

Report = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much is done."""


def silent(what: str, done: int, of: int) -> None:
    """Report to no one."""


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    soundfont: Path
    driver: str = "jack-dummy"
    period: int = 128
    rate: int = 48000
    notes: int = 2000
    load: str = "none"
    soak_hours: float = 0.0
    separator: str | None = None
    seed: int = 1
    baseline: bool = True
    voices: int = 32
    idle_seconds: float = 20.0
    warm_up: int = 30
    """Notes before those that count, on each instrument."""

    def segments(self) -> list[int]:
        """Return the number of notes of each stretch: of a soak, its intervals."""
        if self.soak_hours:
            interval = min(INTERVAL_SECONDS, self.soak_hours * 3600 / 2)
            count = round(self.soak_hours * 3600 / interval)
            return [max(1, round(interval * NOTES_PER_SECOND))] * count
        whole, rest = divmod(self.notes, SEGMENT_NOTES)
        return [SEGMENT_NOTES] * whole + [rest] * (rest > 0)
