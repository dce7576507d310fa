"""The separator's thread: compiled, without the GIL, asleep on a semaphore that the audio thread posts."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable

import numpy as np

from realtime.engine.inference import work
from realtime.engine.native import address_of
from realtime.engine.state import Sync

SEMAPHORE_BYTES = 64  # sem_t takes 32 on 64-bit Linux


def _posix_semaphore(state: np.void) -> object:
    library = ctypes.CDLL(None)
    memory = ctypes.create_string_buffer(SEMAPHORE_BYTES)
    if library.sem_init(memory, 0, 0) != 0:
        raise OSError("this system gives no semaphore to a process")
    state["semaphore"] = ctypes.addressof(memory)
    state["semaphore_post"] = address_of(library.sem_post)
    state["semaphore_wait"] = address_of(library.sem_wait)
    return memory


def _dispatch_semaphore(state: np.void) -> object:
    library = ctypes.CDLL(None)
    library.dispatch_semaphore_create.restype = ctypes.c_void_p
    semaphore = library.dispatch_semaphore_create(ctypes.c_long(0))
    state["semaphore"] = semaphore
    state["semaphore_post"] = address_of(library.dispatch_semaphore_signal)
    state["semaphore_wait"] = address_of(library.dispatch_semaphore_wait)
    return semaphore


def _windows_semaphore(state: np.void) -> object:
    library = ctypes.CDLL("kernel32")
    library.CreateSemaphoreW.restype = ctypes.c_void_p
    semaphore = library.CreateSemaphoreW(None, 0, 1 << 30, None)
    state["semaphore"] = semaphore
    state["semaphore_post"] = address_of(library.ReleaseSemaphore)
    state["semaphore_wait"] = address_of(library.WaitForSingleObject)
    return semaphore


SEMAPHORES: dict[str, Callable[[np.void], object]] = {
    "linux": _posix_semaphore,
    "darwin": _dispatch_semaphore,
    "win32": _windows_semaphore,
}


class Worker:
    """Runs separators for the audio thread. ``priority`` is its SCHED_FIFO priority, or 0 for none."""

    def __init__(self, state: np.void, address: int, priority: int = 0) -> None:
        self.state = state
        make = SEMAPHORES.get(sys.platform)
        if make is None:
            raise OSError(f"no semaphore is known for {sys.platform}: the separator runs in the audio thread")
        self._semaphore = make(state)
        self._address = address
        self._priority = priority
        state["sync"][8 * Sync.WORKER_STOP] = 0
        self._thread = threading.Thread(target=self._run, name="separator", daemon=True)
        state["threaded"] = 1
        self._thread.start()

    def _run(self) -> None:
        raise_priority(self._priority)
        work(self._address)

    def close(self) -> None:
        """Stop the thread; the audio thread must have stopped."""
        self.state["threaded"] = 0
        self.state["sync"][8 * Sync.WORKER_STOP] = 1
        post = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        post(int(self.state["semaphore_post"]))(int(self.state["semaphore"]), 1, 0)
        self._thread.join(timeout=5)


def raise_priority(priority: int) -> bool:
    """Give the calling thread a SCHED_FIFO priority; return whether the system allowed it."""
    if priority <= 0 or not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (PermissionError, OSError):
        return False
    return True
