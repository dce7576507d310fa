"""The synths of the slots, rendered together. One that nothing is played on, and that has died away, sleeps.

Ensembles that are loaded before the sound starts share one synth. What is loaded while playing brings its
own: it can be made and filled with its programs on another thread, since nobody plays it yet.
"""

from numba import float32, njit, types

from realtime.engine.codes import MIX, PARTS, SYNTHS
from realtime.engine.native import c_function

SYNTH_BLOCK = 64  # frames
QUIET = 1e-5  # level (100 dB below full scale) under which a synth counts as silent
SLEEP_SECONDS = 0.5  # of silence; FluidSynth's reverb has no gap so long

# int fluid_synth_write_float(synth, frames, left, left_offset, left_stride, right, offset, stride)
_write = c_function(
    types.int32,
    types.int64,
    types.int32,
    types.int64,
    types.int32,
    types.int32,
    types.int64,
    types.int32,
    types.int32,
)


@njit
def awaken(s, synth):
    """Have a synth rendered from here on, its blocks in step with the others'."""
    s.synth_quiet[synth] = 0
    if s.synth_awake[synth]:
        return
    s.synth_awake[synth] = 1
    behind = (s.rendered - s.synth_frame[synth]) % SYNTH_BLOCK
    if behind > 0:
        at = s.mix.ctypes.data
        _write(s.synth_write, (s.synth[synth], behind, at, 0, 1, at, MIX, 1))
    s.synth_frame[synth] = s.rendered


@njit
def playing_synth(s):
    """Return the synth of the ensemble that plays, or -1."""
    synth = s.slot_synth[s.slot]
    return synth if synth >= 0 and s.synth[synth] != 0 else -1


@njit
def fall_asleep(s, synth, peak, frames):
    """Count how long a synth has been silent, and stop rendering it then."""
    s.synth_quiet[synth] = 0 if peak > QUIET else s.synth_quiet[synth] + frames
    if s.synth_quiet[synth] > SLEEP_SECONDS * s.rate:
        s.synth_awake[synth] = 0


@njit
def add_synth(s, synth, left, right, begin, end):
    """Add frames ``begin`` to ``end`` of a synth to the output."""
    peak = float32(0.0)
    at = s.mix.ctypes.data
    while begin < end:
        count = min(end - begin, MIX)
        _write(s.synth_write, (s.synth[synth], count, at, 0, 1, at, MIX, 1))
        for i in range(count):
            left[begin + i] += s.mix[0, i]
            right[begin + i] += s.mix[1, i]
            peak = max(peak, abs(s.mix[0, i]), abs(s.mix[1, i]))
        fall_asleep(s, synth, peak, count)
        begin += count


@njit
def render_synths(s, left, right, begin, end):
    """Render frames ``begin`` to ``end`` of the period, of all synths that are awake."""
    playing = playing_synth(s)
    if playing >= 0:
        awaken(s, playing)
        _write(
            s.synth_write,
            (s.synth[playing], end - begin, left.ctypes.data, begin, 1, right.ctypes.data, begin, 1),
        )
        s.synth_frame[playing] = s.frame + end
    else:
        for i in range(begin, end):
            left[i] = 0.0
            right[i] = 0.0
    for synth in range(SYNTHS):
        if synth != playing and s.synth[synth] != 0 and s.synth_awake[synth]:
            add_synth(s, synth, left, right, begin, end)
            s.synth_frame[synth] = s.frame + end
    s.rendered = s.frame + end


@njit
def unplug(s, synth):
    """Play a synth no more, unless a slot still needs it."""
    for slot in range(len(s.slot_synth)):
        if s.slot_synth[slot] == synth and s.slot_parts[slot] > 0:
            return
    s.synth_awake[synth] = 0
    s.synth[synth] = 0


@njit
def channel_of(s, channel):
    """Return the synth that plays a channel of ours, and its own number there; -1 where there is none."""
    slot = channel // PARTS
    synth = s.slot_synth[slot]
    if synth < 0 or s.synth[synth] == 0:
        return -1, 0
    return synth, s.slot_first[slot] + channel % PARTS
