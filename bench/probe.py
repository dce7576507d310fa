"""An independent JACK client that plays keys at exact frames and hears when they sound.

It is a process of its own (``python -m bench.probe``), with a compiled callback at the server's priority.
Its MIDI goes to the instrument and the instrument's sound comes back, which makes a loop through the
server's graph: a note is delivered in the period after the one in which it was sent, as from a keyboard.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
# JACK-Client's types show neither its ports' methods nor that they can be told by number.

import argparse
import ctypes
import time
from pathlib import Path
from typing import Any

import jack
import numpy as np

from bench.child import complain, die_with_parent, say, serve
from bench.compiled.probe_callback import Function, Probe, on_process, on_xrun
from realtime.drivers.base import DriverError
from realtime.drivers.jack import handle, libjack, open_client
from realtime.engine.native import address_of

FUNCTIONS = {
    Function.PORT_GET_BUFFER: "jack_port_get_buffer",
    Function.MIDI_CLEAR_BUFFER: "jack_midi_clear_buffer",
    Function.MIDI_EVENT_WRITE: "jack_midi_event_write",
    Function.LAST_FRAME_TIME: "jack_last_frame_time",
}
PROGRESS_SECONDS = 0.5
TAIL_SECONDS = 0.3
"""How long it goes on listening after the last message."""
QUIET_SECONDS = 0.005
CONNECT_SECONDS = 5.0
POLL_SECONDS = 0.005
PLAYBACK = 1  # JackPlaybackLatency
SERVER_STOPPED = "the JACK server has stopped calling the probe"


class JackProbe:
    """The probe as an open JACK client named ``name``."""

    def __init__(self, name: str) -> None:
        self.client = open_client(name)
        self.rate = float(self.client.samplerate)
        self.memory = np.zeros(1, Probe)
        self.state: np.void = self.memory[0]
        library = libjack()
        for place, function in FUNCTIONS.items():
            self.state["functions"][place] = address_of(getattr(library, function))
        ports = {
            "keys": self.client.midi_outports.register("keys"),
            "left": self.client.inports.register("left"),
            "right": self.client.inports.register("right"),
        }
        self.state["client"] = handle(self.client)
        for field, port in ports.items():
            self.state[field] = handle(port)
        client, state = ctypes.c_void_p(int(self.state["client"])), ctypes.c_void_p(self.memory.ctypes.data)
        for set_callback, callback in (
            (library.jack_set_process_callback, on_process),
            (library.jack_set_xrun_callback, on_xrun),
        ):
            if set_callback(client, ctypes.c_void_p(callback.address), state) != 0:
                raise DriverError("the JACK server takes no callback from the probe: restart the server")
        self.client.activate()

    def ports(self) -> list[str]:
        """Return the names of all ports of the server."""
        return [port.name for port in self.client.get_ports()]

    def connect(self, keys: str, left: str, right: str, seconds: float) -> None:
        """Connect to an instrument's MIDI input and audio outputs, and to nothing else.

        Raises:
            DriverError: a port does not appear, or its client plays nothing, within ``seconds``.
        """
        pairs = [(self.client.midi_outports[0].name, keys)]
        pairs += [(left, self.client.inports[0].name), (right, self.client.inports[1].name)]
        for port in (*self.client.midi_outports, *self.client.inports):
            port.disconnect()
        deadline = time.monotonic() + seconds
        for source, target in pairs:
            while not self._connect(source, target):
                if time.monotonic() > deadline:
                    raise DriverError(f"{source} can't be connected to {target}: are both there, and active?")
                time.sleep(POLL_SECONDS)

    def _connect(self, source: str, target: str) -> bool:
        if not {source, target} <= set(self.ports()):
            return False
        try:
            self.client.connect(source, target)
        except jack.JackError:  # its client is not active yet
            return False
        return True

    def play(self, messages: np.ndarray, threshold: float, every: Any = None) -> dict[str, Any]:
        """Send a schedule and listen; return what was sent and heard.

        Args:
            messages: int64, shape (n, 4), see ``bench.compiled``.
            threshold: level from which the right channel is heard (1.0 is full scale).
            every: called with the number of messages sent, twice a second.
        """
        state = self.state
        messages = np.ascontiguousarray(messages, np.int64)
        sent = np.full(len(messages), -1, np.int64)
        onsets = np.zeros(2 * len(messages) + 1024, np.int64)
        state["messages"], state["count"] = messages.ctypes.data, len(messages)
        state["sent"], state["onsets"], state["room"] = sent.ctypes.data, onsets.ctypes.data, len(onsets)
        state["next"] = state["heard"] = state["dropped"] = state["xruns"] = 0
        state["begin"], state["silent"], state["peak"] = -1, 0, 0.0
        state["threshold"], state["quiet"] = threshold, int(QUIET_SECONDS * self.rate)
        began = time.monotonic()
        state["playing"] = 1
        silent_since, seen = began, (0, 0)
        while state["next"] < len(messages):
            time.sleep(PROGRESS_SECONDS)
            if every:
                every(int(state["next"]))
            now = (int(state["next"]), int(state["periods"]))
            if now[1] != seen[1]:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > CONNECT_SECONDS:
                raise DriverError(SERVER_STOPPED)
            seen = now
        time.sleep(TAIL_SECONDS)
        state["idle"] = 0
        state["playing"] = 0
        deadline = time.monotonic() + CONNECT_SECONDS
        while not state["idle"]:  # until then the callback may write to the arrays
            if time.monotonic() > deadline:
                raise DriverError(SERVER_STOPPED)
            time.sleep(0.001)
        return {
            "sent": sent,
            "onsets": onsets[: int(state["heard"])],
            "begin": int(state["begin"]),
            "xruns": int(state["xruns"]),
            "dropped": int(state["dropped"]),
            "peak": [float(v) for v in state["peak"]],
            "seconds": time.monotonic() - began,
        }

    def playback_frames(self) -> int:
        """Return the delay that the server states from its playback ports to the ear; 0: it has none."""
        ports = self.client.get_ports(is_audio=True, is_input=True, is_physical=True)
        if not ports:
            return 0
        span = (ctypes.c_uint32 * 2)()  # jack_latency_range_t: shortest and longest, in frames
        port = ctypes.c_void_p(handle(ports[0]))
        libjack().jack_port_get_latency_range(port, PLAYBACK, span)
        return int(span[1])

    def idle(self, seconds: float) -> int:
        """Return how many xruns there are in ``seconds`` of doing nothing."""
        self.state["xruns"] = 0
        time.sleep(seconds)
        return int(self.state["xruns"])

    def close(self) -> None:
        """Leave the server."""
        self.client.deactivate(ignore_errors=True)
        self.client.close(ignore_errors=True)


def main() -> None:
    """Serve requests; schedules and results travel as NumPy files."""
    die_with_parent()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="bench-probe")
    try:
        probe = JackProbe(parser.parse_args().name)
    except OSError as error:
        complain(error)
        return

    def connect(keys: str, left: str, right: str, seconds: float = CONNECT_SECONDS) -> dict[str, Any]:
        probe.connect(keys, left, right, seconds)
        return {"at": time.monotonic()}

    def play(schedule: str, results: str, threshold: float) -> dict[str, Any]:
        result = probe.play(np.load(schedule), threshold, lambda sent: say(progress={"sent": sent}))
        np.savez(Path(results), sent=result.pop("sent"), onsets=result.pop("onsets"))
        return result

    say(
        done={
            "rate": probe.rate,
            "period": int(probe.client.blocksize),
            "realtime": bool(probe.client.realtime),
            "playback_frames": probe.playback_frames(),
        }
    )
    serve(
        {
            "ports": lambda: {"ports": probe.ports()},
            "connect": connect,
            "play": play,
            "idle": lambda seconds: {"xruns": probe.idle(seconds)},
        }
    )
    probe.close()


if __name__ == "__main__":
    main()
