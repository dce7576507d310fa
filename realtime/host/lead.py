"""Which part of the ensemble is the player's while the model accompanies.

A separator may spread what is played over all parts, and then none would be left to the model. So in its
turn the keys play one part alone: the one that they played most just before, the first one where that is
even or nothing. Parts that the model can't play stay the player's as well.
"""

from collections import Counter, deque
from collections.abc import Iterable

from realtime.continuation.cast import Cast
from realtime.continuation.hands import OWN
from realtime.engine.codes import BY_CHANNEL
from realtime.host.engine import Engine
from realtime.music.mmt.instruments import DROPPED

LATEST = 16
"""Notes of the player that count."""


class Lead:
    """Hears what the parts were given, and has the engine keep the player's notes to some of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._latest: deque[tuple[float, int]] = deque(maxlen=LATEST)

    def hear(self, tick: float, part: int) -> None:
        """Take that the player was given a note of a part."""
        self._latest.append((tick, part))

    def forget(self) -> None:
        """Take that other parts play from now on."""
        self._latest.clear()

    def take(self, tick: float, cast: Cast, switched_off: Iterable[int]) -> tuple[int, ...]:
        """Keep the player's notes to his parts from now on, and return them.

        None where each MIDI channel has a part of its own: those that he plays on are his.
        """
        state = self.engine.state
        if state["slot_separator"][int(state["slot"])] == BY_CHANNEL:
            return ()
        playing = [part for part in range(len(cast)) if part not in set(switched_off)]
        played = Counter(part for when, part in self._latest if tick - when <= OWN and part in playing)
        if not playing:
            return ()
        lead = max(playing, key=lambda part: (played[part], -part))
        parts = tuple(part for part in playing if part == lead or cast[part].instrument == DROPPED)
        self.engine.link.keep_to(parts)
        return parts

    def leave(self) -> None:
        """Let the player's notes go to all parts again."""
        self.engine.link.keep_to(())
