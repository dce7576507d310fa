"""JACK clients that play and hear MIDI without the interpreter: the keyboards of tests and benchmarks."""

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

import jack
import numpy as np

from bench.compiled.midi_callback import (
    AT,
    HEARD,
    INPUTS,
    LENGTH,
    MESSAGES,
    PORT,
    SIZE,
    Function,
    Midi,
    on_process,
)
from realtime.drivers.base import DriverError, abandon
from realtime.drivers.jack import handle, libjack, quiet_messages
from realtime.engine.native import address_of

FUNCTIONS = {
    Function.PORT_GET_BUFFER: "jack_port_get_buffer",
    Function.MIDI_CLEAR_BUFFER: "jack_midi_clear_buffer",
    Function.MIDI_EVENT_WRITE: "jack_midi_event_write",
    Function.MIDI_GET_EVENT_COUNT: "jack_midi_get_event_count",
    Function.MIDI_EVENT_GET: "jack_midi_event_get",
    Function.LAST_FRAME_TIME: "jack_last_frame_time",
}
SETTLING = 5
"""Periods after which a new connection carries MIDI: a server that is late switches later."""
SECONDS = 60.0


class MidiClient:
    """A JACK client that can be closed also when its server was killed: libjack then frees it by itself.

    Args:
        name: of the client.
        output: name of a MIDI output, if it is to have one.
        inputs: names of MIDI inputs, at most ``INPUTS``.
        physical: show the output as a keyboard's own.
        server: name of the server; None: the one that the environment names.

    Raises:
        jack.JackOpenError: the server does not run.
        DriverError: it takes no callback.
    """

    _open: ClassVar[set["MidiClient"]] = set()
    """JACK goes on calling a client that nobody knows any more: its memory must not be freed."""

    def __init__(
        self,
        name: str,
        output: str | None = None,
        inputs: Sequence[str] = (),
        physical: bool = False,
        server: str | None = None,
    ) -> None:
        quiet_messages()
        self.client = jack.Client(name, servername=server, no_start_server=True)
        self._server_gone = threading.Event()
        self.client.set_shutdown_callback(lambda status, reason: self._server_gone.set())
        self._memory = np.zeros(1, Midi)
        state = self._state = self._memory[0]
        library = libjack()
        for place, function in FUNCTIONS.items():
            state["functions"][place] = address_of(getattr(library, function))
        state["client"] = handle(self.client)
        if output:
            self.port = self.client.midi_outports.register(output, is_physical=physical)
            state["output"] = handle(self.port)
        self.inputs = [self.client.midi_inports.register(name) for name in inputs[:INPUTS]]
        for place, port in enumerate(self.inputs):
            state["inputs"][place] = handle(port)
        state["input_count"] = len(self.inputs)
        arguments = ctypes.c_void_p(on_process.address), ctypes.c_void_p(self._memory.ctypes.data)
        if library.jack_set_process_callback(ctypes.c_void_p(int(state["client"])), *arguments) != 0:
            raise DriverError("the JACK server takes no callback from this client: restart the server")
        self._open.add(self)
        self.client.activate()

    def connect(self, source: str, target: str) -> None:
        """Connect two ports and wait until JACK passes MIDI on between them, some periods later.

        Raises:
            jack.JackError: there are no such ports, or their client is not active.
            TimeoutError: the server does not call this client.
        """
        self.client.connect(source, target)
        self._wait(lambda until=int(self._state["periods"]) + SETTLING: self._state["periods"] >= until)

    def send(self, messages: Sequence[Sequence[int]]) -> None:
        """Send messages in one period, and wait until they are gone.

        Args:
            messages: at most ``MESSAGES`` of ``LENGTH`` bytes.

        Raises:
            TimeoutError: the server does not call this client.
            ValueError: there are more, or longer ones.
        """
        if len(messages) > MESSAGES or max(map(len, messages), default=0) > LENGTH:
            raise ValueError(f"at most {MESSAGES} messages of {LENGTH} bytes can be sent at once")
        for place, message in enumerate(messages):
            self._state["messages"][place, : len(message)] = list(message)
            self._state["sizes"][place] = len(message)
        self._state["waiting"] = len(messages)
        self._wait(lambda: not self._state["waiting"])

    def _wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the JACK server has not called {self.client.name!r} for {SECONDS:g} s")
            time.sleep(0.0005)

    def take(self) -> list[tuple[int, int, bytes]]:
        """Return what was heard since the last call: place of the input, the server's frame, message."""
        state = self._state
        read, written = int(state["read"]), int(state["written"])
        rows = np.arange(read, written) % HEARD
        found = [
            (int(row[PORT]), int(row[AT]), data[: row[SIZE]].tobytes())
            for row, data in zip(state["heard"][rows], state["heard_data"][rows], strict=True)
        ]
        state["read"] = written
        return found

    def close(self) -> None:
        """Vanish, without a word to anyone."""
        if self._server_gone.is_set():
            abandon(self.client, self._memory)
        else:
            self.client.deactivate(ignore_errors=True)
            self.client.close(ignore_errors=True)
        self._open.discard(self)
