"""The JACK driver: sound and MIDI in one callback, sample-accurate, without the GIL."""

import ctypes
import os
import threading
from collections.abc import Sequence
from typing import Any

import jack
import numpy as np

from realtime.drivers import jack_callback
from realtime.drivers.base import DriverError, abandon
from realtime.drivers.jack_callback import LEFT, LOST, MIDI_IN, MIDI_OUT, RIGHT, UNREGISTERED, Function
from realtime.engine.codes import PARTS, PORTS, Sync
from realtime.engine.native import address_of

FUNCTIONS = {
    Function.PORT_GET_BUFFER: "jack_port_get_buffer",
    Function.MIDI_GET_EVENT_COUNT: "jack_midi_get_event_count",
    Function.MIDI_EVENT_GET: "jack_midi_event_get",
    Function.MIDI_CLEAR_BUFFER: "jack_midi_clear_buffer",
    Function.MIDI_EVENT_WRITE: "jack_midi_event_write",
    Function.TRANSPORT_QUERY: "jack_transport_query",
    Function.GET_CYCLE_TIMES: "jack_get_cycle_times",
    Function.GET_TIME: "jack_get_time",
    Function.PORT_BY_ID: "jack_port_by_id",
}
CLIENT_NAME = "concertino"
_PRIVATE: Any = jack
"""JACK-Client's library and pointers: it offers no public way to give it a compiled callback."""


def handle(thing: Any) -> int:
    """Return the address of the C object behind a client or port of JACK-Client."""
    return int(_PRIVATE._ffi.cast("intptr_t", thing._ptr))


def libjack() -> ctypes.CDLL:
    """Return the library that JACK-Client has loaded, for what its own interface does not offer."""
    return ctypes.CDLL(_PRIVATE._libname)


def quiet_messages() -> None:
    """Keep libjack's chatter off the terminal and off the audio thread's path."""
    handler = ctypes.c_void_p(jack_callback.on_message.address)
    libjack().jack_set_error_function(handler)
    libjack().jack_set_info_function(handler)


def open_client(name: str = CLIENT_NAME) -> jack.Client:
    """Return a client of the running JACK server; a server is never started.

    Raises:
        DriverError: no server runs.
    """
    quiet_messages()
    try:
        return jack.Client(name, no_start_server=True)
    except jack.JackOpenError:
        server = os.environ.get("JACK_DEFAULT_SERVER", "default")
        raise DriverError(
            f"no JACK server {server!r} is running: start one (jackd, PipeWire) or choose --audio portaudio"
        ) from None


class ServerWatch:
    """A client that does nothing but notice the end of its server, for libraries that do not.

    Raises:
        DriverError: no server runs.
    """

    def __init__(self, name: str) -> None:
        self._gone = threading.Event()
        self._client = open_client(name)
        self._client.set_shutdown_callback(lambda status, reason: self._gone.set())
        self._client.activate()

    @property
    def gone(self) -> bool:
        """Whether the server has ended since."""
        return self._gone.is_set()

    def close(self) -> None:
        """Leave the server; after its end libjack frees the client, and nobody else may."""
        if self.gone:
            abandon(self._client)
        else:
            self._client.deactivate(ignore_errors=True)
            self._client.close(ignore_errors=True)


class JackDriver:
    """Plays an engine as a JACK client.

    Args:
        state: the engine's state; its rate must be the server's.
        outputs: names of the MIDI outputs: none, one (a channel each part), or one each part.
        client: an open client, not yet active.
    """

    compiled = True
    name = "jack"

    def __init__(self, state: np.void, client: jack.Client, outputs: Sequence[str] = ()) -> None:
        self.client = client
        self.state = state
        self.rate = float(client.samplerate)
        self.period = int(client.blocksize)
        if self.rate != state["rate"]:
            raise DriverError(
                f"the JACK server runs at {self.rate:.0f} Hz, the host at {state['rate']:.0f} Hz: start again"
            )
        library = libjack()
        for place, name in FUNCTIONS.items():
            state["driver"][place] = address_of(getattr(library, name))
        state["driver"][Function.CLIENT] = handle(client)
        ports = {
            LEFT: client.outports.register("left"),
            RIGHT: client.outports.register("right"),
        }
        for place, name in enumerate(outputs[:PARTS]):
            ports[MIDI_OUT + place] = client.midi_outports.register(name)
        for place, port in ports.items():
            state["driver_ports"][place] = handle(port)
        state["driver_outputs"] = len(outputs[:PARTS])
        state["sync"][8 * Sync.SERVER_GONE] = 0
        state["sync"][8 * Sync.INPUTS] = 0
        self.inputs: list[Any] = []
        self.add_input("midi_in")
        self._set_callbacks()

    def add_input(self, name: str) -> Any:
        """Register one more MIDI input, also while playing; its place in ``inputs`` is its engine port.

        Raises:
            DriverError: there are as many as the engine has ports.
        """
        place = len(self.inputs)
        if place == PORTS:
            raise DriverError(f"at most {PORTS} keyboards can be connected at once")
        port = self.client.midi_inports.register(name)
        self.inputs.append(port)
        self.state["driver_ports"][MIDI_IN + place] = handle(port)
        self.state["sync"][8 * Sync.INPUTS] = place + 1  # last: from now on the callback reads it
        return port

    def lost(self) -> np.ndarray:
        """Return how many connections each MIDI input has lost so far: int64, shape (PORTS,)."""
        return self.state["driver_scratch"][LOST : LOST + PORTS].copy()

    def gone(self) -> int:
        """Return how many ports of the server have gone so far."""
        return int(self.state["driver"][UNREGISTERED])

    def _set_callbacks(self) -> None:
        library, callbacks = libjack(), jack_callback
        client, state = (
            ctypes.c_void_p(int(v)) for v in (self.state["driver"][Function.CLIENT], self.state["address"])
        )
        for set_callback, callback in (
            (library.jack_set_process_callback, callbacks.on_process),
            (library.jack_set_xrun_callback, callbacks.on_xrun),
            (library.jack_set_port_connect_callback, callbacks.on_connect),
            (library.jack_set_port_registration_callback, callbacks.on_register),
        ):
            if set_callback(client, ctypes.c_void_p(callback.address), state) != 0:
                raise DriverError("the JACK server takes no callback from this client: restart the server")
        library.jack_on_info_shutdown(client, ctypes.c_void_p(callbacks.on_shutdown.address), state)

    @property
    def priority(self) -> int:
        """SCHED_FIFO priority of the audio thread, 0 where the server is not real-time."""
        if not self.client.realtime:
            return 0
        client = ctypes.c_void_p(int(self.state["driver"][Function.CLIENT]))
        return max(libjack().jack_client_real_time_priority(client), 0)

    def start(self) -> None:
        """Activate the client; see ``Driver``."""
        try:
            self.client.activate()
        except jack.JackError as error:
            raise DriverError(f"the JACK server refuses the client: {error}") from None

    def connect_playback(self) -> None:
        """Connect to the first two physical outputs, where there are any."""
        for port, target in zip(
            self.client.outports,
            self.client.get_ports(is_audio=True, is_input=True, is_physical=True),
            strict=False,
        ):
            self.connect(port.name, target.name)

    def connect(self, source: str, target: str) -> bool:
        """Connect two ports; return whether they are connected now."""
        try:
            self.client.connect(source, target)
        except jack.JackErrorCode as error:
            return error.code == 17  # EEXIST: they were connected before
        except jack.JackError:
            return False
        return True

    def alive(self) -> bool:
        """Return whether the server is still there."""
        return self.state["sync"][8 * Sync.SERVER_GONE] == 0

    def close(self) -> None:
        """Leave the server."""
        if self.alive():
            self.client.deactivate(ignore_errors=True)
        self.client.close(ignore_errors=True)
