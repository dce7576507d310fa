"""One step of a separator's graph: features in, ONNX Runtime's C API, scores out, state carried.

The audio thread never runs this itself when playing: ONNX Runtime allocates and locks inside ``Run``. A
thread without the GIL does (``work``), woken by a semaphore; offline, the same step runs in line.
"""

from numba import float32, int32, int64, njit, types

from realtime.engine.codes import REQUESTS, Stage, Sync
from realtime.engine.histogram import add
from realtime.engine.native import (
    c_function,
    carray,
    denormals_off,
    load_shared,
    now_ns,
    pointer,
    store_shared,
)
from realtime.engine.request import COLUMNS, COUNTS, RESTART, SEPARATOR
from realtime.engine.rings import word
from realtime.engine.state import State

FLOAT32, INT64, INT32 = range(3)
DTYPES = {"float32": FLOAT32, "int64": INT64, "int32": INT32}
WARM_SHARE = 2
"""How often a step must fit into a period's budget for the separator to be kept warm."""
SPIN_NS = 60_000
"""How long the thread looks for the next note of a chord before it sleeps: cheaper than being woken."""

REQUESTED, ANSWERED = int(Sync.REQUESTED), int(Sync.ANSWERED)
SEPARATOR_STAGE = int(Stage.SEPARATOR)
WORKER_STOP, ASLEEP = int(Sync.WORKER_STOP), int(Sync.ASLEEP)
HEARD, LISTENING = int(Sync.HEARD), int(Sync.LISTENING)

# OrtStatus* Run(session, run_options, input_names, inputs, count, output_names, count, outputs)
_run = c_function(
    types.int64,
    types.int64,
    types.int64,
    types.int64,
    types.int64,
    types.int64,
    types.int64,
    types.int64,
    types.int64,
)
_post = c_function(types.int32, types.int64, types.int64, types.int64)
_release_status = c_function(types.void, types.int64)
# sem_post and sem_wait take the semaphore alone and ignore the rest, which others need: ReleaseSemaphore a
# count and a null, dispatch_semaphore_wait and WaitForSingleObject a time-out (all ones: for ever).
_wait = c_function(types.int32, types.int64, types.int64)


@njit
def copy(source, target, count):
    """Copy ``count`` bytes between addresses; whole words of 4."""
    given, kept = carray(pointer(source), count // 4, int32), carray(pointer(target), count // 4, int32)
    for i in range(count // 4):
        kept[i] = given[i]


@njit
def write(s, separator, index, request):
    """Write one input tensor's feature."""
    code = s.input_code[separator, index]
    address = s.input_address[separator, index]
    dtype = s.input_dtype[separator, index]
    count = COUNTS[code] if COUNTS[code] > 0 else s.separator_parts[separator]
    for i in range(count):
        given = request[COLUMNS[code] + i] + s.input_offset[separator, index]
        given = min(max(given, s.input_low[separator, index]), s.input_high[separator, index])
        if dtype == FLOAT32:
            carray(pointer(address), count, float32)[i] = given
        elif dtype == INT64:
            carray(pointer(address), count, int64)[i] = given
        else:
            carray(pointer(address), count, int32)[i] = given


@njit
def run(s, separator):
    """Run a separator's graph on what is in its input tensors; return ONNX Runtime's status, 0 for good."""
    return _run(
        s.ort_run,
        (
            s.session[separator],
            s.run_options[separator],
            s.input_names[separator],
            s.input_values[separator],
            s.input_count[separator],
            s.output_names[separator],
            s.output_count[separator],
            s.output_values[separator],
        ),
    )


@njit
def keep_warm(s):
    """Run the separator once more and forget the result.

    Between two notes of a player the processor loses the graph's weights and code from its caches, and a
    step takes several times as long (``concertino bench separator`` shows it). The audio thread wakes this
    one after each period while someone plays. The states that the next step reads are not touched. A
    separator that needs much of its budget is left alone: the next note would wait for the end of this run.
    """
    separator = s.slot_separator[s.slot]
    if separator >= 0 and WARM_SHARE * s.step_ns[separator] < s.deadline_ns:
        status = run(s, separator)
        if status != 0:
            _release_status(s.ort_release_status, (status,))


@njit
def begin_afresh(s, separator):
    """Give a separator's states their first values."""
    for i in range(s.state_count[separator]):
        copy(s.state_initial[separator, i], s.state_to[separator, i], s.state_bytes[separator, i])


@njit
def advance(s, separator, request):
    """Run a separator for one request and move its states on; return whether its graph did not fail."""
    for i in range(s.input_count[separator]):
        if s.input_code[separator, i] >= 0:
            write(s, separator, i, request)
    status = run(s, separator)
    if status != 0:
        _release_status(s.ort_release_status, (status,))
        return False
    for i in range(s.state_count[separator]):
        copy(s.state_from[separator, i], s.state_to[separator, i], s.state_bytes[separator, i])
    return True


@njit
def step(s, place):
    """Run the separator for the request at ``place``; leave scores, duration and success in its answer."""
    request = s.request[place]
    separator = request[SEPARATOR]
    began = now_ns(s.clock_gettime, s.clock_id, s.scratch_worker)
    if request[RESTART]:
        begin_afresh(s, separator)
    done = advance(s, separator, request)
    s.answer_failed[place] = not done
    if done:
        parts = s.separator_parts[separator]
        scores = carray(pointer(s.scores[separator]), parts, float32)
        for i in range(parts):
            s.answer[place, i] = scores[i]
    took = now_ns(s.clock_gettime, s.clock_id, s.scratch_worker) - began
    s.answer_ns[place] = took
    s.step_ns[separator] = took
    add(s, SEPARATOR_STAGE, took)


@njit
def wake(s):
    """Audio thread: wake the separator's thread if it sleeps."""
    if load_shared(word(s, ASLEEP)) != 0:
        _post(s.semaphore_post, (s.semaphore, 1, 0))


@njit
def tell_listener(s):
    """Audio thread, at a period's end: wake whoever waits for input, if there was some."""
    if s.heard == 0:
        return
    store_shared(word(s, HEARD), load_shared(word(s, HEARD)) + s.heard)
    s.heard = 0
    if load_shared(word(s, LISTENING)) != 0:
        store_shared(word(s, LISTENING), 0)  # before the post: the listener sets it again when woken
        _post(s.semaphore_post, (s.listener, 1, 0))


@njit("void(int64)", nogil=True, cache=True)
def work(address):
    """Answer requests until told to stop: the body of the separator's thread."""
    s = carray(pointer(address), 1, State)[0]
    denormals_off(s.scratch_worker_fp)
    idle_since = now_ns(s.clock_gettime, s.clock_id, s.scratch_worker)
    while load_shared(word(s, WORKER_STOP)) == 0:
        answered = load_shared(word(s, ANSWERED))
        if load_shared(word(s, REQUESTED)) > answered:
            step(s, answered % REQUESTS)
            store_shared(word(s, ANSWERED), answered + 1)
            idle_since = now_ns(s.clock_gettime, s.clock_id, s.scratch_worker)
        elif now_ns(s.clock_gettime, s.clock_id, s.scratch_worker) - idle_since > SPIN_NS:
            keep_warm(s)
            store_shared(word(s, ASLEEP), 1)
            # A request made before the flag was up was made without waking: look once more.
            if load_shared(word(s, REQUESTED)) == answered and load_shared(word(s, WORKER_STOP)) == 0:
                _wait(s.semaphore_wait, (s.semaphore, -1))
            store_shared(word(s, ASLEEP), 0)
            idle_since = now_ns(s.clock_gettime, s.clock_id, s.scratch_worker)
