"""Where the separator's thread runs: not on the audio thread's processor, if it can't have a priority there.

The audio thread looks for an answer without a pause. A thread without priority that is woken on the same
processor runs when that is over, and its answer is late. Linux looks for an idle processor only among those
that share a cache, which the processors of a virtual machine may not: of 212 notes, 197 came late there.
"""

import contextlib
import ctypes
import os
import sys

import numpy as np

from realtime.engine.native import address_of

PROCESSORS = sys.platform == "linux"
"""Whether this system tells and takes the processors of one thread."""


def attach_processors(state: np.void) -> None:
    """Let the audio thread tell on which processor it runs."""
    if PROCESSORS:
        state["getcpu"] = address_of(ctypes.CDLL(None).sched_getcpu)


def allowed_processors() -> set[int]:
    """Return the processors that this process may use, by number."""
    return os.sched_getaffinity(0) if PROCESSORS else set(range(os.cpu_count() or 1))


class Placement:
    """Keeps a thread away from the processor of the audio thread, which may move.

    Args:
        state: the engine's memory.
        thread: its id, as the system counts threads.
    """

    def __init__(self, state: np.void, thread: int) -> None:
        self._state, self._thread = state, thread
        self._left = -1

    def follow(self) -> None:
        """Move the thread, if the audio thread has come to where it may run."""
        processor = int(self._state["audio_cpu"])
        if processor == self._left or not PROCESSORS:
            return
        self._left, allowed = processor, allowed_processors()
        if processor not in allowed or len(allowed) == 1:
            return
        with contextlib.suppress(OSError):  # the thread has ended, or processors were taken from us meanwhile
            os.sched_setaffinity(self._thread, allowed - {processor})
