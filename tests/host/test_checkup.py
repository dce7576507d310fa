import pytest

from realtime.host.checkup import (
    can_play,
    device_findings,
    ensemble_findings,
    model_findings,
    soundfont_finding,
)
from realtime.host.devices import AudioDevice, Devices, MidiPort
from realtime.host.system import Finding

NOTHING = Devices((), (), {"jack": "no JACK server 'default' is running", "midi": "ALSA is not there"})


def test_only_a_problem_keeps_from_playing():
    assert can_play([Finding("a", "ok", ""), Finding("b", "note", "")])
    assert not can_play([Finding("a", "ok", ""), Finding("b", "problem", "")])


def test_a_machine_without_devices_can_play_and_is_told_how():
    findings = list(device_findings(NOTHING))
    assert can_play(findings)
    assert [finding.level for finding in findings] == ["ok", "note", "note"]
    assert "writes a WAV file" in findings[1].advice
    assert "demonstration" in findings[2].advice


def test_a_virtual_port_is_advised_only_where_there_can_be_one():
    server = AudioDevice("server at period 128", "jack", 2, 48000.0, 2.67)
    advised = {}
    for name, devices in {
        "no keyboard": Devices((), (), {}),
        "no MIDI": NOTHING,
        "JACK alone": Devices((), (server,), {"midi": "ALSA is not there"}),
    }.items():
        advised[name] = list(device_findings(devices))[-1].advice
    assert "--midi-in virtual" in advised["no keyboard"]
    assert "virtual" not in advised["no MIDI"] + advised["JACK alone"]
    assert "--midi-in file:PATH" in advised["no MIDI"]
    assert "keyboard to JACK" in advised["JACK alone"]
    assert all("demonstration" in advice for advice in advised.values())


def test_devices_are_named():
    keyboard = MidiPort("Keystation", "input", "ALSA")
    server = AudioDevice("server at period 128", "jack", 2, 48000.0, 2.67)
    findings = list(device_findings(Devices((keyboard,), (server,), {})))
    assert [finding.found for finding in findings] == [
        "48000 Hz, server at period 128",
        "server at period 128 [jack]",
        "Keystation",
    ]


def test_a_server_without_real_time_priority_is_noted():
    server = AudioDevice("server at period 128", "jack", 2, 48000.0, 2.67, realtime=False)
    found = next(device_findings(Devices((), (server,), {})))
    assert found.level == "note"
    assert found.found == "48000 Hz, server at period 128, without real-time priority"
    assert "-R" in found.advice


def test_pipewire_without_its_jack_library_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "pipewire-0").touch()
    assert "pw-jack" in next(device_findings(NOTHING)).advice


def test_a_soundfont_that_is_asked_for_and_broken_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "a.sf2").write_bytes(b"RIFF")
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(tmp_path / "a.sf2"))
    assert soundfont_finding().level == "problem"


@pytest.mark.parametrize(
    ("variable", "file", "findings", "topic"),
    [
        ("CONCERTINO_ENSEMBLES", "mine.toml", ensemble_findings, "ensembles"),
        ("CONCERTINO_MODELS", "mine/manifest.json", model_findings, "models"),
    ],
)
def test_a_broken_file_of_the_users_is_a_note_that_names_it(
    tmp_path, monkeypatch, variable, file, findings, topic
):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("?")
    monkeypatch.setenv(variable, str(tmp_path))
    notes = [finding for finding in findings() if "mine" in finding.found + finding.advice]
    assert [(note.topic, note.level) for note in notes] == [(topic, "note")]
    assert notes[0].advice


def test_an_ensemble_whose_model_is_not_there_is_noted(tmp_path, monkeypatch):
    part = '[[parts]]\nname = "A"\n'
    (tmp_path / "e.toml").write_text(f'name = "mine"\ntitle = "Mine"\nseparator = "not-there"\n{part}')
    monkeypatch.setenv("CONCERTINO_ENSEMBLES", str(tmp_path))
    found = [finding.found for finding in ensemble_findings() if finding.level == "note"]
    assert "mine: its separator not-there is not installed" in found
