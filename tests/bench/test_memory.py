import mmap
import os
import sys
from pathlib import Path

import pytest

from bench.memory import resident

SHARED = Path("/dev/shm")
MB = 1_000_000


def test_a_process_has_memory_of_its_own():
    memory = resident()
    assert memory["rss_mb"] > 10
    assert 0 <= memory["rss_shared_mb"] < memory["rss_mb"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells shared memory apart")
def test_shared_memory_is_told_apart():
    before = resident()
    path = SHARED / f"concertino-test-{os.getpid()}"
    with path.open("wb+") as file:
        path.unlink()
        file.truncate(20 * MB)
        with mmap.mmap(file.fileno(), 20 * MB) as memory:
            memory[:] = bytes(20 * MB)
            after = resident()
    assert after["rss_shared_mb"] - before["rss_shared_mb"] == pytest.approx(20, abs=2)
