"""MIDI ports and audio devices, by the names that ``play`` takes."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Literal

from msgspec import Struct

STDERR = 2
JACK = "jack"
_ALSA_NUMBERS = re.compile(r" \d+:\d+$")
_WINDOWS_NUMBER = re.compile(r" \d+$")


class MidiPort(Struct, frozen=True):
    """A MIDI port of another program or of an instrument."""

    name: str
    """Stable: without the numbers that change when a keyboard is plugged in again."""
    direction: Literal["input", "output"]
    """``input``: something to play from. ``output``: something that takes notes."""
    system: str
    """``jack``, or what python-rtmidi calls its interface, such as ``ALSA``."""
    aliases: tuple[str, ...] = ()
    """Further names; those of a JACK server tell which keyboard it is."""


class AudioDevice(Struct, frozen=True):
    """An audio output."""

    name: str
    system: str
    """``jack``, or PortAudio's host API, such as ``ALSA`` or ``Core Audio``."""
    channels: int
    rate: float
    latency_ms: float
    """The lowest that the device promises; of a JACK server its period."""
    default: bool = False
    realtime: bool | None = None
    """Of a JACK server: whether its clients have real-time priority."""


class Devices(Struct, frozen=True):
    """What is there, and of each system that shows nothing the reason."""

    midi: tuple[MidiPort, ...]
    audio: tuple[AudioDevice, ...]
    absent: dict[str, str]
    """``jack``, ``midi`` or ``portaudio``: why it can't be asked."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what C libraries print to stderr (ALSA and JACK complain at length where they are absent)."""
    kept = os.dup(STDERR)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(null)
        os.close(kept)


def list_devices() -> Devices:
    """Return all ports and devices; starts no server, and raises nothing where a system is absent."""
    midi: list[MidiPort] = []
    audio: list[AudioDevice] = []
    absent: dict[str, str] = {}
    systems: dict[str, Callable[[], tuple[list[MidiPort], list[AudioDevice]]]] = {
        JACK: _jack,
        "midi": _rtmidi,
        "portaudio": _portaudio,
    }
    for system, ask in systems.items():
        try:
            with quiet():
                ports, devices = ask()
        except (ImportError, OSError) as error:
            absent[system] = str(error)
        else:
            midi += ports
            audio += devices
    return Devices(tuple(midi), tuple(audio), absent)


def midi_inputs() -> tuple[str, ...]:
    """Return the names for ``--midi-in`` that can be had at once: cheap enough for shell completion."""
    names = []
    for ask in (_jack, _rtmidi):
        try:
            with quiet():
                names += [port.name for port in ask()[0] if port.direction == "input"]
        except (ImportError, OSError):
            continue
    return tuple(dict.fromkeys(names))


def _jack() -> tuple[list[MidiPort], list[AudioDevice]]:
    import jack

    try:
        client = jack.Client("concertino-devices", no_start_server=True)
    except jack.JackOpenError:
        server = os.environ.get("JACK_DEFAULT_SERVER", "default")
        raise OSError(f"no JACK server {server!r} is running") from None
    try:
        midi = [
            MidiPort(port.name, "input" if port.is_output else "output", JACK, tuple(port.aliases))
            for port in client.get_ports(is_midi=True)
        ]
        sinks = client.get_ports(is_audio=True, is_input=True, is_physical=True)
        rate, period = client.samplerate, client.blocksize
        name = f"server at period {period}"
        latency, realtime = round(1000 * period / rate, 2), bool(client.realtime)
        return midi, [AudioDevice(name, JACK, len(sinks), rate, latency, realtime=realtime)]
    finally:
        client.close()


def _rtmidi() -> tuple[list[MidiPort], list[AudioDevice]]:
    rtmidi = import_module("rtmidi")  # not by name: type checkers can't see into the compiled module
    midi: list[MidiPort] = []
    problems = []
    for api in rtmidi.get_compiled_api():
        # The wheel brings a JACK library of its own, which PipeWire does not answer; ours is asked above.
        if api in (rtmidi.API_UNIX_JACK, rtmidi.API_RTMIDI_DUMMY):
            continue
        system = rtmidi.get_api_display_name(api)
        try:
            sources, sinks = rtmidi.MidiIn(api), rtmidi.MidiOut(api)
        except rtmidi.RtMidiError:
            problems.append(f"{system} is not there, or is closed to this user")
            continue
        midi += [MidiPort(stable_name(name), "input", system) for name in sources.get_ports()]
        midi += [MidiPort(stable_name(name), "output", system) for name in sinks.get_ports()]
        sources.delete()
        sinks.delete()
    if problems:
        raise OSError(", ".join(problems))
    return midi, []


def _portaudio() -> tuple[list[MidiPort], list[AudioDevice]]:
    import sounddevice

    try:
        devices, apis = sounddevice.query_devices(), sounddevice.query_hostapis()
    except sounddevice.PortAudioError as error:
        raise OSError(f"PortAudio does not start ({error})") from None
    default = sounddevice.default.device[1]
    return [], [
        AudioDevice(
            device["name"],
            apis[device["hostapi"]]["name"],
            device["max_output_channels"],
            device["default_samplerate"],
            round(1000 * device["default_low_output_latency"], 2),
            index == default,
        )
        for index, device in enumerate(devices)
        if device["max_output_channels"]
    ]


def stable_name(name: str) -> str:
    """Return a port's name as rtmidi gives it, without the numbers that change from one day to the next."""
    pattern = _WINDOWS_NUMBER if os.name == "nt" else _ALSA_NUMBERS
    return pattern.sub("", name)
