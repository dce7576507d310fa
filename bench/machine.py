"""On what a benchmark ran: without this its numbers say nothing."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("concertino", "onnxruntime", "onnxruntime-gpu", "numba", "numpy", "pyfluidsynth")
PROGRAMS = {"jackd": ("jackd", "--version"), "fluidsynth": ("fluidsynth", "--version")}


def describe_machine() -> dict[str, Any]:
    """Return processor, memory, system, versions, and how busy the machine is just now."""
    import psutil

    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": [round(v, 2) for v in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        "governor": _governor(),
        **{name: found for name in PACKAGES if (found := _package(name))},
        **{name: found for name, command in PROGRAMS.items() if (found := _program(command))},
    }


def _processor() -> str:
    if sys.platform == "linux":
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


def _governor() -> str:
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return path.read_text().strip() if path.is_file() else "unknown"


def _package(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _program(command: tuple[str, ...]) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    found = re.search(r"\d+\.\d+(\.\d+)*", said)
    return found[0] if found else None
