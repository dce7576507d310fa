"""What keyboards have said and waits for its time, in the order in which it came.

``chords`` decides when each is due. While a chord is open, notes that come can still put it off: what depends
on it has a kind, and gets its frame when the chord is closed.
"""

from numba import njit

from realtime.engine.codes import DATA1, DATA2, ENTRIES, EVENTS, FRAME, PORT, STAMP, STATUS, WAITED, Counter
from realtime.engine.output import KEY_PRESSURE, NOTE_OFF, NOTE_ON

DEFERRED = int(Counter.EVENTS_DEFERRED)
FIXED, IN_CHORD, AFTER_CHORD, UP_BY_CHORD = range(4)
"""When it is due: at its frame; as the open chord begins; so many frames later; at its frame or just before
the chord, whichever is earlier."""


@njit
def strikes(event):
    """Return whether an event begins a note (with velocity 0 it ends one)."""
    return event[STATUS] & 0xF0 == NOTE_ON and event[DATA2] > 0


@njit
def lets_go(event):
    """Return whether a keyboard's event lets go of a key."""
    return event[STATUS] & 0xF0 in (NOTE_OFF, NOTE_ON) and not strikes(event)


@njit
def source_of(event):
    """Return the source (port and MIDI channel) of a keyboard's event."""
    return event[PORT] * 16 + (event[STATUS] & 0x0F)


@njit
def is_of_key(event, source, key):
    """Return whether a keyboard's event is of this key."""
    return event[DATA1] == key and event[STATUS] & 0xF0 <= KEY_PRESSURE and source_of(event) == source


@njit
def last_strike(s, source, key, frame):
    """Return the place of the last strike of a key that is due after ``frame``, or -1."""
    for i in range(s.waiting_count - 1, -1, -1):
        if is_of_key(s.waiting[i], source, key) and strikes(s.waiting[i]):
            return i if s.waiting_kind[i] == IN_CHORD or s.waiting_due[i] > frame else -1
    return -1


@njit
def hold(s, event, frame, due, kind, began):
    """Keep an event until it is due."""
    place = s.waiting_count
    for column in range(ENTRIES):
        s.waiting[place, column] = event[column]
    s.waiting[place, FRAME] = frame
    if event[STAMP] > 0:
        s.waiting[place, STAMP] = max(began - event[STAMP], 1)  # its age, which waiting is not to add to
    s.waiting_due[place] = due
    s.waiting_kind[place] = kind
    s.waiting_count += 1


@njit
def move(s, waiting, place):
    """Move what goes on waiting to its new place."""
    s.waiting_due[place] = s.waiting_due[waiting]
    s.waiting_kind[place] = s.waiting_kind[waiting]
    for column in range(ENTRIES):
        s.waiting[place, column] = s.waiting[waiting, column]


@njit
def come(s, waiting, place, began):
    """Make what is due the period's event at ``place``."""
    event = s.events[place]
    for column in range(ENTRIES):
        event[column] = s.waiting[waiting, column]
    offset = max(s.waiting_due[waiting] - s.frame, 0)
    event[WAITED] += s.frame + offset - event[FRAME]
    event[FRAME] = offset
    if event[STAMP] > 0:
        event[STAMP] = began - event[STAMP]


@njit
def is_due(s, waiting, end):
    """Return whether something is due before frame ``end``."""
    return s.waiting_kind[waiting] in (FIXED, UP_BY_CHORD) and s.waiting_due[waiting] < end


@njit
def come_due(s, frames, began):
    """Move what is due in this period to its events, in front of those already there.

    At one frame strikes come last. Where there is no room for all, all comes in the order of its arrival.
    """
    end = s.frame + frames
    count = strike_count = 0
    for i in range(s.waiting_count):
        if is_due(s, i, end):
            count += 1
            strike_count += strikes(s.waiting[i])
    if count == 0:
        return
    room = EVENTS - s.event_count
    if count > room:
        s.counters[DEFERRED] += count - room
        count, strike_count = room, 0
    for i in range(s.event_count - 1, -1, -1):
        for column in range(ENTRIES):
            s.events[i + count, column] = s.events[i, column]
    s.event_count += count
    other, strike, kept = 0, count - strike_count, 0
    for i in range(s.waiting_count):
        if not is_due(s, i, end) or (strike_count == 0 and other == count):
            move(s, i, kept)
            kept += 1
        elif strike_count > 0 and strikes(s.waiting[i]):
            come(s, i, strike, began)
            strike += 1
        else:
            come(s, i, other, began)
            other += 1
    s.waiting_count = kept
