"""What a note is, and what the notes around it are to it: table rows, each one of a few values.

A note's neighbours are the ``REACH`` notes before it and after it in the order (onset, pitch, duration). The
ONNX graph (:mod:`offline.whole.rows`) computes the same rows from pitch, tick and duration.
"""

import numpy as np
from numba import njit

from offline.score import TICKS, Piece

REACH = 16
KEYS, BEATS, LONGEST = 128, 4, 4 * TICKS
CHORD = 8
"""Counts of notes above and below from here on are told as this less one."""
FARTHEST = 24
"""Semitones: intervals beyond are told as this one."""
UP = FARTHEST + 2
"""Values of an interval up: 0 to ``FARTHEST``, and none."""
SOUNDING, JOINED = 3, 2
"""Notes told below and above: of those that sound too, and of those that end where this one begins (or the
other way round)."""
SIZES = (
    KEYS,
    TICKS,
    BEATS,
    LONGEST + 1,
    CHORD * CHORD,  # notes of the chord below and above
    CHORD * CHORD,  # notes that sound below and above
    *(2 * UP for _ in range(2 * SOUNDING)),  # how far, and whether it is held or new
    *(UP for _ in range(4 * JOINED)),  # how far: before below, before above, after below, after above
)
"""Values of each fact of a note."""
FIRST = np.cumsum([0, *SIZES[:-1]]).astype(np.int64)
"""First row of each."""
ROWS, PICKED = sum(SIZES), len(SIZES)
"""Rows of the table of notes, and how many of them a note picks."""
NONE = FARTHEST + 1

_FIRST = FIRST


@njit(cache=True)
def _put(nearest, value):
    """Insert ``value`` into the sorted ``nearest``, whose greatest falls out."""
    for place in range(len(nearest)):
        if value < nearest[place]:
            nearest[place], value = value, nearest[place]


@njit(cache=True)
def _describe(onset, pitch, duration, rows):
    n, most = len(onset), CHORD - 1
    sounding = np.empty((2, SOUNDING), np.int64)
    joined = np.empty((4, JOINED), np.int64)
    for i in range(n):
        on, end, key = onset[i], onset[i] + duration[i], pitch[i]
        low = high = below = above = 0
        sounding[:], joined[:] = 2 * NONE, NONE
        for j in range(max(0, i - REACH), min(n, i + REACH + 1)):
            if j == i:
                continue
            other_on, other_end = onset[j], onset[j] + duration[j]
            lower = pitch[j] < key or (pitch[j] == key and j < i)
            far = min(abs(pitch[j] - key), FARTHEST)
            if other_on == on:
                low += lower
                high += not lower
            if other_on <= on and other_end > on:
                below += lower
                above += not lower
                _put(sounding[0 if lower else 1], 2 * far + (other_on < on))
            if other_end == on:
                _put(joined[0 if pitch[j] <= key else 1], far)
            if other_on == end:
                _put(joined[2 if pitch[j] <= key else 3], far)
        rows[i, 0] = key
        rows[i, 1] = on % TICKS
        rows[i, 2] = on // TICKS % BEATS
        rows[i, 3] = min(duration[i], LONGEST)
        rows[i, 4] = CHORD * min(low, most) + min(high, most)
        rows[i, 5] = CHORD * min(below, most) + min(above, most)
        rows[i, 6 : 6 + 2 * SOUNDING] = sounding.ravel()
        rows[i, 6 + 2 * SOUNDING :] = joined.ravel()
        rows[i] += _FIRST


def note_rows(piece: Piece) -> np.ndarray:
    """Return the rows of the table of notes that each note picks, int64 (notes, ``PICKED``)."""
    rows = np.empty((len(piece), PICKED), np.int64)
    _describe(piece.onset, piece.pitch, piece.duration, rows)
    return rows
