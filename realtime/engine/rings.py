"""Wait-free rings, one writer and one reader each: how the host and the audio thread talk.

Heads and tails only grow; a place is its count modulo the ring's length. The writer owns the head, the
reader owns the tail. A host with several writers serialises them on its own side (``host.link``).
"""

from numba import from_dtype, int64, njit, void

from realtime.engine.codes import (
    CAPTURE,
    CONTROL_PORT,
    EVENTS,
    FRAME,
    LOG,
    PORT,
    RING,
    STAMP,
    STATUS,
    WAITED,
    Command,
    Counter,
    Sync,
)
from realtime.engine.native import load_shared, store_shared
from realtime.engine.state import State

RECORD = from_dtype(State)
"""The state's type in compiled code. Functions that are called from many places have one signature, of int64:
else they would be compiled anew for each kind of integer that they are given."""

CONTROL_HEAD, CONTROL_TAIL = int(Sync.CONTROL_HEAD), int(Sync.CONTROL_TAIL)
SCHEDULE_HEAD, SCHEDULE_TAIL = int(Sync.SCHEDULE_HEAD), int(Sync.SCHEDULE_TAIL)
LOG_HEAD, LOG_TAIL = int(Sync.LOG_HEAD), int(Sync.LOG_TAIL)
CAPTURE_HEAD, CAPTURE_TAIL = int(Sync.CAPTURE_HEAD), int(Sync.CAPTURE_TAIL)
LOG_DROPPED, CAPTURE_DROPPED = int(Counter.LOG_DROPPED), int(Counter.CAPTURE_DROPPED)
EVENTS_DEFERRED, TAKE_BACK = int(Counter.EVENTS_DEFERRED), int(Command.TAKE_BACK)


@njit
def word(s, which):
    """Return the address of a shared word."""
    return s.sync.ctypes.data + 64 * which


@njit(void(RECORD, int64, int64, int64, int64, int64, int64, int64, int64), cache=True)
def log(s, frame, kind, source, status, data1, data2, channel, value):
    """Audio thread: note what happened; where the reader is too slow, count it and go on."""
    head = load_shared(word(s, LOG_HEAD))
    if head - load_shared(word(s, LOG_TAIL)) >= LOG:
        s.counters[LOG_DROPPED] += 1
        return
    entry = s.log[head % LOG]
    entry[0] = frame
    entry[1] = kind
    entry[2] = source
    entry[3] = status
    entry[4] = data1
    entry[5] = data2
    entry[6] = channel
    entry[7] = value
    store_shared(word(s, LOG_HEAD), head + 1)


@njit
def capture(s, left, right, frames):
    """Audio thread: hand a period of sound to the recorder, whole or not at all."""
    head = load_shared(word(s, CAPTURE_HEAD))
    if head + frames - load_shared(word(s, CAPTURE_TAIL)) > CAPTURE:
        s.counters[CAPTURE_DROPPED] += frames
        return
    for i in range(frames):
        place = (head + i) % CAPTURE
        s.capture[place, 0] = left[i]
        s.capture[place, 1] = right[i]
    store_shared(word(s, CAPTURE_HEAD), head + frames)


@njit
def take_control(s, frames, began):
    """Audio thread: move what the host sent to this period's events.

    An event with a STAMP is held for one period from its arrival, so that events keep the spacing in which
    they were played and not that of the periods. What has no stamp, such as a keyboard's release when it
    vanishes, acts as soon as it can after all that came before it, and before all that comes after. A plan is
    taken back at the period's start: it has no place in what is played.
    """
    earliest, latest = 0, 0
    for i in range(s.event_count):  # what the driver has put in
        latest = max(latest, min(s.events[i, FRAME], frames - 1))
    tail = load_shared(word(s, CONTROL_TAIL))
    count = load_shared(word(s, CONTROL_HEAD)) - tail
    room = EVENTS - s.event_count
    if count > room:
        s.counters[EVENTS_DEFERRED] += count - room
        count = room
    for i in range(count):
        event = s.events[s.event_count]
        event[:] = s.control[(tail + i) % RING, :]
        if event[STAMP] > 0:
            age = int((began - event[STAMP]) * 1e-9 * s.rate)
            event[FRAME] = min(max(frames - age, earliest), frames - 1)
            event[WAITED] = age + event[FRAME]
        elif event[PORT] == CONTROL_PORT and event[STATUS] == TAKE_BACK:
            event[FRAME] = 0
        else:
            event[FRAME] = earliest = latest
        latest = max(latest, event[FRAME])
        s.event_count += 1
    store_shared(word(s, CONTROL_TAIL), tail + count)


@njit
def take_scheduled(s, frames):
    """Audio thread: move scheduled events that are due in this period to its events.

    The schedule is in time order; an event that comes too late sounds at the period's start.
    """
    tail = load_shared(word(s, SCHEDULE_TAIL))
    head = load_shared(word(s, SCHEDULE_HEAD))
    while tail < head and s.event_count < EVENTS:
        due = s.schedule[tail % RING, FRAME] - s.frame
        if due >= frames:
            break
        s.events[s.event_count, :] = s.schedule[tail % RING, :]
        s.events[s.event_count, FRAME] = max(due, 0)
        s.event_count += 1
        tail += 1
    store_shared(word(s, SCHEDULE_TAIL), tail)


@njit("int64(int64, int64)", cache=True, nogil=True)
def listen(listening_address, heard_address):
    """Host: ask to be woken by the next input, and return how many there were: look before going to sleep."""
    store_shared(listening_address, 1)
    return load_shared(heard_address)


@njit("int64(int64, int64, int64[:, ::1], int64[:, ::1])", cache=True, nogil=True)
def push(head_address, tail_address, ring, entries):
    """Host: append as many ``entries`` (int64, shape (n, columns)) as fit; return that number."""
    head = load_shared(head_address)
    room = len(ring) - (head - load_shared(tail_address))
    count = min(room, len(entries))
    for i in range(count):
        ring[(head + i) % len(ring), :] = entries[i, :]
    store_shared(head_address, head + count)
    return count


@njit(
    [
        "int64(int64, int64, int64[:, ::1], int64[:, ::1])",
        "int64(int64, int64, float32[:, ::1], float32[:, ::1])",
    ],
    cache=True,
    nogil=True,
)
def pop(head_address, tail_address, ring, into):
    """Host: take up to ``len(into)`` entries, or frames of sound, from a ring; return how many."""
    tail = load_shared(tail_address)
    count = min(load_shared(head_address) - tail, len(into))
    for i in range(count):
        into[i, :] = ring[(tail + i) % len(ring), :]
    store_shared(tail_address, tail + count)
    return count
