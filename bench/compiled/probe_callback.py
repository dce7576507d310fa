"""The probe's compiled JACK callback: sends scheduled MIDI, and notes at which frames silence ends.

It keeps onsets, not sound: a run of hours needs no more memory than one of seconds.
"""

from enum import IntEnum

import numpy as np
from numba import cfunc, float32, int64, njit, types

from realtime.engine.native import c_function, carray, load_shared, pointer, store_shared


class Function(IntEnum):
    """Places in ``Probe.functions``: addresses of libjack's functions."""

    PORT_GET_BUFFER = 0
    MIDI_CLEAR_BUFFER = 1
    MIDI_EVENT_WRITE = 2
    LAST_FRAME_TIME = 3


FRAME, STATUS, DATA1, DATA2 = range(4)
"""Columns of a schedule: frames since its start, and the MIDI message."""

Probe = np.dtype(
    [
        ("functions", np.int64, (len(Function),)),
        ("client", np.int64),
        ("keys", np.int64),  # the MIDI output
        ("left", np.int64),
        ("right", np.int64),
        ("playing", np.int64),  # 1: the main thread asks for the schedule; 0: its memory is the main thread's
        ("idle", np.int64),  # 1: the callback has seen that it shall not play
        # the schedule
        ("messages", np.int64),  # address of int64 (count, 4)
        ("sent", np.int64),  # address of int64 (count,): frame at which each message was written
        ("count", np.int64),
        ("next", np.int64),
        ("begin", np.int64),  # server frame of the schedule's frame 0; -1: the next period's
        # the ear
        ("onsets", np.int64),  # address of int64 (room,)
        ("room", np.int64),
        ("heard", np.int64),
        ("threshold", np.float32),
        ("quiet", np.int64),  # frames below the threshold after which a sound counts as a new one
        ("silent", np.int64),  # frames below the threshold until now
        ("peak", np.float32, (2,)),
        ("last_time", np.int64),  # the server's frame counter, 32 bits wide
        ("now", np.int64),  # the same, never wrapping
        ("periods", np.int64),
        ("xruns", np.int64),
        ("dropped", np.int64),  # messages for which the MIDI buffer had no room
        ("message", np.int64),
    ],
    align=True,
)

GET_BUFFER, CLEAR, WRITE, LAST_FRAME_TIME = (int(f) for f in Function)
PLAYING, IDLE = (int(Probe.fields[name][1]) for name in ("playing", "idle"))  # type: ignore[index]
PROGRAM, PRESSURE = 0xC0, 0xD0

_get_buffer = c_function(types.int64, types.int64, types.uint32)
_clear = c_function(types.void, types.int64)
_write = c_function(types.int32, types.int64, types.uint32, types.int64, types.uint64)
_last_frame_time = c_function(types.uint32, types.int64)


@njit
def tell_time(p):
    """Advance the frame counter to this period's start; it counts the frames of missed periods as well."""
    time = int64(_last_frame_time(p.functions[LAST_FRAME_TIME], (p.client,)))
    p.now += (time - p.last_time) & 0xFFFFFFFF
    p.last_time = time


@njit
def listen(p, left, right, frames):
    """Note the frames at which the right channel breaks a silence, and both channels' peaks."""
    onsets = carray(pointer(p.onsets), p.room, int64)
    peak_left, peak_right, silent = p.peak[0], p.peak[1], p.silent
    for i in range(frames):
        level = abs(right[i])
        peak_left = max(peak_left, abs(left[i]))
        peak_right = max(peak_right, level)
        if level < p.threshold:
            silent += 1
            continue
        if silent >= p.quiet and p.heard < p.room:
            onsets[p.heard] = p.now + i
            p.heard += 1
        silent = 0
    p.silent = silent
    p.peak[0], p.peak[1] = peak_left, peak_right


@njit
def play(p, buffer, frames):
    """Send the messages that are due in this period at their own frames."""
    messages = carray(pointer(p.messages), (p.count, 4), int64)
    sent = carray(pointer(p.sent), p.count, int64)
    if p.begin < 0:
        p.begin = p.now
    while p.next < p.count:
        message = messages[p.next]
        offset = p.begin + message[FRAME] - p.now
        if offset >= frames:
            return
        offset = max(offset, 0)  # a missed period: late, from when it is really sent
        kind = message[STATUS] & 0xF0
        p.message = message[STATUS] | message[DATA1] << 8 | message[DATA2] << 16
        address = p.functions.ctypes.data + MESSAGE
        size = 2 if kind in (PROGRAM, PRESSURE) else 3
        if _write(p.functions[WRITE], (buffer, offset, address, size)) != 0:
            p.dropped += 1
        sent[p.next] = p.now + offset
        p.next += 1


MESSAGE = int(Probe.fields["message"][1])  # type: ignore[index]


@cfunc(types.int32(types.uint32, types.voidptr), cache=True)
def on_process(frames, argument):
    """JACK's process callback."""
    p = carray(argument, 1, Probe)[0]
    base = p.functions.ctypes.data
    tell_time(p)
    p.periods += 1
    buffer = _get_buffer(p.functions[GET_BUFFER], (p.keys, frames))
    _clear(p.functions[CLEAR], (buffer,))
    if load_shared(base + PLAYING) == 0:
        store_shared(base + IDLE, 1)
        return 0
    left = carray(pointer(_get_buffer(p.functions[GET_BUFFER], (p.left, frames))), frames, float32)
    right = carray(pointer(_get_buffer(p.functions[GET_BUFFER], (p.right, frames))), frames, float32)
    listen(p, left, right, frames)
    play(p, buffer, frames)
    return 0


@cfunc(types.int32(types.voidptr), cache=True)
def on_xrun(argument):
    """JACK's xrun callback: a period that some client, or the server, missed."""
    p = carray(argument, 1, Probe)[0]
    p.xruns += 1
    return 0
