"""The separator's thread: compiled, without the GIL, asleep on a semaphore that the audio thread posts."""

import ctypes
import os
import threading

import numpy as np

from realtime.engine.codes import Sync
from realtime.engine.inference import work
from realtime.host.placement import Placement
from realtime.host.semaphore import make_semaphore


class Worker:
    """Runs separators for the audio thread. ``priority`` is its SCHED_FIFO priority, or 0 for none."""

    def __init__(self, state: np.void, address: int, priority: int = 0) -> None:
        self.state = state
        try:
            self._semaphore = make_semaphore(state, "semaphore")
        except OSError as error:
            raise OSError(f"{error}: the separator runs in the audio thread") from None
        self._address = address
        self._priority = priority
        state["sync"][8 * Sync.WORKER_STOP] = 0
        self._thread = threading.Thread(target=self._run, name="separator", daemon=True)
        state["threaded"] = 1
        self._placement: Placement | None = None
        self._thread.start()

    def _run(self) -> None:
        if not raise_priority(self._priority):
            self._placement = Placement(self.state, threading.get_native_id())
        work(self._address)

    def follow(self) -> None:
        """Keep out of the audio thread's way, where the thread has no priority; call it often."""
        if self._placement:
            self._placement.follow()

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
