import json
import os
import subprocess
import sys

import jack
import pytest

from bench.jack_server import JackServer
from realtime.host.devices import list_devices, quiet, stable_name


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("Keystation 49 MK3:Keystation 49 MK3 MIDI 1 24:0", "Keystation 49 MK3:Keystation 49 MK3 MIDI 1"),
        ("Midi Through:Midi Through Port-0 14:0", "Midi Through:Midi Through Port-0"),
        ("IAC Driver Bus 1", "IAC Driver Bus 1"),
    ],
)
def test_a_port_keeps_its_name_when_it_is_plugged_in_again(name, stable):
    assert stable_name(name) == stable


def test_a_system_that_is_absent_is_told_and_not_raised(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "none-of-this-name")
    found = list_devices()
    assert found.absent["jack"] == "no JACK server 'none-of-this-name' is running"
    assert all(port.system != "jack" for port in found.midi)


def test_c_libraries_are_silenced_and_heard_again_after(capfd):
    with quiet():
        os.write(2, b"ALSA lib seq_hw.c:466")
    os.write(2, b"said")
    assert capfd.readouterr().err == "said"


def ask_in_another_process(server: JackServer) -> subprocess.CompletedProcess[str]:
    """In this process PortAudio would stay with the server, and abort when that is gone."""
    command = [sys.executable, "-m", "realtime.cli.main", "devices", "--json"]
    return subprocess.run(command, env=server.environment, capture_output=True, text=True, timeout=60)


@pytest.mark.jack
def test_the_ports_of_a_jack_server_are_listed_by_direction():
    with JackServer(period=256) as server:
        client = jack.Client("keyboard", servername=server.name, no_start_server=True)
        client.midi_outports.register("keys").set_alias("My keyboard")
        client.midi_inports.register("lights")
        answer = ask_in_another_process(server)
        client.close()
    found = json.loads(answer.stdout)
    ports = {(port["name"], port["direction"]): port["aliases"] for port in found["midi"]}
    assert ports["keyboard:keys", "input"] == ["My keyboard"]
    assert ("keyboard:lights", "output") in ports
    assert found["audio"][0]["name"] == "server at period 256"
    assert found["audio"][0]["realtime"] is server.realtime
    assert answer.stderr == ""
