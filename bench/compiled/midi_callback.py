"""The compiled JACK callback of a client that sends MIDI at once, or keeps what it hears.

In Python it would be unsafe: when a client is closed, JACK cancels its thread wherever that is
(``JackPosixThread::Kill``), and a thread that holds or awaits the interpreter takes it along.
"""

from enum import IntEnum

import numpy as np
from numba import cfunc, int64, njit, types, uint8

from realtime.engine.native import c_function, carray, load_shared, pointer, store_shared


class Function(IntEnum):
    """Places in ``Midi.functions``: addresses of libjack's functions."""

    PORT_GET_BUFFER = 0
    MIDI_CLEAR_BUFFER = 1
    MIDI_EVENT_WRITE = 2
    MIDI_GET_EVENT_COUNT = 3
    MIDI_EVENT_GET = 4
    LAST_FRAME_TIME = 5


LENGTH = 64
"""Bytes of the longest message."""
MESSAGES = 512
"""Messages that can be sent in one period."""
HEARD = 1 << 16
"""Messages that can be heard between two looks."""
INPUTS = 32
PORT, AT, SIZE = range(3)
"""Columns of what was heard: place of the input, the server's frame (32 bits), bytes."""

Midi = np.dtype(
    [
        ("functions", np.int64, (len(Function),)),
        ("client", np.int64),
        ("output", np.int64),  # 0: none
        ("inputs", np.int64, (INPUTS,)),
        ("input_count", np.int64),
        ("periods", np.int64),  # how often the server has called
        ("waiting", np.int64),  # messages to send; the callback sets it back to 0
        ("written", np.int64),  # messages heard so far
        ("read", np.int64),  # of these, how many Python has taken
        ("event", np.int64, (3,)),  # jack_midi_event_t
        ("sizes", np.int64, (MESSAGES,)),
        ("messages", np.uint8, (MESSAGES, LENGTH)),
        ("heard", np.int64, (HEARD, 3)),
        ("heard_data", np.uint8, (HEARD, LENGTH)),
    ],
    align=True,
)

GET_BUFFER, CLEAR, WRITE, COUNT, GET, LAST_FRAME = (int(f) for f in Function)
WAITING, WRITTEN, READ = (int(Midi.fields[name][1]) for name in ("waiting", "written", "read"))  # type: ignore[index]

_get_buffer = c_function(types.int64, types.int64, types.uint32)
_clear = c_function(types.void, types.int64)
_write = c_function(types.int32, types.int64, types.uint32, types.int64, types.uint64)
_count = c_function(types.uint32, types.int64)
_get = c_function(types.int32, types.int64, types.int64, types.uint32)
_last_frame = c_function(types.uint32, types.int64)


@njit
def give(m, address, frames):
    """Send all that waits: a message a frame, and what is beyond the period at its last one."""
    buffer = _get_buffer(m.functions[GET_BUFFER], (m.output, frames))
    _clear(m.functions[CLEAR], (buffer,))
    waiting = load_shared(address + WAITING)
    for place in range(waiting):
        data = m.messages[place].ctypes.data
        _write(m.functions[WRITE], (buffer, min(place, int64(frames) - 1), data, m.sizes[place]))
    if waiting:
        store_shared(address + WAITING, 0)


@njit
def take(m, address, place, frames):
    """Keep the messages of one input; what finds no room is lost."""
    buffer = _get_buffer(m.functions[GET_BUFFER], (m.inputs[place], frames))
    start = int64(_last_frame(m.functions[LAST_FRAME], (m.client,)))
    for number in range(int64(_count(m.functions[COUNT], (buffer,)))):
        written = load_shared(address + WRITTEN)
        if written - load_shared(address + READ) == HEARD:
            return
        # jack_midi_event_t: uint32 time, size_t size, uint8* data
        if _get(m.functions[GET], (m.event.ctypes.data, buffer, number)) != 0:
            continue
        size = min(m.event[1], LENGTH)
        row = written % HEARD
        m.heard[row, PORT] = place
        m.heard[row, AT] = start + (m.event[0] & 0xFFFFFFFF)
        m.heard[row, SIZE] = size
        m.heard_data[row, :size] = carray(pointer(m.event[2]), size, uint8)
        store_shared(address + WRITTEN, written + 1)


@cfunc(types.int32(types.uint32, types.voidptr), cache=True)
def on_process(frames, argument):
    """JACK's process callback."""
    midi = carray(argument, 1, Midi)
    m, address = midi[0], midi.ctypes.data
    m.periods += 1
    if m.output:
        give(m, address, frames)
    for place in range(m.input_count):
        take(m, address, place, frames)
    return 0
