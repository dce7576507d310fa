"""FluidSynth's effects without OpenMP: they would allocate memory in every block of the audio thread.

FluidSynth 2.3.1 and later, built with OpenMP, renders reverb and chorus in a parallel region. libgomp makes
a team for each region and, where it is of one thread, frees it again: one allocation every 64 frames,
whatever the number of cores. No setting of either library avoids it. The region's body is correct on one
thread without a team (libgomp defines its queries and barriers outside of a team), so here the library's
reference to ``GOMP_parallel`` is led to a compiled function that just calls the body.
"""

import ctypes
import mmap
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numba import cfunc, types

from realtime.engine.native import c_function

REGION = "GOMP_parallel"
MAPS = Path("/proc/self/maps")
READ, WRITE = 1, 2

_body = c_function(types.void, types.int64)


# void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags)
@cfunc(types.void(types.int64, types.int64, types.uint32, types.uint32), cache=True)
def _alone(body, data, threads, flags):
    _body(body, (data,))


def play_alone(library: ctypes.CDLL) -> bool:
    """Make the parallel regions of a loaded library run on the thread that enters them.

    Returns whether the library now starts none: True also where it has no reference to OpenMP.
    """
    try:
        region = ctypes.cast(getattr(library, REGION), ctypes.c_void_p).value or 0
    except AttributeError:
        return True  # built without OpenMP
    if not sys.platform.startswith("linux"):
        return False
    alone = int(_alone.address or 0)
    found = False
    for begin, end, writable in data_pages(library._name):
        words = np.ctypeslib.as_array((ctypes.c_uint64 * ((end - begin) // 8)).from_address(begin))
        for place in np.flatnonzero((words == region) | (words == alone)):
            found = write_word(begin + 8 * int(place), alone, writable) or found
    return found


def data_pages(name: str) -> Iterator[tuple[int, int, bool]]:
    """Yield begin, end and whether it is writable of each readable data mapping of a loaded library."""
    for line in MAPS.read_text().splitlines():
        addresses, access, *_, path = line.split(maxsplit=5)
        if access[0] == "r" and access[2] != "x" and Path(path).name.startswith(Path(name).name):
            begin, end = (int(text, 16) for text in addresses.split("-"))
            yield begin, end, access[1] == "w"


def write_word(address: int, value: int, writable: bool) -> bool:
    """Write a word into memory that the loader may have made read-only; return whether that was allowed."""
    protect = ctypes.CDLL(None).mprotect
    page = address & -mmap.PAGESIZE
    size = ctypes.c_size_t(mmap.PAGESIZE)
    if not writable and protect(ctypes.c_void_p(page), size, READ | WRITE) != 0:
        return False
    ctypes.c_uint64.from_address(address).value = value
    if not writable:
        protect(ctypes.c_void_p(page), size, READ)
    return True
