"""Semaphores that compiled code posts by address and the host waits on, by the system's own functions.

The engine's posts and waits pass more arguments than ``sem_post`` and ``sem_wait`` take: others need them.
"""

import ctypes
import sys
import time
from collections.abc import Callable

import numpy as np

from realtime.engine.native import address_of

SEMAPHORE_BYTES = 64  # sem_t takes 32 on 64-bit Linux
BILLION = 1_000_000_000


class Posix:
    """``sem_t``."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._memory = ctypes.create_string_buffer(SEMAPHORE_BYTES)
        if library.sem_init(self._memory, 0, 0) != 0:
            raise OSError("this system gives no semaphore to a process")
        self.address = ctypes.addressof(self._memory)
        self.post, self.wait = address_of(library.sem_post), address_of(library.sem_wait)
        # sem_clockwait is not moved by whoever sets the clock; older C libraries lack it.
        self._steady = hasattr(library, "sem_clockwait")
        self._timed = library.sem_clockwait if self._steady else library.sem_timedwait

    def wait_for(self, seconds: float) -> bool:
        """Wait for a post; return whether there was one."""
        clock = time.CLOCK_MONOTONIC if self._steady else time.CLOCK_REALTIME
        until = divmod(time.clock_gettime_ns(clock) + int(seconds * BILLION), BILLION)
        timespec = (ctypes.c_long * 2)(*until)
        if self._steady:
            return self._timed(self._memory, ctypes.c_int(clock), timespec) == 0
        return self._timed(self._memory, timespec) == 0


class Dispatch:
    """``dispatch_semaphore_t`` of macOS, whose unnamed ``sem_t`` does not work."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.dispatch_semaphore_create.restype = ctypes.c_void_p
        self._library.dispatch_time.restype = ctypes.c_uint64
        self.address = self._library.dispatch_semaphore_create(ctypes.c_long(0))
        self.post = address_of(self._library.dispatch_semaphore_signal)
        self.wait = address_of(self._library.dispatch_semaphore_wait)

    def wait_for(self, seconds: float) -> bool:
        """Wait for a post; return whether there was one."""
        until = self._library.dispatch_time(ctypes.c_uint64(0), ctypes.c_int64(int(seconds * BILLION)))
        wait = self._library.dispatch_semaphore_wait
        return wait(ctypes.c_void_p(self.address), ctypes.c_uint64(until)) == 0


class Windows:
    """A semaphore object of Windows."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("kernel32")
        self._library.CreateSemaphoreW.restype = ctypes.c_void_p
        self.address = self._library.CreateSemaphoreW(None, 0, 1 << 30, None)
        self.post = address_of(self._library.ReleaseSemaphore)
        self.wait = address_of(self._library.WaitForSingleObject)

    def wait_for(self, seconds: float) -> bool:
        """Wait for a post; return whether there was one."""
        milliseconds = ctypes.c_uint32(round(seconds * 1000))
        return self._library.WaitForSingleObject(ctypes.c_void_p(self.address), milliseconds) == 0


Semaphore = Posix | Dispatch | Windows
SEMAPHORES: dict[str, Callable[[], Semaphore]] = {"linux": Posix, "darwin": Dispatch, "win32": Windows}


def make_semaphore(state: np.void, field: str) -> Semaphore:
    """Return a semaphore at 0 and put it into a field of the engine's state, with what posts and waits.

    The caller keeps it for as long as the engine may use it. Its ``wait_for`` does not hold the GIL.

    Raises:
        OSError: the system has none.
    """
    make = SEMAPHORES.get(sys.platform)
    if make is None:
        raise OSError(f"no semaphore is known for {sys.platform}")
    made = make()
    state["semaphore_post"], state["semaphore_wait"] = made.post, made.wait
    state[field] = made.address
    return made
