"""What a host knows at each note of a take, given who played the notes before: the features of the contract.

Everything about the past is found by looking back over the notes and the parts that they were given to, so
that the same function serves evaluation (the separator's own decisions), training with the true parts, and
training on a model's decisions. Compiled by numba, since training calls it for every note of every excerpt.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from offline.score import TICKS
from offline.take import PERIOD_MS, Take
from realtime.contract.features import CHORD_ABOVE, MAX_BEAT, NO_PITCH, NO_TIME, RECENT_MS

VELOCITY = 64
"""A score says nothing of velocity."""
LOOK_BACK = 256
"""Notes before this one among which some may still be held."""
PITCH, CHORD_INDEX, SINCE_NOTE, ABOVE = 0, 1, 2, 3
SINGLES = ABOVE + CHORD_ABOVE
"""Columns before those that are per part."""
LAST, CHORD_LAST, DOWN, SOUNDING, SINCE_ONSET, SINCE_RELEASE, SINCE_PITCH, NEAREST = range(8)
PER_PART = (
    "last_pitch",
    "chord_last_pitch",
    "down",
    "sounding",
    "since_onset",
    "since_release",
    "since_pitch",
    "nearest_pitch",
)
"""Features per part, in the order of their columns."""


def fact_count(parts: int) -> int:
    """Return the number of columns."""
    return SINGLES + len(PER_PART) * parts


@njit(cache=True)
def note_recent(pitch, other, ago, part, per_part):
    """Take a part's note of pitch ``other``, begun ``ago`` milliseconds before, into its facts."""
    since, nearest = per_part[SINCE_PITCH, part], per_part[NEAREST, part]
    if other == pitch and (since == NO_TIME or ago < since):
        per_part[SINCE_PITCH, part] = ago
    far, near = abs(other - pitch), abs(nearest - pitch)
    if nearest == NO_PITCH or far < near or (far == near and other < nearest):
        per_part[NEAREST, part] = other


@njit(cache=True)
def describe(i, columns, given, parts, row):
    """Write the facts of note ``i`` into ``row`` (int64), from the parts that notes before it were given to.

    ``columns`` are those of ``columns_of``. ``given`` holds a part for each note, of which those before ``i``
    are read; a negative one is nobody's.
    """
    start, end, sound_end, pitch, period = columns
    now = start[i]
    row[PITCH] = pitch[i]
    row[SINCE_NOTE] = int(now - start[i - 1]) if i > 0 else NO_TIME
    if i > 0 and row[SINCE_NOTE] < 0:  # within a period notes are in the order of pitch, not of time
        row[SINCE_NOTE] = 0
    index = 0
    while i - index > 0 and period[i - index - 1] == period[i]:
        index += 1
    row[CHORD_INDEX] = index
    for j in range(CHORD_ABOVE):
        after = i + 1 + j
        same = after < len(pitch) and period[after] == period[i]
        row[ABOVE + j] = pitch[after] if same else NO_PITCH
    per_part = row[SINGLES:].reshape(-1, parts)
    for part in range(parts):
        per_part[LAST, part] = per_part[CHORD_LAST, part] = NO_PITCH
        per_part[DOWN, part] = per_part[SOUNDING, part] = 0
        per_part[SINCE_ONSET, part] = per_part[SINCE_RELEASE, part] = per_part[SINCE_PITCH, part] = NO_TIME
        per_part[NEAREST, part] = NO_PITCH
    missing = 2 * parts
    for j in range(i - 1, -1, -1):
        old = start[j] < now - RECENT_MS
        if missing == 0 and j < i - LOOK_BACK and old:
            break
        part = given[j]
        if part < 0:
            continue
        if per_part[LAST, part] == NO_PITCH:
            per_part[LAST, part] = pitch[j]
            per_part[SINCE_ONSET, part] = max(int(now - start[j]), 0)
            missing -= 1
        if per_part[CHORD_LAST, part] == NO_PITCH and period[j] != period[i]:
            per_part[CHORD_LAST, part] = pitch[j]
            missing -= 1
        if not old:
            note_recent(pitch[i], pitch[j], max(int(now - start[j]), 0), part, per_part)
        if j < i - LOOK_BACK:
            continue
        if end[j] > now:
            per_part[DOWN, part] += 1
        else:
            ago = int(now - end[j])
            if per_part[SINCE_RELEASE, part] == NO_TIME or ago < per_part[SINCE_RELEASE, part]:
                per_part[SINCE_RELEASE, part] = ago
        if sound_end[j] > now:
            per_part[SOUNDING, part] += 1


@njit(cache=True)
def describe_all(columns, given, parts, rows):
    """Write the facts of every note, shape (notes, columns), with ``given`` for its past."""
    for i in range(len(rows)):
        describe(i, columns, given, parts, rows[i])


def facts_of(take: Take, given: np.ndarray, parts: int) -> np.ndarray:
    """Return the facts of every note, int64 (notes, columns), where the past was played by ``given``."""
    rows = np.empty((len(take), fact_count(parts)), np.int64)
    describe_all(columns_of(take), given.astype(np.int64), parts, rows)
    return rows


def first_needed(
    note: int, columns: tuple[np.ndarray, ...], given: np.ndarray, parts: int, first: int = 0
) -> int:
    """Return a note before which ``describe`` wants nothing for ``note`` and those after it.

    ``first`` is what was returned for an earlier note. A part that never plays would else be looked for
    through the whole past at each note.
    """
    start, period = columns[0], columns[4]
    # Within a period notes are not in the order of time: one after this may begin a little before it.
    recent = start[first : note + 1] >= start[note] - RECENT_MS - PERIOD_MS
    wanted = [note - LOOK_BACK, first + int(recent.argmax())]
    for part in range(parts):
        own = first + np.flatnonzero(given[first:note] == part)
        wanted += own[-1:].tolist() + own[period[own] < period[note]][-1:].tolist()
    return max(first, min(wanted))


def columns_of(take: Take) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what ``describe`` wants of a take: start, end, end of the sound, pitch, period."""
    return take.start, take.end, take.sound_end, take.pitch, take.period


def features(row: np.ndarray, tick: int, parts: int) -> Mapping[str, Any]:
    """Return one note's facts by the names of the contract; ``tick`` is the host's."""
    per_part = row[SINGLES:].reshape(-1, parts).tolist()  # lists are quicker to read than arrays
    return {
        "pitch": int(row[PITCH]),
        "velocity": VELOCITY,
        "position": tick % TICKS,
        "beat": min(tick // TICKS, MAX_BEAT),
        "tick": tick,
        "chord_index": int(row[CHORD_INDEX]),
        "since_note": int(row[SINCE_NOTE]),
        "chord_above": row[ABOVE:SINGLES].tolist(),
        **{name: per_part[place] for place, name in enumerate(PER_PART)},
    }
