"""One row drawn from scores, compiled: drawing must cost little beside the model (see ``sampling``).

Plain loops over preallocated arrays, since this is compiled at the first start.
"""

import math

import numpy as np
from numba import njit

from realtime.music.mmt.representation import (
    ANNOUNCEMENT,
    BEAT,
    END_OF_SONG,
    FIELDS,
    INSTRUMENT,
    NOTE,
    POSITION,
    SIZES,
    START_OF_NOTES,
    TYPE,
)

_SIZES = tuple(SIZES)
_FIRST = tuple(int(first) for first in np.cumsum((0, *SIZES[:-1])))
_FIELDS = len(FIELDS)
NO_NUMBERS = -1
"""Result of ``draw_row`` where a score is not a number."""


@njit(cache=True, error_model="numpy")
def draw_row(scores, latest, bound, allowed, options, kept, temperatures, chances, work, row):
    """Fill ``row`` with codes drawn from ``scores``; return how many chances it took, or ``NO_NUMBERS``.

    Args:
        scores: float64 (502,).
        latest: int64 (4,), the type, beat, position and instrument that came last.
        bound: int64 (2,), beat and position before which no note begins; 0 where there is none.
        allowed: bool (2, 65), instruments that notes may have, and that may be announced.
        options: bool (2,), strict and ends, as in ``Sampling``.
        kept: int64 (6,), how many codes of each field.
        temperatures: float64 (6,), of each field.
        chances: float64, six numbers from 0 to 1 or more of them.
        work: float64 (2, 257), whatever is in it.
        row: int64 (6,).
    """
    for place in range(scores.size):
        if math.isnan(scores[place]):
            return NO_NUMBERS
    strict, spent = options[0], True
    row[:] = 0
    next_instrument = latest[3] + 1 if strict else 1
    for code in range(next_instrument, _SIZES[INSTRUMENT]):
        spent = spent and not allowed[1, code]
    first, last = latest[TYPE], END_OF_SONG if options[1] else NOTE
    if strict:
        first = NOTE if latest[0] >= START_OF_NOTES else first
        last = last if latest[0] >= START_OF_NOTES else START_OF_NOTES
    first = max(first, START_OF_NOTES if spent else ANNOUNCEMENT)
    count = _gather(scores, TYPE, first, last + 1, work)
    row[TYPE] = _draw(count, kept[TYPE], temperatures[TYPE], chances[0], work)
    if row[TYPE] == ANNOUNCEMENT:
        count = _permit(
            _gather(scores, INSTRUMENT, next_instrument, _SIZES[INSTRUMENT], work), allowed[1], work
        )
        row[INSTRUMENT] = _draw(count, kept[INSTRUMENT], temperatures[INSTRUMENT], chances[1], work)
        return 2
    if row[TYPE] != NOTE:
        return 1
    for field in range(BEAT, _FIELDS):
        first = 1
        if field == BEAT:
            first = min(max(1, latest[1], bound[0]), _SIZES[BEAT] - 1)
        elif field == POSITION and strict and row[BEAT] == latest[1]:
            first = max(1, latest[2])
        if field == POSITION and row[BEAT] == bound[0]:
            first = max(first, bound[1])
        count = _gather(scores, field, first, _SIZES[field], work)
        if field == INSTRUMENT:
            count = _permit(count, allowed[0], work)
        row[field] = _draw(count, kept[field], temperatures[field], chances[field], work)
    return _FIELDS


@njit(cache=True, error_model="numpy")
def _gather(scores, field, first, end, work):
    """Put the codes from ``first`` to ``end`` - 1 and their scores into ``work``; return how many."""
    for code in range(first, end):
        work[0, code - first], work[1, code - first] = code, scores[_FIRST[field] + code]
    return end - first


@njit(cache=True, error_model="numpy")
def _permit(count, allowed, work):
    """Keep what is allowed; return how many."""
    found = 0
    for place in range(count):
        if allowed[int(work[0, place])]:
            work[0, found], work[1, found] = work[0, place], work[1, place]
            found += 1
    return found


@njit(cache=True, error_model="numpy")
def _draw(count, most, temperature, chance, work):
    """Return one of the ``most`` best codes in ``work``; of equal ones the lower are the better."""
    codes, own = work[0], work[1]
    if count > most:
        # The best of the rest is moved forward: what stands before ``most`` is then what is kept.
        for kept in range(most):
            best = kept
            for place in range(kept + 1, count):
                if own[place] > own[best] or (own[place] == own[best] and codes[place] < codes[best]):
                    best = place
            codes[kept], codes[best] = codes[best], codes[kept]
            own[kept], own[best] = own[best], own[kept]
        count = most
        for kept in range(1, count):  # in the order of the codes, by which chances are shared out
            code, score, place = codes[kept], own[kept], kept
            while place > 0 and codes[place - 1] > code:
                codes[place], own[place] = codes[place - 1], own[place - 1]
                place -= 1
            codes[place], own[place] = code, score
    best = 0
    for place in range(1, count):
        if own[place] > own[best]:
            best = place
    if temperature == 0 or count == 1:
        return int(codes[best])
    total, highest = 0.0, own[best]
    for place in range(count):
        share = math.exp((own[place] - highest) / temperature)
        total += 1.0 if math.isnan(share) else share
        own[place] = total
    for place in range(count):
        if own[place] > chance * total:
            return int(codes[place])
    return int(codes[count - 1])
