"""The one way out: a part's event goes to the synth, to the drivers' MIDI outputs and to the log."""

from numba import njit, types

from realtime.engine.native import c_function
from realtime.engine.rings import log
from realtime.engine.state import DATA1, DATA2, EVENTS, FRAME, PORT, STATUS, Counter, Log

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
ALL_SOUND_OFF = 120
OUT_DROPPED, OUTPUT = int(Counter.OUT_DROPPED), int(Log.OUTPUT)
ALL_CHANNELS = -1

_call2 = c_function(types.int32, types.int64, types.int32)
_call3 = c_function(types.int32, types.int64, types.int32, types.int32)
_call4 = c_function(types.int32, types.int64, types.int32, types.int32, types.int32)


@njit
def emit(s, offset, channel, status, data1, data2):
    """Send a message to a synth channel, ``offset`` frames into the period, and tell everyone.

    Returns nothing: a synth that refuses (no voice left) must not stop the music.
    """
    if s.synth != 0:
        if status == NOTE_ON:
            _call4(s.synth_noteon, (s.synth, channel, data1, data2))
        elif status == NOTE_OFF:
            _call3(s.synth_noteoff, (s.synth, channel, data1))
        elif status == CONTROL and data1 == ALL_SOUND_OFF:
            _call2(s.synth_sounds_off, (s.synth, channel))
        elif status == CONTROL:
            _call4(s.synth_cc, (s.synth, channel, data1, data2))
        elif status == BEND:
            _call3(s.synth_bend, (s.synth, channel, data1 | data2 << 7))
        elif status == PRESSURE:
            _call3(s.synth_pressure, (s.synth, channel, data1))
        elif status == KEY_PRESSURE:
            _call4(s.synth_key_pressure, (s.synth, channel, data1, data2))
    if s.out_count < EVENTS:
        event = s.out[s.out_count]
        event[FRAME] = offset
        event[PORT] = channel
        event[STATUS] = status
        event[DATA1] = data1
        event[DATA2] = data2
        s.out_count += 1
    else:
        s.counters[OUT_DROPPED] += 1
    log(s, s.frame + offset, OUTPUT, -1, status, data1, data2, channel, 0)
