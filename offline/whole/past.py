"""What the parts have played up to a note, by labels that are given: table rows, each one of a few values."""

import numpy as np
from numba import njit

from offline.whole.relations import FARTHEST

INTERVALS = 2 * FARTHEST + 1
GAPS = (1, 25, 97)
"""Ticks since the end of a part's last note are told by how many of these they reach."""
STATES = len(GAPS) + 3
"""The part began a note at this onset, or still sounds, or ended a note just now, or so long ago."""
SINCE = (1, 7, 13, 25, 49, 97, 193)
"""Ticks since the onset of a part's last note are told by how many of these they reach."""
ENDS = 4
"""That note is over, or ends before this one does, with it, or after it."""
OF_PART = (STATES * INTERVALS + 1, (len(SINCE) + 1) * ENDS + 1, INTERVALS + 1, INTERVALS + 1)
"""Values of each fact of a part; the last value of each is for a part that has not played.

The interval from its last note, by state; the time since then; the interval from the note before that; and
the interval from its last note to the nearest of the chord's notes that are yet to be labelled."""
PART_ROWS, PART_FACTS = sum(OF_PART), len(OF_PART)
AHEAD = 3
"""Notes of the chord that are yet to be labelled, at most."""
NEVER = -1

_GAPS, _SINCE = np.array(GAPS), np.array(SINCE)
_FIRST = np.cumsum([0, *OF_PART[:-1]]).astype(np.int64)
_NONE = np.cumsum(OF_PART).astype(np.int64) - 1


@njit(cache=True)
def _count(value, edges):
    reached = 0
    for edge in edges:
        reached += value >= edge
    return reached


@njit(cache=True)
def _interval(up):
    return min(max(up, -FARTHEST), FARTHEST) + FARTHEST


@njit(cache=True)
def rows_of(i, onset, pitch, duration, last, parts, rows):
    """Write the rows of note ``i`` into ``rows``, int64 (parts * PART_FACTS,).

    ``last`` is int64 (parts, 4): of each part's last note the onset, end and pitch, and the pitch before it;
    ``NEVER`` where there is none.
    """
    on, end, key = onset[i], onset[i] + duration[i], pitch[i]
    for part in range(parts):
        began, ended, was, before = last[part]
        mine = rows[part * PART_FACTS : (part + 1) * PART_FACTS]
        mine[:] = _NONE
        if was != NEVER:
            sounds = ended > on
            if began == on:
                state = 0
            elif sounds:
                state = 1
            else:
                state = 2 + _count(on - ended, _GAPS)
            mine[0] = state * INTERVALS + _interval(key - was)
            still = 2 + (ended > end) - (ended < end) if sounds else 0
            mine[1] = _FIRST[1] + _count(on - began, _SINCE) * ENDS + still
            nearest = 1000
            for j in range(i + 1, min(i + 1 + AHEAD, len(onset))):
                if onset[j] == on and abs(pitch[j] - was) < abs(nearest):
                    nearest = pitch[j] - was
            if nearest < 1000:
                mine[3] = _FIRST[3] + _interval(nearest)
        if before != NEVER:
            mine[2] = _FIRST[2] + _interval(key - before)
        mine += part * PART_ROWS


@njit(cache=True)
def play_note(i, onset, pitch, duration, part, last):
    """Let ``part`` play note ``i``: change ``last``."""
    last[part, 3] = last[part, 2]
    last[part, 0] = onset[i]
    last[part, 1] = onset[i] + duration[i]
    last[part, 2] = pitch[i]


@njit(cache=True)
def past_rows(onset, pitch, duration, given, parts):
    """Return the rows of every note, int64 (notes, parts * PART_FACTS), where ``given`` played the past."""
    rows = np.empty((len(onset), parts * PART_FACTS), np.int64)
    last = np.full((parts, 4), NEVER)
    for i in range(len(onset)):
        rows_of(i, onset, pitch, duration, last, parts, rows[i])
        play_note(i, onset, pitch, duration, given[i], last)
    return rows


@njit(cache=True)
def step_rows(i, onset, pitch, duration, lengths, last, parts, rows):
    """Write the rows of note ``i`` of every piece of a batch; arrays begin with the pieces."""
    for b in range(len(lengths)):
        if i < lengths[b]:
            n = lengths[b]
            rows_of(i, onset[b, :n], pitch[b, :n], duration[b, :n], last[b], parts, rows[b])


@njit(cache=True)
def step_play(i, onset, pitch, duration, lengths, given, last):
    """Let ``given`` (pieces,) play note ``i`` of every piece."""
    for b in range(len(lengths)):
        if i < lengths[b]:
            play_note(i, onset[b], pitch[b], duration[b], given[b], last[b])
