"""The server's side of the pipe: a copy of all values, questions to the host, and everyone who listens."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from realtime.control import pipe
from realtime.control.table import find
from realtime.control.values import Control, WrongValueError, check, difference

ANSWER_SECONDS = 60.0
"""A separator or SoundFont that is loaded takes seconds."""

Answered = Callable[[pipe.Reply], None]
"""Takes the host's answer, on the event loop."""


class RefusedError(Exception):
    """A request that changed nothing.

    Args:
        status: as HTTP has it.
        sentence: why.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Client(Protocol):
    """A WebSocket client, as the hub knows it."""

    number: int
    format: str | None

    def send(self, what: str | bytes) -> None:
        """Queue a message; never waits."""
        ...


class Hub:
    """Knows the values, asks the host, and tells clients and watchers. All on the event loop.

    Args:
        out: stream to the host.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.state = pipe.State({}, {}, [], 0.0)
        self.clients: set[Client] = set()
        self.watchers: set[Callable[[str, Any], None]] = set()
        """Told of each change: name and value."""
        self.on_state: Callable[[], str] = str
        """Returns the text that tells clients the whole state."""
        self.on_change: Callable[[str, Any], str] = lambda name, value: ""
        self._seconds_at = 0.0
        self._asked: dict[int, tuple[float, Answered]] = {}
        """Until when an answer is waited for, and who is told it, by the question's number."""
        self._count = 0

    @property
    def values(self) -> dict[str, Any]:
        """All values that do not change by themselves, by name."""
        return self.state.values

    def seconds(self) -> float:
        """Return the engine's clock: as of the last state, and the time since."""
        return round(self.state.seconds + time.monotonic() - self._seconds_at, 4)

    def say(self, message: pipe.FromServer) -> None:
        """Send a message to the host."""
        self._write(pipe.packed(message))

    def _write(self, packed: bytes) -> None:
        self._out.write(packed)
        self._out.flush()

    def listen(self) -> None:
        """Tell the host how many watch, and what is heard."""
        formats = {client.format for client in self.clients if client.format}
        self.say(pipe.Listen(len(self.clients), sorted(formats)))

    def take(self, message: pipe.FromHost) -> None:
        """Take what the host says."""
        if isinstance(message, pipe.Broadcast):
            self.state.seconds, self._seconds_at = message.seconds, time.monotonic()
            for client in tuple(self.clients):
                client.send(message.text)
        elif isinstance(message, pipe.Sound):
            for client in tuple(self.clients):
                if client.format == message.format:
                    client.send(message.block)
        elif isinstance(message, pipe.Changed):
            self._change(message.values)
        elif isinstance(message, pipe.State):
            before = self.state.values
            self.state, self._seconds_at = message, time.monotonic()
            text = self.on_state()
            for client in tuple(self.clients):
                if message.client in (0, client.number):
                    client.send(text)
            self._tell_watchers(difference(before, message.values))
        elif isinstance(message, pipe.Reply):
            self._answered(message)

    def _change(self, changed: dict[str, Any]) -> None:
        for name, value in changed.items():
            if value is None and name.startswith("parts/"):
                self.values.pop(name, None)
            else:
                self.values[name] = value
        for name, value in changed.items():
            text = self.on_change(name, value)
            for client in tuple(self.clients):
                client.send(text)
        self._tell_watchers(changed)

    def _tell_watchers(self, changed: dict[str, Any]) -> None:
        for watcher in tuple(self.watchers):
            for name, value in changed.items():
                watcher(name, value)

    def control(self, name: str) -> Control:
        """Return the control called ``name``, if the ensemble that plays has it.

        Raises:
            RefusedError: it has not.
        """
        try:
            control, place = find(name)
        except LookupError as error:
            raise RefusedError(404, str(error.args[0])) from None
        parts = len(self.values.get("parts", ()))
        if place >= parts:
            raise RefusedError(404, f"{name}: the ensemble has {parts} parts")
        return control

    async def get(self, name: str) -> Any:
        """Return a value.

        Raises:
            RefusedError: there is none of this name.
        """
        return await self._wait(lambda done: self.read(name, done))

    async def set(self, name: str, value: Any = None) -> Any:
        """Change or call a control; return its value.

        Raises:
            RefusedError: nothing was changed.
        """
        return await self._wait(lambda done: self.write(name, value, done))

    def read(self, name: str, done: Answered) -> None:
        """Have ``done`` told a value.

        The host is asked for what changes by itself, and for what is loaded: it knows what was asked last.

        Raises:
            RefusedError: there is none of this name.
        """
        control = self.control(name)
        if control.read is None:
            raise RefusedError(405, f"{name} is called, it has no value")
        if not (control.volatile or control.loaded) and name in self.values:
            done(pipe.Reply(0, self.values[name]))
        else:
            self._ask(pipe.Ask(self._number(), name), done)

    def write(self, name: str, value: Any, done: Answered) -> None:
        """Change or call a control; have ``done`` told its value, or why nothing was changed.

        Raises:
            RefusedError: nothing was changed.
        """
        control = self.control(name)
        if control.write is None:
            raise RefusedError(405, f"{name} can be read only")
        try:
            value = check(name, control, value)
        except WrongValueError as error:
            raise RefusedError(422, str(error)) from None
        self._ask(pipe.Ask(self._number(), name, value, True), done)

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _ask(self, ask: pipe.Ask, done: Answered) -> None:
        try:
            packed = pipe.packed(ask)
        except (OverflowError, ValueError, RecursionError) as error:
            raise RefusedError(422, f"{ask.name} can't be passed on ({error}); give another value") from None
        self._asked[ask.number] = (time.monotonic() + ANSWER_SECONDS, done)
        self._write(packed)

    async def _wait(self, ask: Callable[[Answered], None]) -> Any:
        future = asyncio.get_running_loop().create_future()
        ask(lambda reply: None if future.done() else future.set_result(reply))
        reply: pipe.Reply = await future
        if reply.error is not None:
            raise RefusedError(reply.status, reply.error)
        return reply.value

    def give_up(self) -> None:
        """Answer the questions that the host has not answered for long; to be called now and then."""
        now = time.monotonic()
        for number, (until, _) in tuple(self._asked.items()):
            if until > now:  # they are in order
                return
            self._answered(pipe.Reply(number, error="the host does not answer", status=504))

    def _answered(self, reply: pipe.Reply) -> None:
        if asked := self._asked.pop(reply.number, None):
            asked[1](reply)
