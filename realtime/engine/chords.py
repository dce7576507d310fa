"""The chord window: keys that go down together, more or less, begin together, and are decided together.

Hands spread a chord by some 30 ms, and the part of a note can't be taken back once it sounds: the first
ones are decided without the others. With a window, a keyboard's note waits so long for others of its chord,
anew with each that comes, but not longer than twice that; then all begin in one period. Everything else that
keyboards say comes late by the window, but:

- a key that comes up while a chord is waited for, is up when it begins: where hands overlap, parts do not;
- a key that comes up while its own note waits, is down as long as it was;
- a key that is struck again in a chord begins another;
- the damper pedal holds what it would have held: a key that comes up after it goes down comes up after it;
- the other pedals, a program change and all notes off end a chord: what was said before them comes before
  them, and what is said after them comes after;
- clock messages, the host's commands, planned notes and what is mapped do not wait.

A panic drops the notes that wait, and a keyboard that vanishes takes with it all that it said. Nothing waits
where the window is 0, as it is at first.
"""

from numba import njit

from realtime.engine.codes import CONTROL_PORT, DATA1, EVENTS, FRAME, PLAN_PORT, PORT, STATUS, Command
from realtime.engine.controllers import Policy
from realtime.engine.output import CONTROL, KEY_PRESSURE, PROGRAM, SYSTEM_RESET
from realtime.engine.steering import MAPPED
from realtime.engine.waiting import (
    AFTER_CHORD,
    FIXED,
    IN_CHORD,
    UP_BY_CHORD,
    come_due,
    hold,
    is_of_key,
    last_strike,
    lets_go,
    move,
    source_of,
    strikes,
)

PANIC, RELEASE_PORT = int(Command.PANIC), int(Command.RELEASE_PORT)
SUSTAIN = int(Policy.SUSTAIN)
END_CHORDS = tuple(
    int(p) for p in (Policy.SOSTENUTO, Policy.SOFT, Policy.SOUND_OFF, Policy.RESET, Policy.NOTES_OFF)
)
SYSTEM = 0xF0  # from here on a message is of no channel
LONGEST = 2
"""Windows that a chord's first note waits at most."""
NONE = -1
"""In place of the frame at which the open chord begins."""
EVERY_PORT = -1


@njit
def is_held(event):
    """Return whether an event is one that the chord window holds."""
    played = event[PORT] not in (CONTROL_PORT, PLAN_PORT) and event[STATUS] != MAPPED
    return played and event[STATUS] < SYSTEM


@njit
def close_chord(s):
    """Let the open chord begin when it is due, whatever comes; what depended on it is due then."""
    if s.chord_due == NONE:
        return
    for i in range(s.waiting_count):
        kind = s.waiting_kind[i]
        if kind == IN_CHORD:
            s.waiting_due[i] = s.chord_due
        elif kind == AFTER_CHORD:
            s.waiting_due[i] += s.chord_due
        elif kind == UP_BY_CHORD:
            s.waiting_due[i] = min(s.waiting_due[i], s.chord_due)
        s.waiting_kind[i] = FIXED
    s.chord_closed = s.chord_due
    s.chord_due = NONE


@njit
def join_chord(s, frame, source, key):
    """Put a strike into the open chord, or into a new one where none is open or the key is in it already."""
    before = last_strike(s, source, key, frame)
    if s.chord_due == NONE or (before >= 0 and s.waiting_kind[before] == IN_CHORD):
        close_chord(s)
        s.chord_first = frame
        # Two frames after the chord before, so that a key of both can come up between.
        s.chord_due = max(frame + s.chord_window, s.waiting_floor, s.chord_closed + 2)
    else:
        due = min(frame + s.chord_window, s.chord_first + LONGEST * s.chord_window)
        s.chord_due = max(s.chord_due, due)
    for i in range(s.waiting_count):  # what is struck again has come up
        if s.waiting_kind[i] == FIXED and lets_go(s.waiting[i]) and is_of_key(s.waiting[i], source, key):
            if max(s.pedal_due[source], s.waiting_floor) > frame:
                s.chord_due = max(s.chord_due, s.waiting_due[i])
            else:
                s.waiting_kind[i] = UP_BY_CHORD


@njit
def hold_strike(s, event, frame, began):
    """Hold a note-on for its chord."""
    join_chord(s, frame, source_of(event), event[DATA1])
    hold(s, event, frame, 0, IN_CHORD, began)


@njit
def hold_of_key(s, event, frame, began):
    """Hold a note-off, or a key's pressure."""
    source = source_of(event)
    after = max(s.pedal_due[source], s.waiting_floor)  # what this must not come before
    due, kind = max(frame + s.chord_window, after), FIXED
    strike = last_strike(s, source, event[DATA1], frame)
    if strike >= 0 and s.waiting_kind[strike] == IN_CHORD:
        length = max(frame - s.waiting[strike, FRAME], 1)
        due, kind = max(length, after - s.chord_due), AFTER_CHORD
    elif strike >= 0:
        length = max(frame - s.waiting[strike, FRAME], 1)
        due = max(s.waiting_due[strike] + length, after)
    elif lets_go(event) and s.chord_due != NONE and after <= frame:
        kind = UP_BY_CHORD
    hold(s, event, frame, due, kind, began)


@njit
def hold_pedal(s, event, frame, began):
    """Hold the damper pedal's move: what its keyboard has let go of before stays before it."""
    source = source_of(event)
    for i in range(s.waiting_count):
        if s.waiting_kind[i] == AFTER_CHORD and source_of(s.waiting[i]) == source:
            close_chord(s)
            break
    due = max(frame + s.chord_window, s.waiting_floor)
    for i in range(s.waiting_count):
        if lets_go(s.waiting[i]) and source_of(s.waiting[i]) == source:
            due = max(due, s.waiting_due[i])
    s.pedal_due[source] = due
    hold(s, event, frame, due, FIXED, began)


@njit
def hold_end(s, event, frame, began):
    """Hold what ends a chord, behind all that was said before it; what will be said comes after it."""
    close_chord(s)
    due = max(frame + s.chord_window, s.waiting_floor)
    for i in range(s.waiting_count):
        due = max(due, s.waiting_due[i] + 1)  # at one frame strikes come last
    s.waiting_floor = due
    hold(s, event, frame, due, FIXED, began)


@njit
def hold_event(s, event, began):
    """Hold what a keyboard says until it is due."""
    frame, status = s.frame + event[FRAME], event[STATUS] & 0xF0
    if frame >= s.chord_due:
        close_chord(s)
    policy = s.cc_policy[event[DATA1] & 0x7F] if status == CONTROL else NONE
    if strikes(event):
        hold_strike(s, event, frame, began)
    elif status <= KEY_PRESSURE:
        hold_of_key(s, event, frame, began)
    elif policy == SUSTAIN:
        hold_pedal(s, event, frame, began)
    elif policy in END_CHORDS or status == PROGRAM:
        hold_end(s, event, frame, began)
    else:
        hold(s, event, frame, max(frame + s.chord_window, s.waiting_floor), FIXED, began)


@njit
def drop(s, port, frame):
    """Drop what is not due before absolute ``frame``: all notes, or what the keyboard at ``port`` said."""
    close_chord(s)
    kept = 0
    for i in range(s.waiting_count):
        event = s.waiting[i]
        gone = strikes(event) if port == EVERY_PORT else event[PORT] == port
        if s.waiting_due[i] < frame or not gone:
            move(s, i, kept)
            kept += 1
    s.waiting_count = kept


@njit
def obey(s, event):
    """Drop what waits where an event that does not wait asks for it."""
    frame = s.frame + event[FRAME]
    command = event[PORT] == CONTROL_PORT
    if event[STATUS] == (PANIC if command else SYSTEM_RESET) and event[PORT] != PLAN_PORT:
        drop(s, EVERY_PORT, frame)
    elif command and event[STATUS] == RELEASE_PORT:
        drop(s, event[DATA1], frame)


@njit
def gather(s, frames, began):
    """Hold what keyboards say in this period, and take up what has waited long enough.

    The period's events are in the order of time; afterwards they may not be. Return whether they may not.
    """
    if s.chord_window == 0 and s.waiting_count == 0:
        return False
    kept = 0
    for i in range(s.event_count):
        if is_held(s.events[i]):
            hold_event(s, s.events[i], began)
        else:
            obey(s, s.events[i])
            s.events[kept] = s.events[i]
            kept += 1
    s.event_count = kept
    if s.waiting_count > EVENTS:  # so many never wait: the next period needs the room
        close_chord(s)
        for i in range(s.waiting_count - EVENTS):
            s.waiting_due[i] = s.frame
    if s.chord_due < s.frame + frames:
        close_chord(s)
    come_due(s, frames, began)
    return True


@njit
def set_window(s, frames):
    """Change the window. What waits comes as it would have, and before what is said from now on."""
    if frames == s.chord_window:
        return
    close_chord(s)
    s.chord_window = max(frames, 0)
    for i in range(s.waiting_count):
        s.waiting_floor = max(s.waiting_floor, s.waiting_due[i])
