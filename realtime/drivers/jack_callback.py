"""The compiled JACK callback: MIDI in, the process core, sound and MIDI out, all within one period."""

from enum import IntEnum

from numba import cfunc, float32, float64, int32, int64, njit, types, uint8

from realtime.engine.codes import (
    ALL_PORTS,
    DATA1,
    DATA2,
    EVENTS,
    FRAME,
    PARTS,
    PORT,
    PORTS,
    STAMP,
    STATUS,
    TICK,
    WAITED,
    Counter,
    Mode,
    Sync,
)
from realtime.engine.native import c_function, carray, load_shared, now_ns, pointer, store_shared
from realtime.engine.rings import word
from realtime.engine.state import State


class Function(IntEnum):
    """Places in ``State.driver``: addresses of libjack's functions, and the client."""

    CLIENT = 0
    PORT_GET_BUFFER = 1
    MIDI_GET_EVENT_COUNT = 2
    MIDI_EVENT_GET = 3
    MIDI_CLEAR_BUFFER = 4
    MIDI_EVENT_WRITE = 5
    TRANSPORT_QUERY = 6
    GET_CYCLE_TIMES = 7
    GET_TIME = 8
    PORT_BY_ID = 9


UNREGISTERED = 15
"""Place in ``State.driver``: how many ports of the server have gone since the client became active."""
LEFT, RIGHT, MIDI_IN, MIDI_OUT = 0, 1, 2, 2 + PORTS
"""Places in ``State.driver_ports``: MIDI inputs from ``MIDI_IN`` on, outputs from ``MIDI_OUT`` on."""

# Places in ``State.driver_scratch`` (int64 words).
EVENT, MESSAGE, CYCLE, POSITION, LOST = 0, 3, 4, 8, 48
"""From ``LOST`` on, one word for each MIDI input: how many connections it has lost."""
POSITION_WORDS = 40  # jack_position_t takes 160 bytes and may grow
BBT_VALID, ROLLING = 0x10, 1

CLIENT, GET_BUFFER, EVENT_COUNT, EVENT_GET, CLEAR, WRITE, QUERY, CYCLE_TIMES, GET_TIME, BY_ID = (
    int(f) for f in Function
)
XRUNS, OUT_DROPPED, EVENTS_DEFERRED = (
    int(c) for c in (Counter.XRUNS, Counter.OUT_DROPPED, Counter.EVENTS_DEFERRED)
)
SERVER_GONE, INPUTS, TRANSPORT = int(Sync.SERVER_GONE), int(Sync.INPUTS), int(Mode.TRANSPORT)
CHANNEL_MESSAGES, SYSTEM_MESSAGES, REAL_TIME = 0x80, 0xF0, 0xF8
PROGRAM, PRESSURE = 0xC0, 0xD0
SONG_POSITION = 0xF2

_get_buffer = c_function(types.int64, types.int64, types.uint32)
_event_count = c_function(types.uint32, types.int64)
_event_get = c_function(types.int32, types.int64, types.int64, types.uint32)
_clear = c_function(types.void, types.int64)
_write = c_function(types.int32, types.int64, types.uint32, types.int64, types.uint64)
_query = c_function(types.uint32, types.int64, types.int64)
_cycle_times = c_function(types.int32, types.int64, types.int64, types.int64, types.int64, types.int64)
_get_time = c_function(types.uint64)
_port_by_id = c_function(types.int64, types.int64, types.uint32)
_process = c_function(types.void, types.int64, types.int64, types.int64, types.int64)


@njit
def cycle_start_ns(s):
    """Return when this period began, in ns of the engine's clock."""
    times = s.driver_scratch[CYCLE : CYCLE + 4]
    at = times.ctypes.data
    if _cycle_times(s.driver[CYCLE_TIMES], (s.driver[CLIENT], at, at + 8, at + 16, at + 24)) != 0:
        return 0
    late_us = int64(_get_time(s.driver[GET_TIME], ())) - times[1]
    return now_ns(s.clock_gettime, s.clock_id, s.scratch_time) - late_us * 1000


@njit
def message_size(status):
    """Return how many bytes a message takes, or 0 for what is not taken: system exclusive, common, data."""
    if status < CHANNEL_MESSAGES:
        return 0
    if status < SYSTEM_MESSAGES:
        return 2 if status & 0xF0 in (PROGRAM, PRESSURE) else 3
    if status == SONG_POSITION:
        return 3
    return 1 if status >= REAL_TIME else 0


@njit
def take_messages(s, data, frame, port, stamp, waited):
    """Move the messages in one JACK event to the engine's events; return how many found no room.

    ``waited`` is a period: JACK hands over what was played during the one before.

    JACK wants one message an event, but Csound sends all of a chord in one.
    """
    at, lost = 0, 0
    while at < len(data):
        status = int64(data[at])
        size = message_size(status)
        if size == 0:
            if status == SYSTEM_MESSAGES:
                return lost  # the data bytes that follow mean nothing to us
            at += 1
            continue
        if at + size > len(data):
            return lost
        if s.event_count == EVENTS:
            lost += 1
        else:
            event = s.events[s.event_count]
            event[FRAME] = frame
            event[PORT] = port
            event[STATUS] = status
            event[DATA1] = int64(data[at + 1]) & 0x7F if size > 1 else 0
            event[DATA2] = int64(data[at + 2]) & 0x7F if size > 2 else 0
            event[TICK] = -1
            event[STAMP] = stamp
            event[WAITED] = waited
            s.event_count += 1
        at += size
    return lost


@njit
def take_midi(s, frames, port):
    """Move one input's MIDI to the engine's events. JACK gives whole messages, in time order."""
    buffer = _get_buffer(s.driver[GET_BUFFER], (s.driver_ports[MIDI_IN + port], frames))
    count = int64(_event_count(s.driver[EVENT_COUNT], (buffer,)))
    if count == 0:
        return
    stamp = cycle_start_ns(s)
    # jack_midi_event_t: uint32 time, size_t size, uint8* data
    given = s.driver_scratch[EVENT : EVENT + 3]
    for i in range(count):
        if _event_get(s.driver[EVENT_GET], (given.ctypes.data, buffer, i)) != 0:
            continue
        data = carray(pointer(given[2]), given[1], uint8)
        s.counters[EVENTS_DEFERRED] += take_messages(s, data, given[0] & 0xFFFFFFFF, port, stamp, frames)


@njit
def give_clock(s, frames, port, event):
    """Write a message of the clock to a MIDI output."""
    message = s.driver_scratch[MESSAGE : MESSAGE + 1]
    message[0] = event[STATUS] | event[DATA1] << 8 | event[DATA2] << 16
    size = message_size(event[STATUS])
    buffer = _get_buffer(s.driver[GET_BUFFER], (s.driver_ports[MIDI_OUT + port], frames))
    if _write(s.driver[WRITE], (buffer, event[FRAME], message.ctypes.data, size)) != 0:
        s.counters[OUT_DROPPED] += 1


@njit
def give_midi(s, frames):
    """Write the parts' events to the MIDI outputs."""
    outputs = s.driver_outputs
    for port in range(outputs):
        _clear(
            s.driver[CLEAR], (_get_buffer(s.driver[GET_BUFFER], (s.driver_ports[MIDI_OUT + port], frames)),)
        )
    if outputs == 0:
        return
    message = s.driver_scratch[MESSAGE : MESSAGE + 1]
    for i in range(s.out_count):
        event = s.out[i]
        channel = event[PORT]
        if channel == ALL_PORTS:
            for port in range(outputs):
                give_clock(s, frames, port, event)
            continue
        port = 0 if outputs == 1 else channel % PARTS
        if port >= outputs:
            continue  # an ensemble with more parts than there are ports
        status = event[STATUS]
        message[0] = status | s.part_midi_channel[channel] | event[DATA1] << 8 | event[DATA2] << 16
        size = 2 if status in (PROGRAM, PRESSURE) else 3
        buffer = _get_buffer(s.driver[GET_BUFFER], (s.driver_ports[MIDI_OUT + port], frames))
        if _write(s.driver[WRITE], (buffer, event[FRAME], message.ctypes.data, size)) != 0:
            s.counters[OUT_DROPPED] += 1


@njit
def follow_transport(s):
    """Take the beat from JACK's transport: its bars where a master gives them, else its frames and our tempo.

    jack_position_t, by byte: frame at 20, valid at 24, bar 28, beat 32, tick 36, beats_per_bar (float) 48,
    ticks_per_beat (double) 56, beats_per_minute (double) 64.
    """
    position = s.driver_scratch[POSITION : POSITION + POSITION_WORDS]
    rolling = _query(s.driver[QUERY], (s.driver[CLIENT], position.ctypes.data)) == ROLLING
    words = carray(pointer(position.ctypes.data), POSITION_WORDS * 2, int32)
    singles = carray(pointer(position.ctypes.data), POSITION_WORDS * 2, float32)
    doubles = carray(pointer(position.ctypes.data), POSITION_WORDS, float64)
    bpm = s.bpm
    if words[6] & BBT_VALID:
        bpm = doubles[8]
        beats = (words[7] - 1) * singles[12] + (words[8] - 1) + words[9] / max(doubles[7], 1.0)
    else:
        beats = int64(words[5]) / s.rate * bpm / 60.0
    s.tick = beats * s.resolution
    s.tick_frame = s.frame
    s.ticks_per_frame = bpm * s.resolution / (60.0 * s.rate) if rolling else 0.0
    if rolling and not s.clock_rolling:
        s.restart = 1
    s.clock_rolling = 1 if rolling else 0


@cfunc(types.int32(types.uint32, types.voidptr), cache=True)
def on_process(frames, argument):
    """JACK's process callback."""
    s = carray(argument, 1, State)[0]
    if s.mode == TRANSPORT:
        follow_transport(s)
    for port in range(load_shared(word(s, INPUTS))):
        take_midi(s, frames, port)
    left = _get_buffer(s.driver[GET_BUFFER], (s.driver_ports[LEFT], frames))
    right = _get_buffer(s.driver[GET_BUFFER], (s.driver_ports[RIGHT], frames))
    _process(s.process, (s.address, frames, left, right))
    give_midi(s, frames)
    return 0


@cfunc(types.int32(types.voidptr), cache=True)
def on_xrun(argument):
    """JACK's xrun callback."""
    s = carray(argument, 1, State)[0]
    s.counters[XRUNS] += 1
    return 0


@cfunc(types.void(types.uint32, types.uint32, types.int32, types.voidptr), cache=True)
def on_connect(source, target, connected, argument):
    """JACK's connect callback: count what our MIDI inputs lose, however soon it is connected again."""
    if connected:
        return
    s = carray(argument, 1, State)[0]
    port = _port_by_id(s.driver[BY_ID], (s.driver[CLIENT], target))
    for place in range(load_shared(word(s, INPUTS))):
        if s.driver_ports[MIDI_IN + place] == port:
            s.driver_scratch[LOST + place] += 1


@cfunc(types.void(types.uint32, types.int32, types.voidptr), cache=True)
def on_register(port, registered, argument):
    """JACK's port registration callback: count what goes."""
    if not registered:
        s = carray(argument, 1, State)[0]
        s.driver[UNREGISTERED] += 1


@cfunc(types.void(types.int32, types.voidptr, types.voidptr), cache=True)
def on_shutdown(code, reason, argument):
    """JACK's info-shutdown callback: the server is gone."""
    s = carray(argument, 1, State)[0]
    store_shared(word(s, SERVER_GONE), 1)


@cfunc(types.void(types.voidptr), cache=True)
def on_message(text):
    """JACK's error and info callbacks: silence, since they may come from the audio thread."""
