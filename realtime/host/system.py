"""What this machine offers a real-time host: libraries, scheduling, processor. Each check is one row."""

import ctypes
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from msgspec import Struct

from realtime.drivers.base import takes_compiled_callback
from realtime.host.devices import quiet

Level = Literal["ok", "note", "problem"]

PRIORITY = 70
"""SCHED_FIFO priority that is asked for: above a desktop, below a JACK server's own threads."""

MEMLOCK_BYTES = 512 << 20
"""Memory to be locked: the host with a large SoundFont."""

CAP_IPC_LOCK = 1 << 14
"""Bit of the capability to lock any amount of memory (linux/capability.h)."""

LIMITS = (
    "put the two lines '@audio - rtprio 95' and '@audio - memlock unlimited' into "
    "/etc/security/limits.d/audio.conf, run 'sudo usermod -aG audio $USER', and log in again"
)
INSTALL = {
    "fluidsynth": "'sudo apt-get install libfluidsynth3', or 'brew install fluid-synth'",
    "jack": "'sudo apt-get install libjack-jackd2-0' (with PipeWire: pipewire-jack), or 'brew install jack'",
    "portaudio": "'sudo apt-get install libportaudio2', or 'brew install portaudio'",
}


class Finding(Struct, frozen=True):
    """One line of ``concertino doctor``."""

    topic: str
    level: Level
    """``problem``: playing is not possible. ``note``: it is, but could be better."""
    found: str
    advice: str = ""
    """What to do about it, one sentence; empty where there is nothing to do."""


def check_system() -> Iterator[Finding]:
    """Yield the findings about this machine, the most basic ones first."""
    for check in CHECKS:
        with quiet():
            finding = check()
        yield finding


def platform_finding() -> Finding:
    """Return which Python and system this is, and whether the kernel is a real-time one."""
    text = (
        f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}"
    )
    if _read("/sys/kernel/realtime") == "1":
        text += ", real-time kernel"
    return Finding("platform", "ok", text)


def fluidsynth_finding() -> Finding:
    """Return which FluidSynth is loaded; without it there is no sound."""
    try:
        from realtime.host.libfluidsynth import fluidsynth
    except (ImportError, OSError):
        return Finding(
            "FluidSynth", "problem", "libfluidsynth was not found", f"Run {INSTALL['fluidsynth']}."
        )
    fluidsynth._fl.fluid_version_str.restype = ctypes.c_char_p
    return Finding("FluidSynth", "ok", fluidsynth._fl.fluid_version_str().decode())


def jack_finding() -> Finding:
    """Return which libjack is loaded."""
    try:
        import jack
    except (ImportError, OSError):
        advice = f"To play through JACK, run {INSTALL['jack']}; --audio portaudio works without it."
        return Finding("JACK library", "note", "libjack was not found", advice)
    return Finding("JACK library", "ok", jack.version_string())


def portaudio_finding() -> Finding:
    """Return which PortAudio is loaded, and the systems that it can play to."""
    try:
        import sounddevice
    except (ImportError, OSError):
        advice = f"To play without JACK, run {INSTALL['portaudio']}."
        return Finding("PortAudio", "note", "libportaudio was not found", advice)
    try:
        apis = ", ".join(api["name"] for api in sounddevice.query_hostapis())
    except sounddevice.PortAudioError as error:
        return Finding("PortAudio", "note", f"does not start ({error})", "Play through JACK or to a file.")
    number, _ = sounddevice.get_portaudio_version()
    short = f"{number >> 16}.{number >> 8 & 0xFF}.{number & 0xFF}"
    if not takes_compiled_callback(sounddevice):
        advice = (
            "Sound through it can break up while Python is busy: play through JACK, or update sounddevice."
        )
        return Finding("PortAudio", "note", f"{short} with {apis}, by a callback in Python", advice)
    return Finding("PortAudio", "ok", f"{short} with {apis or 'no host API'}")


def onnxruntime_finding() -> Finding:
    """Return which ONNX Runtime runs the separators, and on what."""
    try:
        import onnxruntime
    except ImportError:
        return Finding("ONNX Runtime", "problem", "is not installed", "Run 'make setup'.")
    providers = onnxruntime.get_available_providers()
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    if _has_distribution("onnxruntime") and _has_distribution("onnxruntime-gpu"):
        advice = (
            "Run 'pip uninstall onnxruntime onnxruntime-gpu' and then 'make setup': one breaks the other."
        )
        return Finding("ONNX Runtime", "note", "onnxruntime and onnxruntime-gpu are both installed", advice)
    return Finding("ONNX Runtime", "ok", f"{onnxruntime.__version__} on {names}")


def numba_finding() -> Finding:
    """Return which numba compiles the audio thread's code."""
    try:
        number = version("numba")
    except PackageNotFoundError:
        return Finding("numba", "problem", "is not installed", "Run 'make setup'.")
    return Finding("numba", "ok", number)


def gpu_finding() -> Finding:
    """Return whether there is an NVIDIA GPU, and whether ONNX Runtime could use it."""
    try:
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
        names = ", ".join(answer.stdout.strip().splitlines())
    except (OSError, subprocess.SubprocessError):  # no such tool, or a driver that does not answer
        names = ""
    if not names:
        return Finding("GPU", "ok", "no NVIDIA GPU; the models that ship run on the CPU")
    if not _has_distribution("onnxruntime-gpu"):
        return Finding("GPU", "note", f"{names}, not used", "Run 'GPU=1 make setup' for large models.")
    try:
        from realtime.contract.cuda import obstacle

        why = obstacle()
    except ImportError:  # told in its own row
        return Finding("GPU", "ok", names)
    if why:
        advice = "Run 'GPU=1 make setup' again; until then, models run on the CPU."
        return Finding("GPU", "note", f"{names}, not used: {why}", advice)
    return Finding("GPU", "ok", names)


def cpu_finding() -> Finding:
    """Return how many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores > 1:
        return Finding("CPU cores", "ok", str(cores))
    advice = "Give the host two: on one, without real-time priority, a rule chooses most notes' parts."
    return Finding("CPU cores", "note", "1", advice)


def governor_finding() -> Finding:
    """Return whether the processor stays at full speed between notes (Linux)."""
    governors = {
        _read(str(path)) for path in Path("/sys/devices/system/cpu").glob("cpu*/cpufreq/scaling_governor")
    }
    text = ", ".join(sorted(filter(None, governors)))
    if not text:
        return Finding("CPU governor", "ok", "not set by this system")
    if text == "performance":
        return Finding("CPU governor", "ok", text)
    return Finding("CPU governor", "note", text, "Run 'sudo cpupower frequency-set -g performance'.")


def priority_finding() -> Finding:
    """Return whether a thread of this user may run at real-time priority."""
    if sys.platform != "linux":
        return Finding("real-time priority", "ok", "given to audio threads by this system")
    refused = _try_fifo(PRIORITY)
    if not refused:
        return Finding("real-time priority", "ok", f"SCHED_FIFO {PRIORITY} is granted")
    return Finding(
        "real-time priority", "note", f"SCHED_FIFO {PRIORITY} is refused ({refused})", f"To get it, {LIMITS}."
    )


def memlock_finding() -> Finding:
    """Return whether the host's memory may be kept from being swapped out."""
    if sys.platform != "linux":
        return Finding("locked memory", "ok", "not limited by this system")
    import resource

    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    status = _read("/proc/self/status").partition("CapEff:\t")[2][:16]
    if (status and int(status, 16) & CAP_IPC_LOCK) or limit == resource.RLIM_INFINITY:
        return Finding("locked memory", "ok", "unlimited")
    text = f"{limit >> 20} MiB"
    if limit >= MEMLOCK_BYTES:
        return Finding("locked memory", "ok", text)
    return Finding(
        "locked memory", "note", f"at most {text}", f"To keep the host from being swapped out, {LIMITS}."
    )


CHECKS: tuple[Callable[[], Finding], ...] = (
    platform_finding,
    fluidsynth_finding,
    jack_finding,
    portaudio_finding,
    onnxruntime_finding,
    numba_finding,
    gpu_finding,
    cpu_finding,
    governor_finding,
    priority_finding,
    memlock_finding,
)


def _try_fifo(priority: int) -> str:
    """Return why a thread may not run at ``priority``; empty if it may."""
    reason = ["no thread could be started"]

    def ask() -> None:
        try:
            # 0 is the calling thread, which ends right after.
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
            reason[0] = ""
        except OSError as error:
            reason[0] = error.strerror or str(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return reason[0]


def _has_distribution(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
