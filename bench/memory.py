"""How much memory a process takes, and how much of it belongs to the JACK server."""

from pathlib import Path

import psutil


def resident(pid: int | None = None) -> dict[str, float]:
    """Return ``rss_mb`` and, of it, ``rss_shared_mb``: shared memory.

    JACK's server makes a segment of some 100 MB for all its ports, and each of its clients counts all of it
    as resident; a process that is two clients (PortAudio and rtmidi) counts it twice. Linux tells them
    apart; elsewhere it is 0.

    Args:
        pid: of the process; this one if None.

    Raises:
        psutil.Error: there is no such process.
    """
    process = psutil.Process(pid)
    shared = 0
    status = Path(f"/proc/{process.pid}/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines() if ":" in line)
        shared = 1024 * int(lines.get("RssShmem", "0").split()[0])
    return {
        "rss_mb": round(process.memory_info().rss / 1e6, 1),
        "rss_shared_mb": round(shared / 1e6, 1),
    }
