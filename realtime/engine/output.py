"""The one way out: a part's event goes to the synth, to the drivers' MIDI outputs and to the log."""

from numba import int64, njit, types, void

from realtime.engine.codes import (
    ALL_PORTS,
    DATA1,
    DATA2,
    EVENTS,
    FRAME,
    PARTS,
    PORT,
    STATUS,
    SYNTHS,
    Counter,
    Log,
)
from realtime.engine.native import c_function
from realtime.engine.rings import RECORD, log
from realtime.engine.synths import awaken, channel_of

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
SYSTEM_RESET = 0xFF
ALL_SOUND_OFF = 120
CC_BANK, CC_VOLUME, CC_PAN, CC_BANK_FINE, CC_REVERB, CC_CHORUS = 0, 7, 10, 32, 91, 93
OUT_DROPPED, OUTPUT, CLOCK = int(Counter.OUT_DROPPED), int(Log.OUTPUT), int(Log.CLOCK)
ALL_CHANNELS = -1
MESSAGE = void(RECORD, int64, int64, int64, int64, int64)

_call2 = c_function(types.int32, types.int64, types.int32)
_call3 = c_function(types.int32, types.int64, types.int32, types.int32)
_call4 = c_function(types.int32, types.int64, types.int32, types.int32, types.int32)


@njit(MESSAGE, cache=True)
def put_out(s, offset, channel, status, data1, data2):
    """Put a message among those for the driver's MIDI outputs."""
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


@njit(MESSAGE, cache=True)
def tell(s, offset, channel, status, data1, data2):
    """Tell the MIDI outputs and the log, but not the synth."""
    put_out(s, offset, channel, status, data1, data2)
    log(s, s.frame + offset, OUTPUT, -1, status, data1, data2, channel, 0)


@njit(MESSAGE, cache=True)
def emit(s, offset, channel, status, data1, data2):
    """Send a message to a synth channel, ``offset`` frames into the period, and tell everyone.

    Returns nothing: a synth that refuses (no voice left) must not stop the music.
    """
    index, place = channel_of(s, channel)
    if index >= 0:
        awaken(s, index)
        synth = s.synth[index]
        if status == NOTE_ON:
            _call4(s.synth_noteon, (synth, place, data1, data2))
        elif status == NOTE_OFF:
            _call3(s.synth_noteoff, (synth, place, data1))
        elif status == CONTROL and data1 == ALL_SOUND_OFF:
            _call2(s.synth_sounds_off, (synth, place))
        elif status == CONTROL:
            _call4(s.synth_cc, (synth, place, data1, data2))
        elif status == BEND:
            _call3(s.synth_bend, (synth, place, data1 | data2 << 7))
        elif status == PRESSURE:
            _call3(s.synth_pressure, (synth, place, data1))
        elif status == KEY_PRESSURE:
            _call4(s.synth_key_pressure, (synth, place, data1, data2))
    tell(s, offset, channel, status, data1, data2)


@njit(void(RECORD, int64, int64, int64, int64), cache=True)
def tell_clock(s, offset, status, data1, data2):
    """Tell all MIDI outputs a message of the clock, and the log."""
    put_out(s, offset, ALL_PORTS, status, data1, data2)
    log(s, s.frame + offset, CLOCK, -1, status, data1, data2, -1, 0)


@njit
def hush(s):
    """After a panic: stop the synth's voices. It does so with a click, so the gate closes first."""
    s.hush = 0
    for index in range(SYNTHS):
        if s.synth[index] != 0 and s.synth_awake[index]:
            _call2(s.synth_sounds_off, (s.synth[index], ALL_CHANNELS))


@njit
def open_gate(s):
    """Let the next note sound, after a panic."""
    if s.hush:
        hush(s)
    s.gate_target = 1.0


@njit
def announce(s, offset):
    """Tell the MIDI outputs the programs of the ensemble's parts, and how loud they are now."""
    for part in range(s.slot_parts[s.slot]):
        channel = s.slot * PARTS + part
        tell(s, offset, channel, CONTROL, CC_BANK, s.part_bank[channel] >> 7)
        tell(s, offset, channel, CONTROL, CC_BANK_FINE, s.part_bank[channel] & 0x7F)
        tell(s, offset, channel, PROGRAM, s.part_program[channel], 0)
        tell(s, offset, channel, CONTROL, CC_VOLUME, s.channel_cc[channel, CC_VOLUME])
        tell(s, offset, channel, CONTROL, CC_PAN, s.part_pan[channel])
