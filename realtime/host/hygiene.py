"""Real-time hygiene of the process: memory that stays in place, a collector that stays quiet."""

import ctypes
import gc
import sys

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
"""ONFAULT: lock pages as they are used, not every page that a library has merely mapped."""


def lock_memory() -> bool:
    """Keep what is in memory from being swapped out; return whether the system allowed it."""
    if not sys.platform.startswith("linux"):
        return False
    return ctypes.CDLL(None, use_errno=True).mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0


def freeze_collector() -> None:
    """Take all objects of start-up out of the garbage collector's sight."""
    gc.collect()
    gc.freeze()
