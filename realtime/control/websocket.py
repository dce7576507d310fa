"""WebSocket clients: what they may say, and how they are told; see README.md for the messages."""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime.control import pipe
from realtime.control.hub import Hub, RefusedError
from realtime.control.limits import Bucket
from realtime.control.messages import is_message
from realtime.control.requests import Audio, Get, Midi, NoteOff, NoteOn, Ping, Request, Set, decode, text_of

LONGEST = 1 << 16
"""Bytes of a message from a client."""
RATE, BURST = 1000.0, 4000.0
"""Messages of a client: a second, and at once."""
CLIENTS = 32
UNSENT_BYTES = 1 << 20
"""What may wait for a client that is slow; then it is dropped."""
AT_ONCE_BYTES = 1 << 14
"""Sent in one piece."""
ASKED = 64
"""Requests of a client that wait for the host."""
PARTING_SECONDS = 0.2
"""For the last word to a client that is dropped."""
TRY_LATER = 1013


class Wire(WebSocketsSansIOProtocol):
    """A connection that the application may read from and write to by itself, and cut.

    Through ASGI each message would wake a task, pass six functions and cost several system calls, and
    to close would wait for a client that does not read.
    """

    on_text: Callable[[str], None] | None = None
    """Takes the texts that come, if not None."""

    def send_receive_event_to_app(self) -> None:
        """Pass a message on; in order also where some came before there was a taker."""
        if self.on_text and self.queue.empty() and self.curr_msg_data_type == "text" and not self.close_sent:
            with contextlib.suppress(UnicodeDecodeError):
                text = b"".join(self.frames).decode()
                self.frames = []
                self.on_text(text)
                return
        super().send_receive_event_to_app()

    def connection_made(self, transport: Any) -> None:
        """Put the connection into the application's scope."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "wire": self}

    async def send_all(self, messages: Iterable[str | bytes]) -> None:
        """Send messages at once, as soon as the client has taken most of those before.

        Raises:
            ConnectionError: it has gone.
        """
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ConnectionError("the client has gone")
        for message in messages:
            if isinstance(message, str):
                self.conn.send_text(message.encode())
            else:
                self.conn.send_binary(message)
        self.transport.write(b"".join(self.conn.data_to_send()))

    def abort(self) -> None:
        """End the connection now, whatever is still to be sent."""
        if sock := self.transport.get_extra_info("socket"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """End a connection whose other end has vanished: to close it would wait until all is sent."""
        super().keepalive_timeout()
        self.abort()


class Connection:
    """One client.

    Args:
        websocket: what it is connected by.
        hub: what it talks to.
        number: tells it from others.
    """

    def __init__(self, websocket: WebSocket, hub: Hub, number: int) -> None:
        self.websocket, self.hub, self.number = websocket, hub, number
        self.format: str | None = None
        self._wire: Wire = websocket.scope["state"]["wire"]
        self._waiting: deque[str | bytes] = deque()
        self._size = 0
        self._some = asyncio.Event()
        self._asked = 0
        self._bucket = Bucket(RATE, BURST)
        self._parting = self._dropped = False

    def send(self, what: str | bytes) -> None:
        """Queue a message; a client that has not taken what waits already is dropped."""
        if self._dropped:
            return
        self._size += len(what)
        if self._size > UNSENT_BYTES:
            self.drop()
            return
        self._waiting.append(what)
        self._some.set()

    def drop(self) -> None:
        """End the connection at once."""
        self._dropped = True
        self._waiting.clear()
        self._wire.abort()

    async def _send_on(self) -> None:
        with contextlib.suppress(Exception):  # it has gone; the other task notices
            while True:
                await self._some.wait()
                self._some.clear()
                while self._waiting:
                    await self._wire.send_all(self._next())

    def _next(self) -> list[str | bytes]:
        """Return what is sent next."""
        messages: list[str | bytes] = []
        size = 0
        while self._waiting and size < AT_ONCE_BYTES:
            messages.append(self._waiting.popleft())
            size += len(messages[-1])
        self._size -= size
        return messages

    async def run(self) -> None:
        """Serve the client until it leaves or is dropped."""
        sender = asyncio.create_task(self._send_on())
        self._wire.on_text = self._hear
        try:
            while (message := await self.websocket.receive())["type"] != "websocket.disconnect":
                self._hear(message.get("text"))
        finally:
            sender.cancel()
            self._dropped = True

    def _hear(self, text: str | None) -> None:
        if self._parting:
            return
        if self._bucket.take():
            self._take(text)
            return
        self._parting = True
        self.send(text_of("error", id=None, error="too many messages: this connection ends"))
        asyncio.get_running_loop().call_later(PARTING_SECONDS, self.drop)

    def _take(self, text: str | None) -> None:
        try:
            if text is None:
                raise RefusedError(422, "messages are JSON texts")
            request = decode(text)
            self._do(request)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self.send(text_of("error", id=None, error=f"not a message of this protocol: {error}"[:300]))
        except RefusedError as error:
            self.send(text_of("error", id=None, error=str(error)))

    def _do(self, request: Request) -> None:
        if isinstance(request, NoteOn):
            self._play(0x90, request.pitch, request.velocity)
        elif isinstance(request, NoteOff):
            self._play(0x80, request.pitch, 0)
        elif isinstance(request, Midi):
            if not is_message(bytes(request.data)):
                raise RefusedError(422, "data must be one whole MIDI channel message")
            self._play(*request.data)
        elif isinstance(request, Audio):
            self.format = request.format
            self.hub.listen()
        elif isinstance(request, Ping):
            self.send(text_of("pong", time=request.time, seconds=self.hub.seconds()))
        elif isinstance(request, Set | Get):
            if self._asked >= ASKED:
                raise RefusedError(429, "too much is asked at once: wait for the answers")
            self._ask(request)

    def _play(self, *data: int) -> None:
        self.hub.say(pipe.Key(self.number, bytes(data)))

    def _ask(self, request: Set | Get) -> None:
        """Ask the hub: no task for each question, since a fader asks 60 times a second."""

        def done(reply: pipe.Reply) -> None:
            self._asked -= 1
            if reply.error is not None:
                self.send(text_of("error", id=request.id, error=reply.error))
            elif request.id is not None:
                self.send(text_of("done", id=request.id, value=reply.value))

        self._asked += 1
        try:
            if isinstance(request, Get):
                self.hub.read(request.name, done)
            else:
                self.hub.write(request.name, request.value, done)
        except RefusedError as error:
            done(pipe.Reply(0, error=str(error)))


class Connections:
    """The WebSocket endpoint.

    Args:
        hub: what clients talk to.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._count = 0
        hub.on_state = self.state
        hub.on_change = lambda name, value: text_of("change", name=name, value=value)

    def state(self) -> str:
        """Return the text that tells a client everything."""
        state = self.hub.state
        return text_of(
            "state",
            values=state.values,
            choices=state.choices,
            sounding=state.sounding,
            seconds=self.hub.seconds(),
        )

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve a client."""
        await websocket.accept()
        hub = self.hub
        if len(hub.clients) >= CLIENTS:
            await websocket.close(TRY_LATER, "too many clients")
            return
        self._count += 1
        client = Connection(websocket, hub, self._count)
        hub.clients.add(client)
        hub.say(pipe.Joined(client.number))
        hub.listen()
        try:
            await client.run()
        except WebSocketDisconnect:
            pass
        finally:
            hub.clients.discard(client)
            hub.say(pipe.Gone(client.number))
            hub.listen()
