"""Whether ONNX Runtime runs on an NVIDIA GPU here, and if not, why: for whoever could mend it."""

from __future__ import annotations

import ctypes
import io
import sys
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from realtime.contract.error import one_line

PROVIDER = "CUDAExecutionProvider"
MISSING = "ONNX Runtime has no CUDA here; install 'concertino[gpu]'"
LONGEST = 200
"""Characters of what a library says of itself."""
LIBRARIES = {"linux": "libonnxruntime_providers_{}.so", "win32": "onnxruntime_providers_{}.dll"}
FATAL = 4
"""Severity from which ONNX Runtime writes to the terminal."""


def preload() -> None:
    """Load NVIDIA's libraries where pip put them: ONNX Runtime looks only where the system does."""
    import onnxruntime

    load = getattr(onnxruntime, "preload_dlls", None)  # from 1.21 on
    if load:
        with redirect_stdout(io.StringIO()):  # it prints what it misses; a session that fails says it too
            load()


@cache
def obstacle() -> str:
    """Return why nothing runs on a GPU here; empty: something does. It tries, and keeps the answer.

    Raises:
        ImportError: ONNX Runtime is not installed.
    """
    import onnxruntime

    if PROVIDER not in onnxruntime.get_available_providers():
        return MISSING
    preload()
    onnxruntime.set_default_logger_severity(FATAL)  # what fails is told below
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    try:
        session = onnxruntime.InferenceSession(
            _smallest_graph(), options, providers=[PROVIDER], enable_fallback=0
        )
    except Exception as error:  # ONNX Runtime's errors have no common base of their own
        return f"CUDA does not start ({_short(error)}): look at the GPU and its driver with nvidia-smi"
    if PROVIDER in session.get_providers():
        return ""
    return f"CUDA does not load ({_not_loaded()}); install 'concertino[gpu]' and NVIDIA's driver"


def _smallest_graph() -> bytes:
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "smallest", ends[:1], ends[1:])
    # Versions that every ONNX Runtime knows with which a plugin runs.
    return helper.make_model(
        graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]
    ).SerializeToString()


def _not_loaded() -> str:
    """Return what the system's loader says of the library that ONNX Runtime could not load."""
    import onnxruntime

    folder, name = Path(onnxruntime.__file__).parent / "capi", LIBRARIES.get(sys.platform, "")
    try:
        for part in ("shared", "cuda"):
            ctypes.CDLL(str(folder / name.format(part)), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        return _short(error)
    return "no reason is known"


def _short(error: Exception) -> str:
    return one_line(str(error).strip())[:LONGEST]
