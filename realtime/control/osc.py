"""OSC over UDP: every control is an address.

``/tempo 96`` sets, ``/tempo`` asks, ``/panic`` calls. Answers go to where the message came from: the address
with its value, or ``/error`` with one sentence. ``/subscribe`` has all changes sent for a minute. Where the
host asks for a token, ``/token TOKEN`` comes first. A bundle acts at once, whatever its time.
"""

import asyncio
import sys
import time
from typing import Any

import msgspec
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from realtime.control.guard import SLOWLY, is_right
from realtime.control.hub import Hub, RefusedError
from realtime.control.limits import Buckets

Address = tuple[str, int]
RATE, BURST = 1000.0, 2000.0
"""Messages of one sender: a second, and at once."""
ERRORS, ERROR_BURST = 20.0, 100.0
"""Errors that one sender is told."""
WAITING = 512
"""Messages that wait for the host; more are refused."""
SUBSCRIBERS, SUBSCRIBED_SECONDS = 32, 60.0
SENDERS, KNOWN_SECONDS = 64, 600.0
"""Senders that gave the token, and how long they may be silent."""
LONGEST = 8192
LONGEST_ANSWER = 65507 if sys.platform != "darwin" else 9216
"""Bytes of a datagram: what IPv4 carries, and what macOS sends."""
BUNDLED = 256
"""Messages of one bundle."""


def message(address: str, value: Any) -> bytes:
    """Return an OSC message; lists become several values, and what OSC does not know becomes JSON."""
    builder = OscMessageBuilder(address)
    for each in value if isinstance(value, list | tuple) else [value]:
        known = each is None or isinstance(each, str | bool | int | float)
        builder.add_arg(each if known else msgspec.json.encode(each).decode())
    return builder.build().dgram


def parse(data: bytes) -> list[OscMessage]:
    """Return the messages of a datagram.

    Raises:
        ValueError: it is no OSC.
    """
    if len(data) % 4:  # python-osc would fill up what is cut short
        raise ValueError("not an OSC message: its length is not a multiple of 4")
    try:
        if not OscBundle.dgram_is_bundle(data):
            return [OscMessage(data)]
        found: list[OscMessage] = []
        bundles = [OscBundle(data)]
        while bundles and len(found) <= BUNDLED:
            for part in bundles.pop():
                (bundles if isinstance(part, OscBundle) else found).append(part)  # type: ignore[arg-type]
    except Exception as error:  # python-osc's own errors, and what it does not foresee
        raise ValueError(f"not an OSC message: {error}"[:200]) from None
    if len(found) > BUNDLED:
        raise ValueError(f"a bundle may hold {BUNDLED} messages")
    return found


class OscEndpoint(asyncio.DatagramProtocol):
    """Serves OSC clients.

    Args:
        hub: knows the values and the host.
        token: asked for if not None.
        guesses: how many wrong tokens an address may give.
    """

    def __init__(self, hub: Hub, token: str | None, guesses: Buckets) -> None:
        self.hub, self.token, self._guesses = hub, token, guesses
        self._transport: asyncio.DatagramTransport | None = None
        self._rate, self._errors = Buckets(RATE, BURST), Buckets(ERRORS, ERROR_BURST)
        self._subscribed: dict[Address, float] = {}
        self._known: dict[Address, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        hub.watchers.add(self._changed)

    def connection_made(self, transport: Any) -> None:
        """Keep what answers are sent through."""
        self._transport = transport

    def error_received(self, exc: Exception) -> None:
        """Whoever was answered is gone; nothing depends on it."""

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Do what a datagram says, or answer why not."""
        sender = (addr[0], addr[1])
        if not self._rate.take(sender):
            self._refuse(sender, "too many messages: some are left out")
            return
        if len(data) > LONGEST:
            self._refuse(sender, f"at most {LONGEST} bytes are taken")
            return
        try:
            for each in parse(data):
                self._take(sender, each.address, list(each.params))
        except (ValueError, RefusedError) as error:
            self._refuse(sender, str(error))

    def _take(self, sender: Address, address: str, values: list[Any]) -> None:
        now = time.monotonic()
        if not address.startswith("/"):
            raise ValueError("not an OSC message: its address does not begin with /")
        if address == "/token":
            self._let_in(sender, values, now)
            return
        if self.token and now - self._known.get(sender, -KNOWN_SECONDS) > KNOWN_SECONDS:
            raise RefusedError(401, "send /token with the token first")
        if self.token:
            self._known[sender] = now
        if address in ("/subscribe", "/unsubscribe"):
            self._subscribed.pop(sender, None)
            if address == "/subscribe":
                if len(self._subscribed) >= SUBSCRIBERS:
                    raise RefusedError(429, "too many subscribers")
                self._subscribed[sender] = now + SUBSCRIBED_SECONDS
            return
        if len(self._tasks) >= WAITING:
            raise RefusedError(429, "too much is asked at once: wait for the answers")
        task = asyncio.create_task(self._do(sender, address, values))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _let_in(self, sender: Address, values: list[Any], now: float) -> None:
        if self.token and not (len(values) == 1 and is_right(str(values[0]), self.token)):
            if not self._guesses.take(sender[0]):
                raise RefusedError(429, SLOWLY)
            raise RefusedError(401, "this is not the token")
        self._known.pop(sender, None)
        if len(self._known) >= SENDERS:
            del self._known[min(self._known, key=lambda each: self._known[each])]
        self._known[sender] = now

    async def _do(self, sender: Address, address: str, values: list[Any]) -> None:
        name = address.removeprefix("/")
        try:
            control = self.hub.control(name)
            if values or control.call:
                await self.hub.set(name, None if not values else values if len(values) > 1 else values[0])
            else:
                answer = message(address, await self.hub.get(name))
                if len(answer) > LONGEST_ANSWER:
                    raise ValueError(f"{name} is too long for a datagram: ask for it by HTTP, /api/{name}")
                self._send(sender, answer)
        except (RefusedError, ValueError) as error:
            self._refuse(sender, str(error))

    def _refuse(self, sender: Address, sentence: str) -> None:
        if self._errors.take(sender):
            self._send(sender, message("/error", sentence))

    def _changed(self, name: str, value: Any) -> None:
        now = time.monotonic()
        told = message(f"/{name}", value) if self._subscribed else b""
        if len(told) > LONGEST_ANSWER:
            told = message("/error", f"{name} has changed, and is too long for a datagram")
        for sender, until in tuple(self._subscribed.items()):
            if now > until:
                del self._subscribed[sender]
            else:
                self._send(sender, told)

    def _send(self, receiver: Address, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(data, receiver)
