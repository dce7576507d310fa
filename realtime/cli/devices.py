"""``concertino devices``: MIDI ports and audio outputs, by the names that ``play`` takes."""

from typing import Annotated

import msgspec
import typer

from realtime.cli.errors import DONE
from realtime.host.devices import AudioDevice, MidiPort, list_devices


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print the lists as JSON.")] = False,
) -> int:
    """List MIDI and audio devices.

    The names are those that play takes: for --midi-in any part of a MIDI input's name is enough. No server is
    started to make this list; those that run are asked.
    """
    found = list_devices()
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return DONE
    _section("MIDI inputs (--midi-in)", [_port(p) for p in found.midi if p.direction == "input"])
    _section("MIDI outputs", [_port(p) for p in found.midi if p.direction == "output"])
    _section("Audio outputs (--audio)", [_audio(device) for device in found.audio])
    for system, reason in found.absent.items():
        print(f"{system}: {reason}")
    return DONE


def _section(title: str, lines: list[str]) -> None:
    print(title)
    for line in lines or ["none"]:
        print(f"  {line}")
    print()


def _port(port: MidiPort) -> str:
    known = f", also {', '.join(port.aliases)}" if port.aliases else ""
    return f"{port.name} [{port.system}]{known}"


def _audio(device: AudioDevice) -> str:
    default = ", default" if device.default else ""
    facts = f"{device.channels} channels, {device.rate:.0f} Hz, {device.latency_ms:g} ms{default}"
    return f"{device.name} [{device.system}]: {facts}"
