import json

import pytest

from realtime.cli.main import run
from realtime.host.devices import AudioDevice, Devices, MidiPort

SOME = Devices(
    (MidiPort("keyboard:keys", "input", "jack", ("My keyboard",)), MidiPort("lamp", "output", "ALSA")),
    (AudioDevice("HDA Intel", "ALSA", 2, 48000.0, 5.8, True),),
    {"portaudio": "libportaudio was not found"},
)


@pytest.fixture
def some(monkeypatch):
    monkeypatch.setattr("realtime.cli.devices.list_devices", lambda: SOME)


def test_devices_are_listed_by_what_they_are_for(capsys, some):
    assert run(["devices"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "MIDI inputs (--midi-in)",
        "  keyboard:keys [jack], also My keyboard",
        "",
        "MIDI outputs",
        "  lamp [ALSA]",
        "",
        "Audio outputs (--audio)",
        "  HDA Intel [ALSA]: 2 channels, 48000 Hz, 5.8 ms, default",
        "",
        "portaudio: libportaudio was not found",
    ]


def test_json_holds_the_same(capsys, some):
    assert run(["devices", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [port["name"] for port in found["midi"]] == ["keyboard:keys", "lamp"]
    assert found["audio"][0]["default"] is True
