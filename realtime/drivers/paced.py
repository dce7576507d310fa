"""The paced driver: no device, but real time. For machines without sound, and for playing into a file."""

import ctypes
import threading

import numpy as np
from numba import njit, types

from realtime.drivers.base import DriverError
from realtime.engine.codes import Counter, Sync
from realtime.engine.native import address_of, c_function, carray, load_shared, now_ns, pointer
from realtime.engine.rings import word
from realtime.engine.state import State
from realtime.host.worker import raise_priority

STOP, XRUNS = int(Sync.STOP), int(Counter.XRUNS)
BILLION = 1_000_000_000

_nanosleep = c_function(types.int32, types.int64, types.int64)
_process = c_function(types.void, types.int64, types.int64, types.int64, types.int64)


@njit("void(int64, int64, int64, int64, int64)", nogil=True, cache=True)
def pace(address, frames, left, right, nanosleep):
    """Call the process core once a period until told to stop; a period that ends late is an xrun."""
    s = carray(pointer(address), 1, State)[0]
    period_ns = frames * BILLION / s.rate
    timespec = s.driver_scratch[0:2]
    started = now_ns(s.clock_gettime, s.clock_id, timespec)
    done = 0
    while load_shared(word(s, STOP)) == 0:
        _process(s.process, (address, frames, left, right))
        done += 1
        wait = started + int(done * period_ns) - now_ns(s.clock_gettime, s.clock_id, timespec)
        if wait < -period_ns:
            s.counters[XRUNS] += 1
            started -= wait  # go on from here: what is missed is not made up for
        elif wait > 0:
            timespec[0] = wait // BILLION
            timespec[1] = wait % BILLION
            _nanosleep(nanosleep, (timespec.ctypes.data, 0))


class PacedDriver:
    """Plays an engine against the system's clock; what sounds can be captured from the engine.

    Args:
        state: the engine's state.
        period: frames a period.
        priority: SCHED_FIFO priority where the system allows it; 0: none.
    """

    compiled = True
    name = "no device"

    def __init__(self, state: np.void, period: int = 256, priority: int = 60) -> None:
        self.state = state
        self.rate = float(state["rate"])
        self.period = period
        self.priority = priority
        self._sound = np.zeros((2, period), np.float32)
        self._nanosleep = address_of(ctypes.CDLL(None).nanosleep)
        self._thread = threading.Thread(target=self._run, name="audio", daemon=True)

    def _run(self) -> None:
        raise_priority(self.priority)
        left, right = self._sound
        address = int(self.state["address"])
        pace(address, self.period, left.ctypes.data, right.ctypes.data, self._nanosleep)

    def start(self) -> None:
        """Begin to play."""
        self.state["sync"][8 * Sync.STOP] = 0
        self._thread.start()

    def alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop playing."""
        self.state["sync"][8 * Sync.STOP] = 1
        if self._thread.ident is not None:
            self._thread.join(timeout=5)
            if self._thread.is_alive():
                raise DriverError("the audio thread does not stop: a separator or the synth hangs")
