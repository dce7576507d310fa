"""The server's process: HTTP, WebSocket and OSC on one port, and the pipe to the host.

It ends when the pipe does. ``python -m realtime.control.server`` is started by the host and by nobody else.
"""

import asyncio
import contextlib
import errno
import os
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, BinaryIO

import uvicorn

from realtime.control import pipe
from realtime.control.guard import guess_limit
from realtime.control.hub import Hub
from realtime.control.osc import OscEndpoint
from realtime.control.runfile import is_loopback
from realtime.control.web import make_app
from realtime.control.websocket import LONGEST, Wire

CONNECTIONS = 256
ALIVE_SECONDS = 0.5
UNREAD_BYTES = 1 << 17
"""What the system keeps for a client that does not read."""
PING_SECONDS = 5.0
"""A client that does not answer a ping for as long is gone."""


def open_sockets(setup: pipe.Setup) -> tuple[socket.socket, socket.socket, int]:
    """Return a TCP and a UDP socket on one port, the first that is free, and the port.

    Raises:
        OSError: none is.
    """
    family = socket.AF_INET6 if ":" in setup.address else socket.AF_INET
    problem: OSError | None = None
    for port in range(setup.port, min(setup.port + setup.tries, 1 << 16)):
        tcp = socket.socket(family, socket.SOCK_STREAM)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if os.name == "posix":  # elsewhere it would let two hosts share a port
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((setup.address, port))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)  # of its connections, too
            tcp.listen(128)
            udp.bind((setup.address, tcp.getsockname()[1]))
        except (OSError, OverflowError) as error:
            tcp.close()
            udp.close()
            problem = OSError(f"{setup.address}:{port}: {getattr(error, 'strerror', error)}")
            if getattr(error, "errno", None) != errno.EADDRINUSE:  # no other port would do
                break
            continue
        tcp.setblocking(False)
        udp.setblocking(False)
        return tcp, udp, tcp.getsockname()[1]
    raise problem or OSError("there is no such port")


class Told(asyncio.Protocol):
    """What the host says; the process ends with it."""

    def __init__(self) -> None:
        self._decoder = pipe.Decoder(pipe.FromHost)
        self._early: list[pipe.FromHost] = []
        self.setup: asyncio.Future[pipe.Setup] = asyncio.get_running_loop().create_future()
        self.take: Callable[[pipe.FromHost], None] = self._early.append
        """Takes all messages but the first."""

    def data_received(self, data: bytes) -> None:
        """Take some bytes."""
        try:
            messages = self._decoder.take(data)
        except ValueError:
            os._exit(1)
        for message in messages:
            if isinstance(message, pipe.Setup):
                self.setup.set_result(message)
            else:
                self.take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        os._exit(0)

    def pass_on(self, take: Callable[[pipe.FromHost], None]) -> None:
        """Have ``take`` told from now on, and what has come already."""
        self.take = take
        for message in self._early:
            take(message)


async def listen(file: BinaryIO) -> Told:
    """Return what the host says on a pipe."""
    loop, told = asyncio.get_running_loop(), Told()
    if sys.platform != "win32":
        await loop.connect_read_pipe(lambda: told, file)
        return told

    def read() -> None:  # there a loop waits only for pipes that were made for it
        while data := os.read(file.fileno(), pipe.CHUNK):
            loop.call_soon_threadsafe(told.data_received, data)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return told


async def serve(host: BinaryIO, out: BinaryIO) -> None:
    """Serve until the pipe ends."""
    loop, told = asyncio.get_running_loop(), await listen(host)
    setup, hub = await told.setup, Hub(out)
    try:
        tcp, udp, port = open_sockets(setup)
    except OSError as error:
        hub.say(pipe.Ready(error=f"--control: {error}"))
        return
    guesses = guess_limit()
    app = make_app(hub, setup.token, Path(setup.takes), guesses)
    await loop.create_datagram_endpoint(lambda: OscEndpoint(hub, setup.token, guesses), sock=udp)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            ws=Wire,
            http="h11",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning" if setup.debug else "critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=10,
            ws_max_size=LONGEST,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            ws_per_message_deflate=False,
        )
    )

    ready = False

    def take(message: pipe.FromHost) -> None:
        nonlocal ready
        hub.take(message)
        if isinstance(message, pipe.State) and not ready:  # the port is told once the values are known
            ready = True
            hub.say(pipe.Ready(port))

    told.pass_on(take)
    beside = [asyncio.create_task(_live(hub))]
    if not is_loopback(setup.address):
        beside.append(asyncio.create_task(_announce(setup.address, port)))
    await server.serve(sockets=[tcp])
    for task in beside:
        task.cancel()


async def _announce(address: str, port: int) -> None:
    """Make the host known on the network; it is served whether that works or not."""
    with contextlib.suppress(ImportError, OSError):  # zeroconf is an extra
        from realtime.control.announce import announce

        announced = await announce(address, port)
        try:
            await asyncio.Event().wait()
        finally:
            await announced.async_close()


async def _live(hub: Hub) -> None:
    """Tell the host again and again that this process lives: one that hangs is replaced."""
    while True:
        await asyncio.sleep(ALIVE_SECONDS)
        hub.listen()
        hub.give_up()


def run(served: Coroutine[Any, Any, None]) -> None:
    """Run an event loop: uvloop's, which takes less of the processor, where there is one."""
    try:
        import uvloop
    except ImportError:  # Windows
        asyncio.run(served)
    else:
        uvloop.run(served)


def main() -> None:
    """Run; standard output is the pipe, so whatever prints goes to standard error."""
    out: Any = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    run(serve(sys.stdin.buffer, out))


if __name__ == "__main__":
    main()
