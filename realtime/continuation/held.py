"""The player's notes whose keys are down, and what the model is told of how long they are.

A note is told with a length of its own as soon as it begins, and once more when its key comes up: what was
read since is then read anew. A chord that lies under a long melody would make that take as long as the melody
is, at the very moment when the player lets go of all and the model is to go on. So a note is corrected while
it is among the latest; when others push it out of them, it is told how long it has lasted so far.
"""

from realtime.continuation.score import HELD, Note, Score

REACH = 8
"""Latest notes of the score among which one is told anew when its key comes up."""
LAST_CALL = 2 * REACH
"""Latest notes among which one that is held is told how long it has lasted; beyond, it stays as it was."""


class Held:
    """Keys that are down.

    Args:
        score: that their notes are in.
    """

    def __init__(self, score: Score) -> None:
        self._score = score
        self._notes: dict[tuple[int, int], tuple[Note, float]] = {}

    def __contains__(self, place: tuple[int, int]) -> bool:
        """Whether a key, ``(part, key)``, is down and its note's length not settled."""
        return place in self._notes

    def clear(self) -> None:
        """Take that no key is down."""
        self._notes.clear()

    def begin(self, part: int, key: int, note: Note, tick: float) -> None:
        """Take that a key went down; settle the lengths of those that others have pushed too far back."""
        self._notes[part, key] = (note, tick)
        latest = self._score.notes[-LAST_CALL:]
        for place, (held, began) in list(self._notes.items()):
            if held in latest[-REACH:]:
                continue
            del self._notes[place]
            if held in latest:
                self._score.set_length(held, max(round(tick - began), HELD))

    def end(self, part: int, key: int, tick: float) -> None:
        """Take that a key came up; of one whose length is settled, nothing changes."""
        if (part, key) not in self._notes:
            return
        note, began = self._notes.pop((part, key))
        if note in self._score.notes[-REACH:]:
            self._score.set_length(note, max(round(tick - began), 1))
