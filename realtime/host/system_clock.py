"""The clock that the audio thread and the host both read, so that stamps of one mean something to the other.

Linux and macOS have ``clock_gettime``; Windows has no such function, but C11's ``timespec_get``, which takes
its arguments the other way round (``native.now_ns``) and follows the wall clock.
"""

import ctypes
import sys
import time

import numpy as np

from realtime.engine.native import SWAPPED, address_of

MAC_UPTIME_RAW = 8
"""What ``time.monotonic`` reads on macOS, where CLOCK_MONOTONIC goes on during sleep and it does not."""


def attach_clock(state: np.void) -> None:
    """Give the audio thread the clock."""
    if sys.platform == "win32":
        state["clock_gettime"] = address_of(ctypes.CDLL("ucrtbase")._timespec64_get)
        state["clock_id"] = SWAPPED
        return
    state["clock_gettime"] = address_of(ctypes.CDLL(None).clock_gettime)
    state["clock_id"] = MAC_UPTIME_RAW if sys.platform == "darwin" else time.CLOCK_MONOTONIC


def now_ns() -> int:
    """Return the time in ns as the audio thread would read it."""
    return time.time_ns() if sys.platform == "win32" else time.monotonic_ns()
