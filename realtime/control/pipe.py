"""What the host and the server's process say to each other, over the server's standard input and output.

The server is a process of its own: whatever reaches it from a network, and however much, is parsed and
refused there, and never takes the host's interpreter. Each message is a length (4 bytes, little-endian) and
msgpack.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

_LENGTH = struct.Struct("<I")
LONGEST = 1 << 24
CHUNK = 1 << 16


class Setup(Struct, tag=True, array_like=True):
    """Host: the first message, how to serve."""

    address: str
    port: int
    tries: int
    """How many ports are tried, from ``port`` on."""
    token: str | None
    takes: str
    """Folder of the takes."""
    debug: bool = False


class State(Struct, tag=True, array_like=True):
    """Host: all values, and what may be chosen; again when the ensemble changes."""

    values: dict[str, Any]
    choices: dict[str, list[str]]
    sounding: list[Any]
    seconds: float
    client: int = 0
    """For this client only; 0: for all."""


class Changed(Struct, tag=True, array_like=True):
    """Host: the values that have changed at once, by name."""

    values: dict[str, Any]


class Broadcast(Struct, tag=True, array_like=True):
    """Host: a JSON text for every WebSocket client."""

    text: str
    seconds: float
    """The engine's clock."""


class Sound(Struct, tag=True, array_like=True):
    """Host: a binary message for those that hear ``format``."""

    format: str
    block: bytes


class Reply(Struct, tag=True, array_like=True):
    """Host: the answer to the server's ``Ask`` of this number."""

    number: int
    value: Any = None
    error: str | None = None
    status: int = 200
    """As HTTP has it: 404 no such control or part, 409 not to be had here, 422 wrong value, 500 a defect."""


class Ready(Struct, tag=True, array_like=True):
    """Server: it serves on this port; or ``error`` says why not."""

    port: int = 0
    error: str | None = None


class Ask(Struct, tag=True, array_like=True):
    """Server: read a control, or set or call it."""

    number: int
    name: str
    value: Any = None
    write: bool = False


class Key(Struct, tag=True, array_like=True):
    """Server: a client plays a MIDI channel message."""

    client: int
    data: bytes


class Gone(Struct, tag=True, array_like=True):
    """Server: a client has left; what it holds is let go."""

    client: int


class Joined(Struct, tag=True, array_like=True):
    """Server: a client has come, and wants to know everything."""

    client: int


class Listen(Struct, tag=True, array_like=True):
    """Server: how many clients watch, and which sample formats are heard by some."""

    watching: int
    formats: list[str]


FromHost = Setup | State | Changed | Broadcast | Sound | Reply
FromServer = Ready | Ask | Key | Joined | Gone | Listen

_encoder = msgspec.msgpack.Encoder()


def packed(message: FromHost | FromServer) -> bytes:
    """Return a message with its length."""
    data = _encoder.encode(message)
    return _LENGTH.pack(len(data)) + data


class Decoder:
    """Finds the messages of one direction in what arrives.

    Args:
        kinds: ``FromHost`` or ``FromServer``.
    """

    def __init__(self, kinds: Any) -> None:
        self._decode = msgspec.msgpack.Decoder(kinds).decode
        self._rest = b""

    def take(self, data: bytes) -> list[Any]:
        """Return the messages that ``data`` completes.

        Raises:
            ValueError: it makes no sense.
        """
        data, start, found = self._rest + data, 0, []
        while len(data) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, start)
            if length > LONGEST:
                raise ValueError(f"a message of {length} bytes")
            end = start + _LENGTH.size + length
            if end > len(data):
                break
            found.append(self._decode(data[start + _LENGTH.size : end]))
            start = end
        self._rest = data[start:]
        return found


def messages(file: int, kinds: Any) -> Iterator[Any]:
    """Yield the messages of one direction, until the pipe ends or makes no sense.

    Args:
        file: descriptor of the pipe's end.
        kinds: ``FromHost`` or ``FromServer``.
    """
    decoder = Decoder(kinds)
    with suppress(OSError, ValueError):  # msgspec's own errors are ValueErrors
        while data := os.read(file, CHUNK):
            yield from decoder.take(data)
