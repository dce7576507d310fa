"""Messages that no host should obey: malformed OSC, WebSocket, HTTP and MIDI, the same for the same seed.

Each is wrong in a way that can't by chance be right, so that afterwards nothing may have changed.
"""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
NAMES = ("tempo", "parts/1/volume", "parts/1/range", "ensemble", "parts/2/mute", "record", "separator")
VALUES: tuple[Any, ...] = (-1, 1e300, "\x00", "..", [], {}, [[1]], None, [1, 2, 3], {"value": 1}, "x" * 500)
"""None of ``NAMES`` takes any of these."""
TIMEOUT = 5.0
A_SECOND = 900.0
"""Messages a second of one connection: as many as a host lets through, so that it has to read them all."""


def _noise(random: np.random.Generator, longest: int = 200) -> bytes:
    return random.bytes(int(random.integers(1, longest)))


def _pick(random: np.random.Generator, among: tuple[Any, ...]) -> Any:
    return among[int(random.integers(len(among)))]


def osc_message(random: np.random.Generator) -> bytes:
    """Return a datagram: noise, a message that is cut, of wrong types, or of a name or value that is none."""
    name = f"/{_pick(random, NAMES)}".encode()
    address = name + bytes(4 - len(name) % 4)
    wrong = struct.pack(">f", -1e30)
    kinds = (
        lambda: b"\xff" + _noise(random),
        lambda: b"#bundle\0" + _noise(random, 600),
        lambda: address[:-1] + b",f\0\0" + wrong[: int(random.integers(4))],
        lambda: address + b",fffffffff\0\0" + wrong,
        lambda: address + b",f\0\0" + wrong,
        # No letter: a lone T is OSC's word for true, and right where a switch is meant.
        lambda: address + b"," + bytes(byte | 0x80 for byte in _noise(random, 12)) + bytes(4),
        lambda: b"/absent\0,i\0\0" + struct.pack(">i", int(random.integers(1 << 31))),
        lambda: b"/" * int(random.integers(1, 500)),
    )
    return _pick(random, kinds)()


def websocket_message(random: np.random.Generator) -> bytes:
    """Return the payload of a text message that is refused."""
    name, value = _pick(random, NAMES), _pick(random, VALUES)
    kinds = (
        lambda: _noise(random).hex().encode(),
        lambda: json.dumps({"type": "set", "name": name, "value": value}).encode()[:-1],
        lambda: json.dumps({"type": "set", "name": name, "value": value}).encode(),
        lambda: json.dumps({"type": "call", "name": f"absent/{name}"}).encode(),
        lambda: json.dumps({"type": "note_on", "pitch": int(random.integers(128, 1 << 40))}).encode(),
        lambda: json.dumps({"type": "midi", "data": [0xF0, *random.integers(0, 256, 2).tolist()]}).encode(),
        lambda: json.dumps({"type": "midi", "data": [0x90, int(random.integers(128, 256)), 1]}).encode(),
        lambda: b"[" * int(random.integers(1, 2000)),
        lambda: json.dumps({"type": int(random.integers(9)), "name": name}).encode(),
        lambda: b'{"type": "set", "name": "tempo", "value": 1e999}',
    )
    return _pick(random, kinds)()


def http_request(random: np.random.Generator) -> bytes:
    """Return bytes that are no request, or one that is refused."""
    name, value = _pick(random, NAMES), json.dumps({"value": _pick(random, VALUES)})
    head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(value)}"
    kinds = (
        lambda: _noise(random) + b"\r\n\r\n",
        lambda: f"PUT /api/{name} HTTP/1.1\r\n{head}\r\n\r\n{value}".encode(),
        lambda: f"PUT /api/absent HTTP/1.1\r\n{head}\r\n\r\n{value}".encode(),
        lambda: f"POST /api/panic HTTP/1.1\r\nOrigin: http://evil.example\r\n{head}\r\n\r\n{value}".encode(),
        lambda: b"GET /" + _noise(random).hex().encode() + b" HTTP/9.9\r\n\r\n",
        lambda: b"GET /api HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    )
    return _pick(random, kinds)()


def midi_message(random: np.random.Generator) -> bytes:
    """Return what no keyboard sends: cut short, without a status, of an undefined one, or far too long."""
    kinds = (
        lambda: bytes([int(random.integers(0x80, 0xF0))]),
        lambda: bytes([0x90, int(random.integers(128))]),
        lambda: bytes(random.integers(0, 128, int(random.integers(1, 5))).tolist()),
        lambda: bytes([int(_pick(random, (0xF1, 0xF4, 0xF5, 0xF9, 0xFD))), 1]),
        lambda: b"\xf0" + bytes(random.integers(0, 128, int(random.integers(1, 60))).tolist()),
    )
    return _pick(random, kinds)()


def framed(payload: bytes) -> bytes:
    """Return a WebSocket text frame, masked with zeros."""
    if len(payload) < 126:
        return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload
    return bytes([0x81, 0xFE]) + struct.pack(">H", len(payload)) + bytes(4) + payload


def _paced(count: int, per_second: float) -> Iterator[int]:
    began = time.monotonic()
    for place in range(count):
        ahead = place / per_second - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
        yield place


def send_osc(port: int, count: int, seed: int) -> int:
    """Send ``count`` datagrams from one address; return how many errors came back."""
    random = np.random.default_rng(seed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        sender.setblocking(False)
        errors = 0
        for _ in _paced(count, A_SECOND):
            with suppress(BlockingIOError, ConnectionRefusedError):
                sender.send(osc_message(random))
            with suppress(BlockingIOError, ConnectionRefusedError):
                errors += sender.recv(8192).startswith(b"/error\0")
        return errors


def send_websocket(port: int, count: int, seed: int) -> dict[str, int]:
    """Send ``count`` messages, anew connected where it is ended; return how many ``bytes`` came back."""
    random = np.random.default_rng(seed)
    told, sender = 0, None
    try:
        for _ in _paced(count, A_SECOND):
            try:
                if sender is None:
                    sender = socket.create_connection(("127.0.0.1", port), TIMEOUT)
                    sender.sendall(HANDSHAKE.encode())
                sender.sendall(framed(websocket_message(random)))
                told += len(sender.recv(1 << 16, socket.MSG_DONTWAIT))
            except BlockingIOError:
                continue
            except OSError:
                if sender:
                    sender.close()
                sender = None
    finally:
        if sender:
            sender.close()
    return {"bytes": told}


def send_http(port: int, count: int, seed: int) -> dict[str, int]:
    """Send ``count`` requests; return how often each status came back (``none``: ended without a word)."""
    random = np.random.default_rng(seed)
    statuses: dict[str, int] = {}
    for _ in _paced(count, A_SECOND / 3):
        answer = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), TIMEOUT) as sender:
            sender.sendall(http_request(random))
            sender.shutdown(socket.SHUT_WR)
            answer = sender.recv(64)
        status = answer[9:12].decode(errors="replace") or "none"
        statuses[status] = statuses.get(status, 0) + 1
    return statuses


SENDERS: dict[str, tuple[float, Callable[[int, int, int], Any]]] = {
    "osc": (0.4, send_osc),
    "websocket": (0.4, send_websocket),
    "http": (0.05, send_http),
}
"""Share of all messages, and who sends them; the rest is MIDI, which goes by a port of its own."""
MIDI_SHARE = 0.15
