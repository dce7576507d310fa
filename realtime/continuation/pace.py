"""How fast the model draws, and how far ahead of the music it has to be."""

LEAST_SECONDS, MOST_SECONDS = 1.0, 16.0
"""Of lead."""
LONGEST = 8
"""Times that the longest piece of work fits into the lead."""
FORGETTING = 0.05
"""Weight of a new note in the mean."""
DECAY = 0.995
"""By which the longest piece of work is forgotten at each one."""
LEAST_IDLE = 0.06
"""Share of idle time that is assumed of a model that can hardly follow."""


class Pace:
    """Measures pieces of work."""

    def __init__(self) -> None:
        self._note = 0.0
        self._longest = 0.0

    def worked(self, seconds: float, drew: bool) -> None:
        """Take how long a piece of work took, and whether it drew a note."""
        self._longest = max(seconds, self._longest * DECAY)
        if drew:
            self._note = seconds if not self._note else self._note + FORGETTING * (seconds - self._note)

    @property
    def notes_per_second(self) -> float:
        """Notes drawn in a second of work; 0 while unknown."""
        return 1.0 / self._note if self._note else 0.0

    def lead(self, density: float) -> float:
        """Return how many seconds to be ahead of music that has ``density`` notes in a second."""
        idle = max(1.0 - density * self._note, LEAST_IDLE)
        return min(LEAST_SECONDS / idle + LONGEST * self._longest, MOST_SECONDS)
