"""ONNX Runtime by its C interface, reached in the installed wheel: what compiled code needs to run a graph.

The order of the functions in ``OrtApi`` is fixed by ONNX Runtime's promise of ABI compatibility (only ever
appended to); ``FUNCTIONS`` holds the places of those used here, of version 1.20 of the interface.
"""

import ctypes
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

API_VERSION = 20
FUNCTIONS: dict[str, int] = {
    "GetErrorMessage": 2,
    "CreateEnv": 3,
    "CreateSession": 7,
    "Run": 9,
    "CreateSessionOptions": 10,
    "DisableMemPattern": 17,
    "DisableCpuMemArena": 19,
    "SetSessionGraphOptimizationLevel": 23,
    "SetIntraOpNumThreads": 24,
    "SetInterOpNumThreads": 25,
    "CreateTensorWithDataAsOrtValue": 49,
    "CreateCpuMemoryInfo": 69,
    "ReleaseStatus": 93,
    "ReleaseSession": 95,
    "ReleaseValue": 96,
    "ReleaseSessionOptions": 100,
}
WARNINGS, ALL_OPTIMIZATIONS, DEVICE_ALLOCATOR, DEFAULT_MEMORY = 3, 99, 0, 0  # log level 3: errors only
ELEMENT_TYPES = {"float32": 1, "int32": 6, "int64": 7}
"""ONNXTensorElementDataType."""
LIBRARIES = {"linux": "libonnxruntime.so*", "darwin": "libonnxruntime*.dylib", "win32": "onnxruntime.dll"}


class RuntimeMissingError(OSError):
    """ONNX Runtime is not installed, or not as a wheel that carries its library."""


def library_path() -> Path:
    """Return the path of ONNX Runtime's shared library inside the installed package.

    Raises:
        RuntimeMissingError: there is none.
    """
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        raise RuntimeMissingError("ONNX Runtime is not installed: pip install 'concertino[cpu]' (or [gpu])")
    found = sorted((Path(spec.origin).parent / "capi").glob(LIBRARIES.get(sys.platform, LIBRARIES["linux"])))
    if not found:
        raise RuntimeMissingError(
            f"no ONNX Runtime library inside {Path(spec.origin).parent}: reinstall 'concertino[cpu]'"
        )
    return found[0]


class Runtime:
    """The C interface of ONNX Runtime, with one environment for all sessions."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(str(library_path()))
        base_function = self.library.OrtGetApiBase
        base_function.restype = ctypes.POINTER(ctypes.c_void_p)
        get_api = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(base_function()[0])
        api = get_api(API_VERSION)
        if not api:
            raise RuntimeMissingError(
                "the installed ONNX Runtime is older than 1.20: upgrade 'concertino[cpu]'"
            )
        self.table = ctypes.cast(api, ctypes.POINTER(ctypes.c_void_p))
        self.environment = ctypes.c_void_p()
        self.call("CreateEnv", ctypes.c_int(WARNINGS), b"concertino", ctypes.byref(self.environment))
        self.memory = ctypes.c_void_p()
        self.call(
            "CreateCpuMemoryInfo",
            ctypes.c_int(DEVICE_ALLOCATOR),
            ctypes.c_int(DEFAULT_MEMORY),
            ctypes.byref(self.memory),
        )

    def address(self, name: str) -> int:
        """Return the address of a function of the interface."""
        return self.table[FUNCTIONS[name]] or 0

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function that returns a status.

        Raises:
            ValueError: it failed; the message is ONNX Runtime's.
        """
        status = ctypes.CFUNCTYPE(ctypes.c_void_p)(self.address(name))
        status.argtypes = [
            type(a) if isinstance(a, ctypes._SimpleCData) else ctypes.c_void_p for a in arguments
        ]
        failed = status(*arguments)
        if failed:
            text = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)(self.address("GetErrorMessage"))(failed)
            self.release("ReleaseStatus", failed)
            raise ValueError((text or b"unknown error").decode(errors="replace"))

    def release(self, name: str, thing: int | ctypes.c_void_p) -> None:
        """Give an object back."""
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.address(name))(thing)

    def session(self, graph: Path) -> ctypes.c_void_p:
        """Return a session for a graph: one thread, since a step is too short to share.

        Raises:
            ValueError: ONNX Runtime refuses the graph.
        """
        options, session = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("CreateSessionOptions", ctypes.byref(options))
        try:
            self.call("SetIntraOpNumThreads", options, ctypes.c_int(1))
            self.call("SetInterOpNumThreads", options, ctypes.c_int(1))
            self.call("SetSessionGraphOptimizationLevel", options, ctypes.c_int(ALL_OPTIMIZATIONS))
            path = str(graph) if sys.platform == "win32" else str(graph).encode()
            holder = ctypes.c_wchar_p(path) if isinstance(path, str) else ctypes.c_char_p(path)
            self.call("CreateSession", self.environment, holder, options, ctypes.byref(session))
        finally:
            self.release("ReleaseSessionOptions", options)
        return session

    def tensor(self, array: np.ndarray) -> ctypes.c_void_p:
        """Return an OrtValue over an array's own memory, which must outlive it."""
        value = ctypes.c_void_p()
        shape = np.array(array.shape, np.int64)
        self.call(
            "CreateTensorWithDataAsOrtValue",
            self.memory,
            ctypes.c_void_p(array.ctypes.data),
            ctypes.c_size_t(array.nbytes),
            ctypes.c_void_p(shape.ctypes.data),
            ctypes.c_size_t(array.ndim),
            ctypes.c_int(ELEMENT_TYPES[array.dtype.name]),
            ctypes.byref(value),
        )
        return value
