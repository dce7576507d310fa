"""Plays single notes through the process core, at given gaps, and keeps what the separator took for each."""

from numba import njit, types

from realtime.engine.codes import DATA1, DATA2, FRAME, PORT, REQUESTS, STAMP, STATUS, TICK, WAITED
from realtime.engine.native import c_function, carray, pointer
from realtime.engine.state import State

NOTE_ON, NOTE_OFF, VELOCITY = 0x90, 0x80, 90
SECOND_NS = 1_000_000_000

_process = c_function(types.void, types.int64, types.int64, types.int64, types.int64)
_nanosleep = c_function(types.int32, types.int64, types.int64)


@njit
def put(s, status, pitch, offset):
    """Make one note message the period's only event."""
    event = s.events[0]
    event[FRAME], event[PORT], event[STATUS] = offset, 0, status
    event[DATA1], event[DATA2] = pitch, VELOCITY
    event[TICK], event[STAMP], event[WAITED] = -1, 0, 0
    s.event_count = 1


@njit
def pause(nanosleep, ns, timespec):
    """Sleep for ``ns``."""
    timespec[0], timespec[1] = ns // SECOND_NS, ns % SECOND_NS
    _nanosleep(nanosleep, (timespec.ctypes.data, 0))


@njit(
    "void(int64, int64, int64, int64, int64[:, ::1], float32[:, ::1], int64[:, ::1], int64[::1])",
    nogil=True,
    cache=True,
)
def play_notes(address, nanosleep, period, rest_ns, notes, sound, took, sleep):
    """Play ``notes`` (gap before it in ns, pitch, offset in the period) one by one, and end each.

    Args:
        address: of the engine's state, whose separator has a thread of its own.
        nanosleep: address of the C function.
        period: frames a period.
        rest_ns: between two periods of a gap, as a driver makes them; 0: nothing happens in a gap.
        notes: int64, shape (n, 3).
        sound: scratch, shape (2, period).
        took: result, ns: the step alone, and the decision as the audio thread sees it; shape (n, 2).
        sleep: scratch, shape (2,): a timespec.
    """
    s = carray(pointer(address), 1, State)[0]
    left, right = sound[0].ctypes.data, sound[1].ctypes.data
    for i in range(len(notes)):
        gap = notes[i, 0]
        while rest_ns > 0 and gap > rest_ns:
            pause(nanosleep, rest_ns, sleep)
            _process(s.process, (address, period, left, right))
            gap -= rest_ns
        if gap > 0:
            pause(nanosleep, gap, sleep)
        put(s, NOTE_ON, notes[i, 1], notes[i, 2])
        _process(s.process, (address, period, left, right))
        took[i, 0] = s.answer_ns[(s.awaited - 1) % REQUESTS]
        took[i, 1] = s.spent_ns
        put(s, NOTE_OFF, notes[i, 1], 0)
        _process(s.process, (address, period, left, right))
