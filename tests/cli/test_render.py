"""``concertino render``: deterministic, and in one sentence about what is wrong."""

import json
import os
import subprocess
import sys

import mido
import numpy as np
import pytest
import soundfile

from realtime.cli.main import run
from tests.live import ROOT, SOUNDFONT

CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"


@pytest.fixture(autouse=True)
def small_soundfont(monkeypatch):
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))


@pytest.fixture
def short(tmp_path):
    """Return a file with the first 12 quarter notes of the chorale."""
    file = mido.MidiFile(CHORALE)
    for track in file.tracks:
        now = 0
        for place, message in enumerate(track):
            now += message.time
            if now > 12 * file.ticks_per_beat and not message.is_meta:
                del track[place:]
                break
    path = tmp_path / "short.mid"
    file.save(path)
    return path


def test_twice_the_same_gives_the_same_bytes(short, tmp_path, capsys):
    outputs = []
    for name in ("a", "b"):
        paths = [tmp_path / f"{name}.{kind}" for kind in ("wav", "mid", "json")]
        arguments = ["-o", str(paths[0]), "--midi", str(paths[1]), "--json", str(paths[2])]
        assert run(["render", str(short), *arguments]) == 0
        report = json.loads(paths[2].read_text())
        del report["times_real_time"]
        outputs.append((paths[0].read_bytes(), paths[1].read_bytes(), report))
    assert outputs[0] == outputs[1]
    assert np.abs(soundfile.read(tmp_path / "a.wav")[0]).max() > 0.02


def test_another_process_gives_the_same_bytes(short, tmp_path):
    for name in ("a.wav", "b.wav"):
        subprocess.run(
            [sys.executable, "-m", "realtime.cli.main", "render", str(short), "-o", str(tmp_path / name)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_json_tells_each_note_and_midi_holds_each_once(short, tmp_path, capsys):
    parts = tmp_path / "parts.mid"
    assert run(["render", str(short), "--midi", str(parts), "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    written = {
        track.name: sorted(m.note for m in track if m.type == "note_on" and m.velocity)
        for track in mido.MidiFile(parts).tracks
        if track.name
    }
    told: dict[str, list[int]] = {}
    for note in report["notes"]:
        told.setdefault(note["part"], []).append(note["pitch"])
    assert {part: sorted(pitches) for part, pitches in told.items()} == written
    assert all(0 < note["confidence"] <= 1 for note in report["notes"] if not note["by_rule"])


def test_a_spread_chord_is_decided_as_one_where_notes_wait_for_each_other(tmp_path, capsys):
    chords = ((48, 55, 64, 72), (50, 57, 65, 69), (43, 59, 62, 67))
    told = {}
    for name, late, window in (("struck", 0, 0), ("spread", 15, 0), ("gathered", 15, 60)):
        track = mido.MidiTrack()
        for chord in chords:
            for place, key in enumerate((chord[2], chord[0], chord[3], chord[1])):
                track.append(mido.Message("note_on", note=key, velocity=80, time=late if place else 0))
            for place, key in enumerate(chord):
                track.append(mido.Message("note_off", note=key, time=0 if place else 480 - 3 * late))
        file = mido.MidiFile(ticks_per_beat=480, tracks=[track])  # at 120 BPM a tick is about a millisecond
        file.save(tmp_path / f"{name}.mid")
        arguments = ["--chord-window", str(window), "--json", "-"]
        assert run(["render", str(tmp_path / f"{name}.mid"), *arguments]) == 0
        told[name] = json.loads(capsys.readouterr().out)["notes"]
    where = {name: {note["pitch"]: note["part"] for note in notes} for name, notes in told.items()}
    assert where["gathered"] == where["struck"] != where["spread"]
    assert len(where["gathered"]) == 12


def test_float_sound_is_written_when_asked_for(short, tmp_path, capsys):
    path = tmp_path / "a.wav"
    assert run(["render", str(short), "-o", str(path), "--bits", "float"]) == 0
    assert soundfile.info(path).subtype == "FLOAT"


WRONG = {
    "absent.mid -o o.wav": (1, "absent.mid: No such file or directory"),
    "cut.mid -o o.wav": (2, "cut.mid: cut short"),
    "text.mid -o o.wav": (2, "text.mid: not a Standard MIDI File"),
    "empty.mid -o o.wav": (2, "empty.mid: not a Standard MIDI File"),
    "good.mid": (2, "nothing to write"),
    "good.mid -o o.wav --tempo fast": (2, "--tempo 'fast': choose `file` or a number"),
    "good.mid -o o.wav --tempo 5": (2, "--tempo '5': choose `file` or a number"),
    "good.mid -o o.wav --bits 16": (2, "--bits '16': choose 24 or float"),
    "good.mid -o o.wav --ensemble bach-coral": (2, "did you mean bach-chorale?"),
    "good.mid -o o.wav --separator zoen": (2, "plugin zoen: name: not found; choose one of"),
    "good.mid -o o.wav --separator split:high": (2, "split"),
    "good.mid -o o.wav --soundfont text.mid": (2, "text.mid: not a SoundFont"),
    "good.mid -o o.wav --soundfont cut.sf2": (2, "cut.sf2: cut short"),
    "good.mid -o o.wav --soundfont damaged.sf2": (2, "damaged.sf2: damaged"),
    "good.mid -o absent/o.wav": (1, "absent: there is no such folder"),
    "good.mid --midi absent/o.mid": (1, "absent: there is no such folder"),
    "good.mid --midi .": (1, ".: it is a folder; give a file"),
    "good.mid --json absent/o.json": (1, "absent: there is no such folder"),
    "good.mid -o o.mp3": (2, "-o o.mp3: only WAV files are written here"),
    "good.mid --midi o.xml": (2, "--midi o.xml: only MIDI files are written here"),
    "good.mid -o o.wav --period 7": (2, "Invalid value for '--period'"),
    "good.mid -o o.wav --chord-window 101": (2, "Invalid value for '--chord-window'"),
    "good.mid -o o.wav --mode offline --chord-window 30": (2, "--chord-window is for playing"),
    "good.mid -o o.wav --rate 7": (2, "Invalid value for '--rate'"),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_wrong_is_one_sentence_a_code_and_nothing_left(
    tmp_path, monkeypatch, capsys, short, arguments
):
    code, says = WRONG[arguments]
    monkeypatch.chdir(tmp_path)
    good = short.read_bytes()
    font = SOUNDFONT.read_bytes()
    given = {
        "good.mid": good,
        "cut.mid": good[: len(good) // 2],
        "text.mid": b"Dear listener",
        "empty.mid": b"",
        "cut.sf2": font[: len(font) // 2],
        "damaged.sf2": font[: font.index(b"pdta")] + bytes(len(font) - font.index(b"pdta")),
    }
    for name, content in given.items():
        (tmp_path / name).write_bytes(content)
    before = sorted(os.listdir())
    assert run(["render", *arguments.split()]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.count("\n") == 1
    assert sorted(os.listdir()) == before


def test_a_disk_that_fills_up_ends_it_in_a_sentence_and_leaves_nothing(short, tmp_path):
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from realtime.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "render", str(short), "-o", str(tmp_path / "o.wav")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, f"concertino: {tmp_path}/o.wav: File too large\n")
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize(
    "command",
    ["render bad.mid -o x.wav", "play --midi-in file:bad.mid --audio null", "continue bad.mid -o x.mid"],
)
def test_a_broken_file_is_refused_before_the_engine_is_imported_which_may_compile_it(command, tmp_path):
    (tmp_path / "bad.mid").write_bytes(b"MThd broken")
    program = (
        "import sys; from realtime.cli.main import run; code = run(sys.argv[1:]); "
        "print(code, 'realtime.engine.core' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["2", "False"]
    assert "bad.mid: cut short within its header" in done.stderr
    assert done.stderr.count("\n") == 1
