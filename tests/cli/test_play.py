"""``concertino play`` as a player starts it: what it says, what it leaves, and how it ends."""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import termios
import time
from pathlib import Path

import mido
import pytest
import soundfile

from realtime.cli.main import run
from realtime.control.start import check_address
from realtime.host.devices import list_devices
from tests.live import COMMAND, ROOT, SOUNDFONT, Host, environment, wait_until

CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"
PLAYING = ("--audio", "null", "--midi-in", f"file:{CHORALE}", "--separator", "zone")
NOISE = ("ALSA lib", "Cannot connect", "jack server", "JackShm", "fluidsynth:", "Warning", "PaHost")

WRONG = {
    "--audio jack": (1, "no JACK server 'absent' is running: start one"),
    "--audio jack:hw": (2, "--audio 'jack:hw': choose jack, portaudio, null, file:PATH"),
    "--audio tape": (2, "--audio 'tape': choose jack, portaudio, null, file:PATH"),
    "--audio portaudio:tape": (1, "no audio output is called 'tape'"),
    "--audio file:absent/o.wav": (2, "there is no folder absent"),
    "--audio file:folder": (1, "folder can't be written: Is a directory"),
    "--audio file:o.mp3": (2, "--audio o.mp3: only WAV files are written here"),
    "--audio null --tempo fast": (2, "--tempo 'fast': give a number from 10 to 480"),
    "--audio null --tempo 1000": (2, "--tempo '1000': give a number from 10 to 480"),
    "--audio null --tempo nan": (2, "--tempo 'nan': give a number from 10 to 480"),
    "--audio null --midi-out two": (2, "--midi-out 'two': choose one or each"),
    "--audio null --bits 16": (2, "--bits '16': choose 24 or float"),
    "--audio null --ensemble bach-coral": (2, "did you mean bach-chorale?"),
    "--audio null --ensemble wrong.toml": (2, "wrong.toml: parts[0].volume is 200"),
    "--audio null --separator zoen": (2, "plugin zoen: name: not found; choose one of"),
    "--audio null --midi-in file:absent.mid": (1, "absent.mid: No such file or directory"),
    "--audio null --midi-in file:cut.mid": (2, "cut.mid: cut short"),
    "--audio null --midi-in file:text.mid": (2, "text.mid: not a Standard MIDI File"),
    "--audio null --soundfont text.mid": (2, "text.mid: not a SoundFont"),
    "--audio null --soundfont cut.sf2": (2, "cut.sf2: cut short"),
    "--audio null --soundfont absent.sf2": (1, "absent.sf2: No such file or directory"),
    "--audio null --record text.mid/takes": (1, "Not a directory"),
    "--audio file:o.wav --record text.mid/takes": (1, "Not a directory"),
    "--audio file:o.wav --midi-out one": (1, "this system has no MIDI outputs: leave out --midi-out"),
    "--audio null --json absent/s.json": (1, "absent: there is no such folder"),
    "--audio null --control off:99": (2, "--control off:99: can't be served ("),
    "--audio null --control 192.0.2.1:7780": (2, "--control 192.0.2.1:7780: can't be served ("),
    "--audio null --turns trade --silence 4": (2, "--turns, --silence: for a model that goes on from what"),
    "--audio null --threshold 0.5": (2, "--threshold: for a model that goes on from what"),
    "--audio null --continue mmt --threshold 1.5": (2, "Invalid value for '--threshold'"),
    "--audio null --continue nope": (2, "no model is called 'nope'; those that go on from music: mmt\n"),
    "--audio null --continue nope:int8": (2, "no model is called 'nope'; those that go on from music: mmt\n"),
    "--audio null --continue zone": (2, "model zone can't go on from music: it is a separator"),
    "--chord-window -1": (2, "Invalid value for '--chord-window'"),
    "--period 7": (2, "Invalid value for '--period'"),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_wrong_is_one_sentence_a_code_and_nothing_left(arguments, tmp_path, monkeypatch, capfd):
    code, says = WRONG[arguments]
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "absent")
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))
    monkeypatch.setattr("realtime.host.midi_system.APIS", {})  # also where there is an ALSA sequencer
    monkeypatch.chdir(tmp_path)
    chorale, font = CHORALE.read_bytes(), SOUNDFONT.read_bytes()
    Path("cut.mid").write_bytes(chorale[: len(chorale) // 2])
    Path("text.mid").write_bytes(b"Dear listener")
    Path("cut.sf2").write_bytes(font[: len(font) // 2])
    Path("folder").mkdir()
    Path("wrong.toml").write_text(
        'name = "wrong"\ntitle = "W"\nseparator = "zone"\n[[parts]]\nname = "A"\nvolume = 200\n'
    )
    before = sorted(str(path) for path in Path().rglob("*"))
    assert run(["play", *arguments.split()]) == code
    said = capfd.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert sorted(str(path) for path in Path().rglob("*")) == before


def test_a_taken_port_is_no_reason_not_to_play():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        check_address(str(other.getsockname()[1]))


@pytest.mark.parametrize("arguments", ["--separator split:abc", "--continue nope", "--record text.mid/takes"])
def test_what_refuses_to_play_does_not_say_that_it_plays(arguments, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "absent")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.chdir(tmp_path)
    if list_devices().audio:
        pytest.skip("this machine has an audio device")
    Path("text.mid").write_bytes(b"Dear listener")
    assert run(["play", "--plain", "--control", "off", *arguments.split()]) in (1, 2)
    said = capfd.readouterr()
    assert "playing" not in said.out + said.err
    assert not list(tmp_path.glob("*.wav"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_summary_and_code_0(tmp_path, how):
    with Host(tmp_path, *PLAYING) as host:
        time.sleep(1.2)
        summary = host.stop(how)
    assert sum(summary["notes"].values()) > 0
    assert "bach-chorale by zone: Soprano" in host.said
    assert summary["counters"]["notes_on"] == summary["counters"]["notes_off"]


def test_signals_during_the_end_do_not_cut_it_short(tmp_path):
    with Host(tmp_path, *PLAYING, "--record", str(tmp_path / "takes")) as host:
        time.sleep(1)
        host.process.send_signal(signal.SIGINT)
        while "by zone" not in host.said and host.process.poll() is None:
            for how in (signal.SIGINT, signal.SIGTERM):
                host.process.send_signal(how)
            time.sleep(0.001)
        summary = host.summary()
    assert len(summary["files"]) == 4
    assert soundfile.info(next(f for f in summary["files"] if f.endswith(".wav"))).frames > 24_000
    assert mido.MidiFile(next(f for f in summary["files"] if f.endswith("parts.mid"))).length > 0


def test_ctrl_c_while_it_starts_is_no_defect(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "play", "--plain", *PLAYING],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    maps = Path(f"/proc/{process.pid}/maps")
    if maps.exists():
        wait_until(lambda: "numpy" in maps.read_text())
    else:
        time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    assert "Traceback" not in said


def test_a_file_is_played_to_its_end_and_that_ends_it(tmp_path):
    file = mido.MidiFile(CHORALE)
    for track in file.tracks:
        del track[6:]
    file.save(tmp_path / "short.mid")
    notes = sum(m.type == "note_on" and m.velocity > 0 for track in file.tracks for m in track)
    with Host(tmp_path, *PLAYING[:2], "--midi-in", f"file:{tmp_path / 'short.mid'}") as host:
        summary = host.summary()
    assert sum(summary["notes"].values()) == notes
    assert summary["counters"]["notes_off"] == notes


def test_with_no_device_and_no_keyboard_it_says_so_and_plays_a_demonstration_into_a_file(
    tmp_path, monkeypatch
):
    """As on a machine with nothing: and no C library says a word about what it lacks."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "absent")
    if list_devices().audio:
        pytest.skip("this machine has an audio device")
    process = subprocess.Popen(
        [*COMMAND, "play", "--plain"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT), JACK_NO_START_SERVER="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
        if any(path.stat().st_size > 400_000 for path in tmp_path.glob("*.wav")):
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert "playing bach-chorale on no device" in said
    assert process.returncode == 0
    assert "no audio device was found: playing in real time into concertino-" in said
    assert not any(noise in said for noise in NOISE)
    (path,) = tmp_path.glob("concertino-*.wav")
    assert f"wrote {path}" in said
    assert soundfile.info(path).frames > 0
    if "no MIDI keyboard was found" in said:
        assert abs(soundfile.read(path)[0]).max() > 0.01


def test_the_summary_is_printed_where_its_file_can_no_longer_be_written(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    with Host(folder, *PLAYING) as host:
        folder.rmdir()
        host.process.send_signal(signal.SIGINT)
        assert host.process.wait(60) == 1
    assert "bach-chorale by zone: Soprano" in host.said
    assert host.lines[-1] == f"concertino: {folder}/summary.json: No such file or directory"


def test_without_jack_it_is_said_that_there_is_no_transport(tmp_path):
    with Host(tmp_path, *PLAYING, "--tempo", "jack") as host:
        host.stop()
    assert "--tempo jack: with no device there is no transport to follow" in host.said


def test_a_broken_separator_is_told_by_name_and_the_rule_plays(tmp_path):
    model = shutil.copytree(ROOT / "exported_models" / "zone", tmp_path / "models" / "zone")
    (model / "model.onnx").write_bytes((model / "model.onnx").read_bytes()[:-20])
    with Host(tmp_path, *PLAYING, CONCERTINO_MODELS=str(tmp_path / "models")) as host:
        time.sleep(1.5)
        summary = host.stop()
    (told,) = [line for line in host.lines if "plugin zone" in line]
    assert "the closest-pitch rule plays bach-chorale" in told
    assert summary["separator"] == "rule"
    assert summary["counters"]["fallback"] == sum(summary["notes"].values()) > 0


def test_keys_work_in_the_live_view_and_the_terminal_is_left_as_it_was(tmp_path):
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 120))
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [*COMMAND, "play", *PLAYING, "--json", str(tmp_path / "s.json")],
        cwd=ROOT,
        env=environment(TERM="xterm"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    shown = bytearray()

    def see(text: str) -> bool:
        while select.select([master], [], [], 0.02)[0]:
            shown.extend(os.read(master, 65536))
        return text in shown.decode(errors="ignore")

    def press(key: str, then: str) -> None:
        shown.clear()
        os.write(master, key.encode())
        wait_until(lambda: see(then))

    try:
        wait_until(lambda: see("Soprano"))
        press("2", "Band")
        press("1", "Bach chorale")
        press("p", "key to sound")
        for _ in range(3):
            os.write(master, b"t")
            time.sleep(0.3)
        wait_until(lambda: see("tempo ") and re.search(rb"tempo (1\d\d|2\d\d)", shown))  # 0.3 s: 200 BPM
        press("q", "bach-chorale by zone")
        assert process.wait(30) == 0
        assert termios.tcgetattr(slave) == before
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
    assert "Traceback" not in shown.decode(errors="ignore")
