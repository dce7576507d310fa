"""The chord window: keys that go down together, more or less, begin together, and are decided together.

Hands spread a chord by some 30 ms, and the part of a note can't be taken back once it sounds: the first
ones are decided without the others. With a window, a keyboard's note waits so long for others of its chord,
anew with each that comes, but not longer than twice that; then all begin in one period. Everything else that
keyboards say comes late by the window, and all stays in order:

- a key that comes up while a chord is waited for, is up when it begins: where hands overlap, parts do not;
- a key that comes up while its own note waits, is down as long as it was;
- a key that is struck again in a chord begins another, and so does a note after a pedal or a program change;
- clock messages, the host's commands and planned notes do not wait, nor do knobs that are mapped.

A panic drops the notes that wait, and a keyboard that vanishes takes with it all that it said. Nothing waits
where the window is 0, as it is at first.
"""

from numba import njit

from realtime.engine.codes import (
    CONTROL_PORT,
    DATA1,
    DATA2,
    ENTRIES,
    EVENTS,
    FRAME,
    PLAN_PORT,
    PORT,
    STAMP,
    STATUS,
    WAITED,
    Counter,
)
from realtime.engine.controllers import Policy
from realtime.engine.output import CONTROL, KEY_PRESSURE, NOTE_OFF, NOTE_ON, PROGRAM
from realtime.engine.steering import MAPPED

DEFERRED = int(Counter.EVENTS_DEFERRED)
FORWARD, VOLUME = int(Policy.FORWARD), int(Policy.VOLUME)
SYSTEM = 0xF0  # from here on a message is of no channel
LONGEST = 2
"""Windows that a chord's first note waits at most."""
NONE = -1
"""In place of the frame at which the chord that is waited for begins."""
FIXED, WITH, BEFORE = range(3)
"""When what waits is due: at its frame; with the open chord, as much later as that; before it."""


@njit
def waits(s, event):
    """Return whether an event is a keyboard's, and in the chord window's order."""
    played = event[PORT] not in (CONTROL_PORT, PLAN_PORT) and event[STATUS] != MAPPED
    return played and event[STATUS] < SYSTEM


@njit
def begins(event):
    """Return whether an event strikes a key (with velocity 0 it lets go of one)."""
    return event[STATUS] & 0xF0 == NOTE_ON and event[DATA2] > 0


@njit
def lets_go(event):
    """Return whether an event lets go of a key."""
    return event[STATUS] & 0xF0 == NOTE_OFF or (event[STATUS] & 0xF0 == NOTE_ON and event[DATA2] == 0)


@njit
def of_same_key(event, other):
    """Return whether two events are of one key of one keyboard."""
    same = other[PORT] == event[PORT] and (other[STATUS] ^ event[STATUS]) & 0x0F == 0
    return same and other[STATUS] & 0xF0 <= KEY_PRESSURE and other[DATA1] == event[DATA1]


@njit
def parts_chords(s, event):
    """Return whether notes after this event must not begin before it."""
    status = event[STATUS] & 0xF0
    if status == CONTROL:
        return s.cc_policy[event[DATA1] & 0x7F] not in (FORWARD, VOLUME)
    return status == PROGRAM


@njit
def last_struck(s, event):
    """Return where the last strike of an event's key waits, or -1."""
    for i in range(s.waiting_count - 1, -1, -1):
        if begins(s.waiting[i]) and of_same_key(event, s.waiting[i]):
            return i
    return -1


@njit
def close_chord(s):
    """Begin the chord that is waited for when it is due, whatever comes."""
    s.chord_due = NONE
    for i in range(s.waiting_count):
        s.waiting_kind[i] = FIXED


@njit
def open_chord(s, frame):
    """Wait for a chord from its first note on."""
    close_chord(s)
    s.chord_first = frame
    s.chord_due = max(frame + s.chord_window, s.waiting_floor)
    for i in range(s.waiting_count):
        event = s.waiting[i]
        if event[FRAME] == frame and lets_go(event) and last_struck(s, event) < 0:
            s.waiting_due[i] = min(s.waiting_due[i], s.chord_due - 1)


@njit
def extend_chord(s, frame):
    """Wait on, for there has come another note."""
    due = min(frame + s.chord_window, s.chord_first + LONGEST * s.chord_window)
    more = max(due, s.chord_due) - s.chord_due
    s.chord_due += more
    for i in range(s.waiting_count):
        if s.waiting_kind[i] == WITH:
            s.waiting_due[i] += more
        elif s.waiting_kind[i] == BEFORE:
            due = min(s.waiting[i, FRAME] + s.chord_window, s.chord_due - 1)
            s.waiting_due[i] = max(due, s.waiting_due[i])


@njit
def let_go_first(s, event):
    """Let what the key of ``event`` has said come before the chord in which it is struck again."""
    earliest = NONE
    for i in range(s.waiting_count):
        if not of_same_key(event, s.waiting[i]):
            continue
        if begins(s.waiting[i]):
            earliest = s.waiting_due[i]
        elif s.waiting_due[i] >= s.chord_due:
            s.waiting_due[i] = max(s.chord_due - 1, earliest)
            s.waiting_kind[i] = FIXED


@njit
def due_of(s, event, frame):
    """Return at which frame something that is not a strike is due, and its kind."""
    due, kind = frame + s.chord_window, FIXED
    if event[STATUS] & 0xF0 <= KEY_PRESSURE:
        struck = last_struck(s, event)
        if struck >= 0 and frame < s.waiting_due[struck]:
            due, kind = s.waiting_due[struck] + frame - s.waiting[struck, FRAME], s.waiting_kind[struck]
        elif lets_go(event) and frame < s.chord_due:
            due, kind = min(due, s.chord_due - 1), BEFORE
        for i in range(s.waiting_count):
            if s.waiting_due[i] > due and of_same_key(event, s.waiting[i]):
                due, kind = s.waiting_due[i], s.waiting_kind[i]
    elif parts_chords(s, event):
        close_chord(s)
        for i in range(s.waiting_count):
            due = max(due, s.waiting_due[i])
        s.waiting_floor = due
    return max(due, s.waiting_floor), kind


@njit
def put_off(s, event, began):
    """Let an event wait for its time."""
    frame = s.frame + event[FRAME]
    if begins(event):
        struck = last_struck(s, event)
        if frame >= s.chord_due or (struck >= 0 and s.waiting_kind[struck] == WITH):
            open_chord(s, frame)
        else:
            extend_chord(s, frame)
        let_go_first(s, event)
        due, kind = s.chord_due, WITH
    else:
        due, kind = due_of(s, event, frame)
    waiting = s.waiting[s.waiting_count]
    waiting[:] = event
    waiting[FRAME] = frame
    if event[STAMP] > 0:
        waiting[STAMP] = max(began - event[STAMP], 1)  # its age, which waiting is not to add to
    s.waiting_due[s.waiting_count] = due
    s.waiting_kind[s.waiting_count] = kind
    s.waiting_count += 1


@njit
def come_due(s, frames, began):
    """Move what is due in this period to its events, in front of those already there."""
    due = 0
    for i in range(s.waiting_count):
        if i < s.waiting_count - EVENTS:  # so many never wait: the next period needs the room
            s.waiting_due[i] = s.frame
        due += s.waiting_due[i] < s.frame + frames
    if due == 0:
        return
    if due > EVENTS - s.event_count:
        s.counters[DEFERRED] += due - (EVENTS - s.event_count)
        due = EVENTS - s.event_count
    for i in range(s.event_count - 1, -1, -1):
        for column in range(ENTRIES):
            s.events[i + due, column] = s.events[i, column]
    s.event_count += due
    moved, kept = 0, 0
    for i in range(s.waiting_count):
        if s.waiting_due[i] < s.frame + frames and moved < due:
            event = s.events[moved]
            event[:] = s.waiting[i]
            offset = max(s.waiting_due[i] - s.frame, 0)
            event[WAITED] += s.frame + offset - event[FRAME]
            event[FRAME] = offset
            if event[STAMP] > 0:
                event[STAMP] = began - event[STAMP]
            moved += 1
        else:
            keep(s, i, kept)
            kept += 1
    s.waiting_count = kept


@njit
def keep(s, waiting, place):
    """Move what goes on waiting to its new place."""
    s.waiting_due[place] = s.waiting_due[waiting]
    s.waiting_kind[place] = s.waiting_kind[waiting]
    for column in range(ENTRIES):
        s.waiting[place, column] = s.waiting[waiting, column]


@njit
def gather(s, frames, began):
    """Put off what keyboards say in this period, and take up what has waited long enough.

    The period's events are in the order of time; afterwards they may not be. Return whether they may not.
    """
    if s.chord_window == 0 and s.waiting_count == 0:
        return False
    kept = 0
    for i in range(s.event_count):
        if s.chord_window > 0 and waits(s, s.events[i]):
            put_off(s, s.events[i], began)
            continue
        for column in range(ENTRIES):
            s.events[kept, column] = s.events[i, column]
        kept += 1
    s.event_count = kept
    come_due(s, frames, began)
    return True


@njit
def set_window(s, frames):
    """Change the window; what waits is due at once, so that it stays before what comes."""
    close_chord(s)
    s.chord_window = max(frames, 0)
    s.waiting_floor = 0
    for i in range(s.waiting_count):
        s.waiting_due[i] = s.frame


@njit
def forget(s, port, frame):
    """Drop the notes that began to wait up to absolute ``frame``; of a keyboard's ``port``, all it said.

    Args:
        s: the engine's memory.
        port: of the keyboard that vanished, or -1: a panic, which leaves pedals and knobs where they are put.
        frame: of what happened.
    """
    close_chord(s)
    kept = 0
    for i in range(s.waiting_count):
        event = s.waiting[i]
        if event[FRAME] <= frame and (event[PORT] == port or (port < 0 and begins(event))):
            continue
        keep(s, i, kept)
        kept += 1
    s.waiting_count = kept
