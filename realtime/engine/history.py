"""The latest notes, as they were described when they were played, for a separator that takes over.

They are kept by part, and told to a separator by its own labels and resolution: so a model that is loaded
while playing can be told what has been played so far, as if it had been there.
"""

import numpy as np
from numba import int64, njit

from realtime.contract.features import MAX_BEAT
from realtime.engine.clock import tick_of, whole_tick
from realtime.engine.codes import HISTORY, REQUEST_COLUMNS
from realtime.engine.inference import advance, begin_afresh
from realtime.engine.native import carray, denormals_back, denormals_off, load_shared, pointer, store_shared
from realtime.engine.request import (
    BEAT,
    COLUMNS,
    COUNTS,
    NOTHING,
    POSITION,
    SEPARATOR,
    TICK,
    describe,
)
from realtime.engine.state import State


@njit
def remember(s, event, chord_index):
    """Audio thread: describe a note, keep it, and return its number."""
    number = s.history_count[0]
    describe(s, s.history[number % HISTORY], event, chord_index)
    s.history_tick[number % HISTORY] = tick_of(s, event)
    store_shared(s.history_count.ctypes.data, number + 1)
    return number


@njit
def address(s, request, number, slot):
    """Write the note with this number of the history into a request to the separator of ``slot``."""
    row = s.history[number % HISTORY]
    separator = s.slot_separator[slot]
    request[SEPARATOR] = separator
    for code in range(len(COUNTS)):
        first = COLUMNS[code]
        if COUNTS[code] > 0:
            for i in range(COUNTS[code]):
                request[first + i] = row[first + i]
            continue
        for label in range(s.slot_labels[slot]):
            part = s.slot_label_part[slot, label]
            request[first + label] = row[first + part] if part >= 0 else NOTHING[code]
    resolution = s.separator_resolution[separator]
    tick = whole_tick(s, s.history_tick[number % HISTORY], resolution)
    request[POSITION] = tick % resolution
    request[BEAT] = min(tick // resolution, MAX_BEAT)
    request[TICK] = tick


@njit
def first_kept(s, first):
    """Return the first note from number ``first`` on that the history still has, since the last restart."""
    return max(first, s.history_begin, load_shared(s.history_count.ctypes.data) - HISTORY)


@njit("int64(int64, int64, int64)", nogil=True, cache=True)
def replay(state_address, slot, first):
    """Host: tell the separator of a slot, which does not play yet, the music since the last restart.

    Args:
        state_address: of the engine's state.
        slot: whose separator it is.
        first: number of the first note that it has not been told; what is too old is left out. Where that
            is so, and for -1, the separator begins afresh.

    Returns the number of the next note, or -1 where the separator's graph fails.
    """
    s = carray(pointer(state_address), 1, State)[0]
    separator = s.slot_separator[slot]
    request = np.zeros(REQUEST_COLUMNS, np.int64)
    floating = np.zeros(2, np.int32)
    denormals_off(floating)
    number = first
    if first_kept(s, first) > first:
        begin_afresh(s, separator)
    while True:
        number = first_kept(s, number)
        if number >= load_shared(s.history_count.ctypes.data):
            break
        address(s, request, number, slot)
        if not advance(s, separator, request):
            number = int64(-1)
            break
        number += 1
    denormals_back(floating)
    return number
