"""The PortAudio driver: sounddevice's library with a compiled callback, on whatever the system has.

Where PortAudio has found a JACK server, it does not survive its end: closing a stream then hangs, and
terminating aborts the process. So a client of our own watches that server, and PortAudio is left alone after.
"""

import atexit
import ctypes
import time
from contextlib import suppress
from typing import Any, cast

import numpy as np
import sounddevice
from numba import cfunc, int64, types

from realtime.drivers.base import DriverError, abandon, takes_compiled_callback
from realtime.engine.codes import Counter
from realtime.engine.core import process_period
from realtime.engine.native import c_function, carray
from realtime.engine.state import State

NON_INTERLEAVED_FLOAT32 = 0x80000001
OUTPUT_UNDERFLOW = 0x4
CONTINUE = 0
JACK_API, ALSA_API = "JACK Audio Connection Kit", "ALSA"
PATIENCE_SECONDS = 2.0
"""How long a device may ask for no sound: the slow ones take a second to start."""

_server: Any = None
"""Watches the JACK server that PortAudio has found."""
XRUNS, PERIODS = int(Counter.XRUNS), int(Counter.PERIODS)

_process = c_function(types.void, types.int64, types.int64, types.int64, types.int64)


@cfunc(
    types.int32(types.voidptr, types.voidptr, types.uint64, types.voidptr, types.uint64, types.voidptr),
    cache=True,
)
def on_stream(given, output, frames, time_info, flags, argument):
    """PortAudio's stream callback, for non-interleaved float32 stereo."""
    s = carray(argument, 1, State)[0]
    if flags & OUTPUT_UNDERFLOW:
        s.counters[XRUNS] += 1
    channels = carray(output, 2, int64)
    _process(s.process, (s.address, int64(frames), channels[0], channels[1]))
    return CONTINUE


def find_device(wanted: str | None) -> tuple[int, dict[str, Any]]:
    """Return index and description of an output device: by name or part of it, else the default.

    Raises:
        DriverError: there is none.
    """
    try:
        devices = list(sounddevice.query_devices())
        default = sounddevice.default.device[1]
    except sounddevice.PortAudioError as error:
        raise DriverError(f"PortAudio does not start: {error}") from None
    outputs = [(i, d) for i, d in enumerate(devices) if d["max_output_channels"] >= 2]
    if wanted:
        outputs = [(i, d) for i, d in outputs if wanted.lower() in label(d).lower()]
        if not outputs:
            raise DriverError(f"no audio output is called {wanted!r}: 'concertino devices' lists them")
        return outputs[0]
    for index, device in outputs:
        if index == default:
            return index, device
    if not outputs:
        raise DriverError(
            "no audio output was found: plug one in, start JACK, or choose --audio file:OUT.wav"
        )
    return outputs[0]


def label(device: dict[str, Any]) -> str:
    """Return a device's name with its host API, which PortAudio users choose by."""
    return f"{device['name']} [{sounddevice.query_hostapis(device['hostapi'])['name']}]"


class PortAudioDriver:
    """Plays an engine on a PortAudio output.

    Args:
        state: the engine's state.
        period: frames a period.
        device: name of the output or part of it; None: the default.
        compiled: False: call the core from a Python callback, where the compiled one can't be used.
    """

    name = "portaudio"

    def __init__(
        self, state: np.void, period: int = 128, device: str | None = None, compiled: bool = True
    ) -> None:
        self.state = state
        self.rate = float(state["rate"])
        self.period = period
        index, description = find_device(device)
        self.device = label(description)
        self.output_latency = 0.0
        self._played, self._moved_at = -1, time.monotonic()
        self._stream: Any = None
        self._python: sounddevice.RawOutputStream | None = None
        self.compiled = compiled and takes_compiled_callback(sounddevice)
        try:
            if self.compiled:
                self._open(index, description)
            else:
                self._open_python(index)
        except sounddevice.PortAudioError as error:
            raise DriverError(
                f"{self.device} refuses {self.rate:.0f} Hz with periods of {period} frames: {error}"
            ) from None

    def _open(self, index: int, description: dict[str, Any]) -> None:
        ffi, library = sounddevice._ffi, sounddevice._lib
        parameters = ffi.new(
            "PaStreamParameters*",
            (index, 2, NON_INTERLEAVED_FLOAT32, description["default_low_output_latency"], ffi.NULL),
        )
        stream = ffi.new("PaStream**")
        callback = ffi.cast("PaStreamCallback*", int(on_stream.address or 0))
        argument = ffi.cast("void*", int(self.state["address"]))
        sounddevice._check(
            library.Pa_OpenStream(
                stream, ffi.NULL, parameters, self.rate, self.period, 0, callback, argument
            ),
            "can't open the stream",
        )
        self._stream = stream[0]
        _ask_for_real_time(int(ffi.cast("intptr_t", self._stream)), description)
        self.output_latency = library.Pa_GetStreamInfo(self._stream).outputLatency

    def _open_python(self, index: int) -> None:
        sound = np.zeros((2, self.period), np.float32)
        address = int(self.state["address"])

        def play(output: Any, frames: int, time_info: Any, flags: sounddevice.CallbackFlags) -> None:
            if flags.output_underflow:
                self.state["counters"][XRUNS] += 1
            process_period(address, frames, sound[0].ctypes.data, sound[1].ctypes.data)
            np.frombuffer(output, np.float32).reshape(-1, 2)[:] = sound[:, :frames].T

        self._python = sounddevice.RawOutputStream(
            self.rate, self.period, index, 2, "float32", "low", callback=play
        )
        self.output_latency = float(cast(Any, self._python.latency))

    def start(self) -> None:
        """Begin to play; see ``Driver``."""
        self._moved_at = time.monotonic()
        try:
            if self._python:
                self._python.start()
            else:
                sounddevice._check(sounddevice._lib.Pa_StartStream(self._stream), "can't start the stream")
        except sounddevice.PortAudioError as error:
            raise DriverError(f"{self.device} does not start: {error}") from None

    def alive(self) -> bool:
        """Return whether the device has asked for sound lately."""
        played = int(self.state["counters"][PERIODS])
        if played != self._played:
            self._played, self._moved_at = played, time.monotonic()
        return not _jack_has_gone() and time.monotonic() - self._moved_at < PATIENCE_SECONDS

    def close(self) -> None:
        """Stop playing and close the stream."""
        if _jack_has_gone():
            abandon(self._python)
            self._python = self._stream = None
        if self._python:
            self._python.close()
            self._python = None
        elif self._stream is not None:
            library = sounddevice._lib
            library.Pa_AbortStream(self._stream)
            library.Pa_CloseStream(self._stream)
            self._stream = None


def _ask_for_real_time(stream: int, device: dict[str, Any]) -> None:
    """Have ALSA's callback thread run with SCHED_FIFO where the system allows it, before the stream starts.

    PortAudio gives its thread none by itself there; other systems and JACK do.
    """
    if sounddevice.query_hostapis(device["hostapi"])["name"] != ALSA_API:
        return
    library = ctypes.CDLL(sounddevice._libname)
    with suppress(AttributeError):  # a PortAudio without ALSA
        library.PaAlsa_EnableRealtimeScheduling(ctypes.c_void_p(stream), ctypes.c_int(1))


def is_jack(device: dict[str, Any]) -> bool:
    """Return whether a device is a JACK server."""
    return sounddevice.query_hostapis(device["hostapi"])["name"] == JACK_API


def rescan() -> None:
    """Let PortAudio look for devices again; no stream may be open.

    Raises:
        DriverError: a JACK server that PortAudio had found is gone, or PortAudio does not start.
    """
    global _server
    if _jack_has_gone():
        raise DriverError("PortAudio can't go on after the JACK server that it had found: start again")
    if _server is not None:
        _server.close()
        _server = None
    try:
        sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise DriverError(f"PortAudio does not start: {error}") from None
    if any(api["name"] == JACK_API for api in sounddevice.query_hostapis()):
        _server = _watch_server()


def _watch_server() -> Any:
    try:
        from realtime.drivers.jack import ServerWatch

        return ServerWatch("concertino-portaudio")
    except OSError:  # PortAudio was built with JACK, but there is no server, or no libjack for us
        return None


def _jack_has_gone() -> bool:
    return _server is not None and _server.gone


atexit.unregister(sounddevice._exit_handler)  # what it cleans up, the end of the process does, and safely
