"""Work that competes for the processors while something is measured."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOADS = {
    "none": "nothing else runs",
    "gil": "a Python thread in the host's own process never gives the interpreter away",
    "cpu": "one process to each core computes without end",
}
BUSY = "from bench.child import die_with_parent\ndie_with_parent()\nwhile True: pass"


@contextmanager
def competing(load: str) -> Iterator[None]:
    """Keep every core busy for ``cpu``; the ``gil`` load is started by the host itself."""
    count = (os.cpu_count() or 1) if load == "cpu" else 0
    busy = [subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()
