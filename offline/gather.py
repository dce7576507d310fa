"""A chord window, as the engine has one (``realtime.engine.chords``): a spread chord begins at once.

A note waits as long as the window for others of its chord, anew with each that comes, but not longer than
twice that. What sounds ends late by the window, or just before the chord that is waited for.
"""

from dataclasses import replace

import numpy as np
from numba import njit

from offline.take import Take

LONGEST = 2
"""Windows that a chord's first note waits at most."""


@njit(cache=True)
def _begin(start, pitch, window, begin):
    """Write when each note begins, in ms; the notes are in the order of time."""
    last = np.full(128, -1)
    first, due = 0, -np.inf
    for i in range(len(start)):
        if start[i] >= due or last[pitch[i]] >= first:  # too late, or struck in this chord already
            begin[first:i] = due
            first, due = i, start[i] + window
        else:
            due = min(start[i] + window, start[first] + LONGEST * window)
        last[pitch[i]] = i
    begin[first:] = due


@njit(cache=True)
def _end(begin, pitch, end):
    """Let a key that is struck again come up before."""
    last = np.full(128, -1)
    for i in range(len(begin)):
        if last[pitch[i]] >= 0:
            end[last[pitch[i]]] = min(end[last[pitch[i]]], begin[i])
        last[pitch[i]] = i


def gathered(take: Take, window: float) -> Take:
    """Return ``take`` as the engine hears it through a chord window, in ms; 0: as it is."""
    if window <= 0:
        return take
    take = take.pick(np.argsort(take.start, kind="stable"))
    begin = np.empty(len(take))
    _begin(take.start, take.pitch, window, begin)
    first = np.flatnonzero(np.diff(begin, prepend=-np.inf))
    chord = np.maximum(np.searchsorted(take.start[first], take.end, side="right") - 1, 0)
    due = begin[first][chord]
    up = np.minimum(take.end + window, np.where(take.end < due, due, np.inf))
    # A key that came up while its note still waited is down as long as it was.
    end = np.where(take.end < begin, begin + take.end - take.start, up)
    sound_end = np.maximum(take.sound_end + window, end)
    for each in (end, sound_end):
        _end(begin, take.pitch, each)
    return replace(take, start=begin, end=end, sound_end=sound_end).in_order()
