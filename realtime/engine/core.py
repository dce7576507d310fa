"""The process core: events and a period's length in, sound and events out. Every driver calls this.

Sound is rendered up to each event's own block of the synth (64 frames) before the event acts, so that events
keep their spacing within the period. MIDI outputs keep it to the frame.
"""

import ctypes

from numba import cfunc, float32, njit, types

from realtime.engine.chords import gather
from realtime.engine.clock_out import follow_transport, send_due
from realtime.engine.codes import ENTRIES, FRAME, STAMP, WAITED, Counter, Stage
from realtime.engine.histogram import add
from realtime.engine.inference import tell_listener, wake
from realtime.engine.messages import dispatch
from realtime.engine.native import carray, denormals_back, denormals_off, now_ns, pointer, processor
from realtime.engine.output import announce, hush
from realtime.engine.plan import take_planned
from realtime.engine.rings import capture, take_control, take_scheduled
from realtime.engine.separation import brings_notes, decide_chord, is_note_on
from realtime.engine.state import State
from realtime.engine.steering import take_mapped
from realtime.engine.synths import SYNTH_BLOCK, render_synths

PERIODS = int(Counter.PERIODS)
INPUT, SYNTH, CALLBACK, KEY_TO_SOUND = (
    int(stage) for stage in (Stage.INPUT, Stage.SYNTH, Stage.CALLBACK, Stage.KEY_TO_SOUND)
)
KEEP_WARM_SECONDS = 10.0  # after the last note; a pause of this length costs the next note some 0.2 ms
GATE_STEP = 1.0 / 128  # of the output's gain in a frame: a panic is silent within 3 ms, without a click


@njit
def begin_period(s, frames, began):
    """Take what the host sent, on top of the events that the driver has already put in."""
    take_control(s, frames, began)
    take_scheduled(s, frames)
    take_planned(s, frames)
    if s.mapping:
        take_mapped(s)
    for i in range(s.event_count):
        s.events[i, FRAME] = min(max(s.events[i, FRAME], 0), frames - 1)
    sort(s)
    if gather(s, frames, began):
        sort(s)
    for i in range(s.event_count):
        s.event_part[i] = -1


@njit
def sort(s):
    """Put the events in time order; those of one frame stay in the order in which they came."""
    for i in range(1, s.event_count):
        j = i
        while j > 0 and s.events[j - 1, FRAME] > s.events[j, FRAME]:
            for column in range(ENTRIES):
                kept = s.events[j, column]
                s.events[j, column] = s.events[j - 1, column]
                s.events[j - 1, column] = kept
            j -= 1


@njit
def render(s, left, right, begin, end):
    """Render frames ``begin`` to ``end`` of the period into the output."""
    if end <= begin:
        return
    render_synths(s, left, right, begin, end)
    pass_gate(s, left, right, begin, end)
    if s.hush and s.gate == 0.0:
        hush(s)


@njit
def pass_gate(s, left, right, begin, end):
    """Close the output after a panic and open it with the next note; keep the peak."""
    peak_left, peak_right = s.peak[0], s.peak[1]
    for i in range(begin, end):
        if s.gate < s.gate_target:
            s.gate = min(s.gate + GATE_STEP, s.gate_target)
        elif s.gate > s.gate_target:
            s.gate = max(s.gate - GATE_STEP, s.gate_target)
        left[i] *= s.gate
        right[i] *= s.gate
        peak_left = max(peak_left, abs(left[i]))
        peak_right = max(peak_right, abs(right[i]))
    s.peak[0] = peak_left
    s.peak[1] = peak_right


@njit
def acts_at(s, offset, done):
    """Return the frame of the period before which an event acts: the start of its own synth block.

    FluidSynth begins a voice at the first block after the call. Called at the event's own frame it would
    begin up to 63 frames late; at the block's start it begins up to 63 early, which a player hears as that
    much less delay. A block that began in the period before is rendered already: then the next one it is.
    """
    return max((s.frame + offset) // SYNTH_BLOCK * SYNTH_BLOCK - s.frame, done)


@njit
def measure(s, event, began, acted):
    """Count how long a note took to reach the core, and to reach the first frame that can hold its sound.

    That is the synth's first block from frame ``acted`` of the period on.
    """
    if event[STAMP] > 0:
        add(s, INPUT, began - event[STAMP])
    block = -((s.frame + acted) // -SYNTH_BLOCK) * SYNTH_BLOCK - s.frame
    add(s, KEY_TO_SOUND, int((event[WAITED] + block - event[FRAME]) * 1e9 / s.rate))


@njit
def process(s, frames, left_address, right_address):
    """Play one period of ``frames``: events in ``s.events``, sound to two float32 buffers.

    Afterwards ``s.out`` holds the parts' events.
    """
    began = now_ns(s.clock_gettime, s.clock_id, s.scratch_time)
    denormals_off(s.scratch_fp)
    s.audio_cpu = processor(s.getcpu)
    left = carray(pointer(left_address), frames, float32)
    right = carray(pointer(right_address), frames, float32)
    s.out_count = 0
    s.spent_ns = 0
    s.deadline_ns = int(s.deadline_share * frames * 1e9 / s.rate)
    synth_ns = 0
    if s.announce:
        s.announce = 0
        announce(s, 0)
    follow_transport(s, frames)
    begin_period(s, frames, began)
    if s.threaded and brings_notes(s):
        wake(s)  # it gets up while the sound before the first note is rendered
    done = 0
    for i in range(s.event_count):
        event = s.events[i]
        acted = acts_at(s, event[FRAME], done)
        mark = now_ns(s.clock_gettime, s.clock_id, s.scratch_time)
        render(s, left, right, done, acted)
        synth_ns += now_ns(s.clock_gettime, s.clock_id, s.scratch_time) - mark
        done = acted
        if is_note_on(event):
            if s.event_part[i] < 0:
                decide_chord(s, i)
            measure(s, event, began, acted)
        send_due(s, event[FRAME] + 1)
        dispatch(s, event, s.event_part[i])
    send_due(s, frames)
    mark = now_ns(s.clock_gettime, s.clock_id, s.scratch_time)
    render(s, left, right, done, frames)
    synth_ns += now_ns(s.clock_gettime, s.clock_id, s.scratch_time) - mark
    if s.capturing:
        capture(s, left, right, frames)
    s.event_count = 0
    s.frame += frames
    s.counters[PERIODS] += 1
    if s.threaded and s.frame - s.last_note_frame < KEEP_WARM_SECONDS * s.rate and s.last_note_frame >= 0:
        wake(s)  # finds nothing to answer, and keeps the graph in the caches for the next note
    tell_listener(s)
    denormals_back(s.scratch_fp)
    add(s, SYNTH, synth_ns)
    add(s, CALLBACK, now_ns(s.clock_gettime, s.clock_id, s.scratch_time) - began)


@cfunc(types.void(types.int64, types.int64, types.int64, types.int64), cache=True)
def _process(address, frames, left, right):
    process(carray(pointer(address), 1, State)[0], frames, left, right)


address = int(_process.address or 0)
"""Address of ``process``, for compiled callers."""
process_period = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 4)(address)
"""``process`` for callers from Python: addresses of the state and of two float32 buffers, frames between."""
