"""A chord window, as the engine has one (``realtime.engine.chords``): a spread chord begins at once.

A note waits until the window that its chord's first note opened is over; all else that a keyboard says is
late by the window.
"""

from dataclasses import replace

import numpy as np
from numba import njit

from offline.take import Take

SHORTEST_MS = 1.0


@njit(cache=True)
def _gather(start, end, sound_end, pitch, window):
    """Change when each note begins and ends, in ms; the notes are in the order of time."""
    last = np.full(128, -1)
    first = -np.inf
    for i in range(len(start)):
        before = last[pitch[i]]
        struck = before >= 0 and start[before] == first + window
        if start[i] - first > window or struck:
            first = start[i]
        start[i] = first + window
        end[i] = max(end[i] + window, start[i] + SHORTEST_MS)
        sound_end[i] = max(sound_end[i] + window, end[i])
        if before >= 0:  # a key that is struck again takes its release with it
            end[before] = min(end[before], start[i])
            sound_end[before] = min(sound_end[before], start[i])
        last[pitch[i]] = i


def gathered(take: Take, window: float) -> Take:
    """Return ``take`` as the engine hears it through a chord window, in ms; 0: as it is."""
    if window <= 0:
        return take
    take = take.pick(np.argsort(take.start, kind="stable"))
    start, end, sound_end = take.start.copy(), take.end.copy(), take.sound_end.copy()
    _gather(start, end, sound_end, take.pitch, window)
    return replace(take, start=start, end=end, sound_end=sound_end).in_order()
