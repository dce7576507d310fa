"""The MIDI clock that we send: 24 to the quarter note, each on its own frame.

With a tempo of our own it runs by itself and is started and stopped from outside. Where MIDI clock is
followed, what comes in goes out. Where JACK's transport is followed, the clock begins on its next sixteenth,
after a song position, and stops with it.
"""

from math import ceil

from numba import njit

from realtime.engine.clock import (
    CLOCK,
    CLOCKS_PER_QUARTER,
    CONTINUE,
    FIXED,
    SONG_POSITION,
    START,
    STOP,
    TICKS_PER_SONG_POSITION,
    TIMING,
    TRANSPORT,
    place,
    tick_at,
)
from realtime.engine.codes import DATA1, DATA2, FRAME, STATUS
from realtime.engine.output import tell_clock

LEAP = 0.5  # clocks: the transport has been moved by more
PASSED_ON = (SONG_POSITION, TIMING, START, CONTINUE, STOP)
POSITIONS = 1 << 14  # song positions that MIDI can tell


@njit
def send_clock(s, on):
    """Send clocks from the next period on, or none."""
    s.sends_clock = on
    s.sends_next = s.frame
    s.sends_rolling = s.sends_start = 0


@njit
def send_transport(s, status, offset):
    """Start, continue or stop whoever listens; a start is also the start of our own beat."""
    if not s.sends_clock or s.mode != FIXED or status not in (START, CONTINUE, STOP):
        return
    tell_clock(s, offset, status, 0, 0)
    if status == START:
        place(s, 0.0, s.frame + offset)
        s.sends_next = s.frame + offset


@njit
def pass_on(s, event):
    """Pass on what a MIDI clock that we follow tells."""
    if s.sends_clock and s.mode == CLOCK and event[STATUS] in PASSED_ON:
        tell_clock(s, event[FRAME], event[STATUS], event[DATA1], event[DATA2])


@njit
def begin_there(s, position, offset):
    """Start whoever listens at a song position."""
    s.sends_start = 0
    if 0 < position < POSITIONS:
        tell_clock(s, offset, SONG_POSITION, position & 0x7F, position >> 7)
    tell_clock(s, offset, CONTINUE if position > 0 else START, 0, 0)


@njit
def send_due(s, until):
    """Send the clocks that are due before frame ``until`` of the period."""
    if not s.sends_clock or s.mode == CLOCK or s.ticks_per_frame <= 0.0:
        return
    if s.mode == TRANSPORT and not s.sends_rolling:
        return
    interval = s.resolution / CLOCKS_PER_QUARTER / s.ticks_per_frame
    s.sends_next = max(s.sends_next, s.frame - interval)  # what a pause left out is not made up for
    while s.sends_next < s.frame + until:
        offset = max(int(s.sends_next) - s.frame, 0)
        if s.sends_start:
            begin_there(s, s.sends_count // TICKS_PER_SONG_POSITION, offset)
        tell_clock(s, offset, TIMING, 0, 0)
        s.sends_next += interval
        s.sends_count += 1


@njit
def follow_transport(s, frames):
    """At a period's start: stop with JACK's transport, or begin where its next sixteenth is."""
    if not s.sends_clock or s.mode != TRANSPORT:
        return
    rolling = s.clock_rolling and s.ticks_per_frame > 0.0
    clock = s.resolution / CLOCKS_PER_QUARTER
    if s.sends_rolling and rolling:
        due = s.frame + (s.sends_count * clock - tick_at(s, s.frame)) / s.ticks_per_frame
        if abs(due - s.sends_next) * s.ticks_per_frame < LEAP * clock:
            s.sends_next = due
            return
    if s.sends_rolling:
        tell_clock(s, 0, STOP, 0, 0)
        s.sends_rolling = s.sends_start = 0
    if not rolling:
        return
    position = ceil(tick_at(s, s.frame) / clock / TICKS_PER_SONG_POSITION)
    due = s.frame + (position * TICKS_PER_SONG_POSITION * clock - tick_at(s, s.frame)) / s.ticks_per_frame
    if due >= s.frame + frames:
        return
    s.sends_next, s.sends_count = due, position * TICKS_PER_SONG_POSITION
    s.sends_rolling = s.sends_start = 1
