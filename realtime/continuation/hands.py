"""The player's hands: which parts are theirs while the model accompanies, and how loud they play.

The model's notes never enter the player's parts, and follow the player's dynamics.
"""

import math
from collections import deque
from collections.abc import Iterable

from realtime.continuation.settings import BEAT

OWN = 16 * BEAT
"""Ticks for which a part that the player was given a note for stays the player's."""
DYNAMICS = 16
"""Latest notes of the player that the model's velocity follows."""
VELOCITY = 80
"""Of a model that no one has played to."""


class Hands:
    """Hears the player's notes."""

    def __init__(self) -> None:
        self._given: dict[int, float] = {}
        """Tick at which the player was last given a note, by part."""
        self._kept: frozenset[int] = frozenset()
        self._velocities: deque[int] = deque(maxlen=DYNAMICS)

    def change(self) -> None:
        """Take that other parts play from now on."""
        self._given.clear()
        self._kept = frozenset()

    def keep_to(self, parts: Iterable[int]) -> None:
        """Let these be the player's in a turn of the model's: all others are the model's, from now on.

        None: those that the player was given notes for of late are his.
        """
        self._kept = frozenset(parts)
        if self._kept:
            self._given.clear()

    def play(self, part: int, tick: float, velocity: int) -> None:
        """Take that the player was given a note."""
        self._given[part] = tick
        self._velocities.append(velocity)

    def own(self, part: int, tick: float) -> bool:
        """Return whether a part is the player's."""
        return part in self._kept or tick - self._given.get(part, -math.inf) <= OWN

    @property
    def velocity(self) -> int:
        """How loud the model is to play."""
        return round(sum(self._velocities) / len(self._velocities)) if self._velocities else VELOCITY
