"""Compiling the audio core ahead of the first use: ``python -m realtime.host.warm``, at installation.

It takes half a minute, once for each version and machine; afterwards the core is loaded from disk.
"""

import importlib
import os
import sys
import time
from pathlib import Path

from realtime.engine import compiled_code

COMPILED = (
    "realtime.engine.rings",
    "realtime.engine.inference",
    "realtime.engine.core",
    "realtime.drivers.paced",
    "realtime.drivers.jack_callback",
)
PORTAUDIO = "realtime.drivers.portaudio"
"""Apart: it can be loaded only where PortAudio is installed."""


def is_warm() -> bool:
    """Return whether the core has been compiled for this version."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", compiled_code()))
    return any(folder.glob("**/core.*.nbi"))


def warm_up() -> float:
    """Compile what is not on disk yet; return the seconds that it took."""
    began = time.perf_counter()
    for name in COMPILED:
        importlib.import_module(name)
    try:
        importlib.import_module(PORTAUDIO)
    except OSError as error:
        print(f"PortAudio can't be loaded: {error}", file=sys.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    if not is_warm():
        print("compiling the audio core for this machine (once)", file=sys.stderr, flush=True)
    warm_up()
