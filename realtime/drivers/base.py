"""What the host asks of every real-time driver."""

import ctypes
from types import ModuleType
from typing import Any, Protocol


class DriverError(OSError):
    """A driver that can't start or go on; the message says why and what to do."""


class Driver(Protocol):
    """Calls the process core in real time until it is closed."""

    name: str
    rate: float
    period: int
    compiled: bool
    """Whether the callback runs without the GIL."""

    def start(self) -> None:
        """Begin to play.

        Raises:
            DriverError: the device or server refuses.
        """
        ...

    def alive(self) -> bool:
        """Return whether the device or server is still there."""
        ...

    def close(self) -> None:
        """Stop playing; the process core is not called again after this."""
        ...


def abandon(*things: Any) -> None:
    """Never free ``things``: the server that they belong to is gone, and their libraries crash over it."""
    for thing in things:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def takes_compiled_callback(sounddevice: ModuleType) -> bool:
    """Return whether this sounddevice shows PortAudio's own functions, which take a compiled callback.

    Without them the driver falls back to a callback in Python, which waits for the interpreter.
    """
    return hasattr(getattr(sounddevice, "_lib", None), "Pa_OpenStream")
