"""The clock: from frames to the beat that the separator is told.

Three sources (``codes.Mode``): a fixed tempo (typed, tapped or an ensemble's), MIDI clock with song position
from a DAW, and JACK transport. An event that comes from a score brings its own beat.
"""

from numba import njit

from realtime.engine.codes import DATA1, DATA2, FRAME, STATUS, TICK, Mode

CLOCKS_PER_QUARTER = 24  # MIDI 1.0: timing clock
PAUSE = 8.0  # clock intervals: more than any change of tempo
SMOOTHING = 0.1  # of a new interval in the mean: USB and the DAW's own timer jitter
TICKS_PER_SONG_POSITION = 6  # MIDI 1.0: song position counts sixteenths, six clocks each
SONG_POSITION, TIMING, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
FIXED, CLOCK, TRANSPORT = int(Mode.FIXED), int(Mode.CLOCK), int(Mode.TRANSPORT)


@njit
def tick_at(s, frame):
    """Return the beat position (ticks, float) at an absolute frame."""
    gone = (frame - s.tick_frame) * s.ticks_per_frame
    if s.mode == CLOCK:  # never run ahead of the next timing clock
        gone = min(gone, s.resolution / CLOCKS_PER_QUARTER * 0.999) if s.clock_rolling else 0.0
    return s.tick + gone


@njit
def set_tempo(s, bpm, frame):
    """Change the tempo (quarter notes per minute) from ``frame`` on; the beat does not jump.

    Where the beat comes from outside, so does its tempo: this one counts again when it does not.
    """
    s.bpm = bpm
    if s.mode == FIXED:
        place(s, tick_at(s, frame), frame)
        s.ticks_per_frame = bpm * s.resolution / (60.0 * s.rate)


@njit
def set_mode(s, mode, frame):
    """Take the beat from elsewhere from ``frame`` on; it does not jump."""
    place(s, tick_at(s, frame), frame)
    s.mode = mode
    s.clock_rolling = 0
    set_tempo(s, s.bpm, frame)


@njit
def place(s, tick, frame):
    """Put the beat at ``tick`` from ``frame`` on."""
    s.tick = tick
    s.tick_frame = frame


@njit
def follow_clock(s, frame):
    """Take the tempo from the distance to the timing clock before; a pause between two says nothing of it."""
    interval = float(frame - s.clock_frame)
    if s.clock_frame < 0 or interval > PAUSE * s.clock_interval > 0.0:
        s.clock_interval = 0.0
    elif s.clock_interval == 0.0:
        s.clock_interval = interval
    else:
        s.clock_interval += SMOOTHING * (interval - s.clock_interval)
    s.clock_frame = frame
    if s.clock_interval > 0.0:
        s.ticks_per_frame = s.resolution / CLOCKS_PER_QUARTER / s.clock_interval


@njit
def clock_message(s, event):
    """Follow a MIDI clock or song position message; return whether it was one."""
    status = event[STATUS]
    frame = s.frame + event[FRAME]
    per_clock = s.resolution / CLOCKS_PER_QUARTER
    if status == SONG_POSITION:
        if s.mode == CLOCK:
            # The next timing clock is this position's: stand one clock before it.
            position = (event[DATA1] | event[DATA2] << 7) * TICKS_PER_SONG_POSITION
            place(s, (position - 1) * per_clock, frame)
        return True
    if status < TIMING:
        return False
    if s.mode != CLOCK:
        return True
    if status == TIMING:
        follow_clock(s, frame)
        if s.clock_rolling:
            place(s, s.tick + per_clock, frame)
    elif status == START:
        place(s, -per_clock, frame)
        s.clock_rolling = 1
        s.restart = 1
    elif status == CONTINUE:
        s.clock_rolling = 1
    elif status == STOP:
        s.clock_rolling = 0
    return True


@njit
def tick_of(s, event):
    """Return the beat (ticks, float) of an event: the score's where it brings one, else the clock's."""
    return float(event[TICK]) if event[TICK] >= 0 else tick_at(s, s.frame + event[FRAME])


@njit
def whole_tick(s, tick, resolution):
    """Return a beat position as the nearest tick (int), ``resolution`` to the quarter note."""
    return max(int(tick * resolution / s.resolution + 0.5), 0)
