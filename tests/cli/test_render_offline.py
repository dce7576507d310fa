"""``render --mode offline``, ``--alternatives``, and files that are broken or odd, in both modes."""

import json
import os

import mido
import pytest

from realtime.cli.main import run
from tests.cli.test_render import small_soundfont  # noqa: F401  # a fixture
from tests.contract.tiny import make_sequence, write_plugin
from tests.live import ROOT
from tests.music.smf_bytes import at, meta, smf

CHORALE = str(ROOT / "realtime" / "demo" / "chorale.mid")
END = meta(0x2F, b"")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a folder to work in, a short chorale in it and the sequence separator ``whole`` installed."""
    model, manifest = make_sequence()
    write_plugin(tmp_path / "models" / "whole", manifest, model.SerializeToString())
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path / "models"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    short = mido.MidiFile(CHORALE)
    for track in short.tracks:
        del track[50:]
    short.save("short.mid")
    return tmp_path / "here"


def written(path) -> dict[str, list[int]]:
    return {
        track.name: sorted(m.note for m in track if m.type == "note_on" and m.velocity)
        for track in mido.MidiFile(path).tracks
        if track.name
    }


def told(notes) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = {}
    for note in notes:
        parts.setdefault(note["part"], []).append(note["pitch"])
    return {part: sorted(pitches) for part, pitches in parts.items()}


@pytest.mark.parametrize("separator", ["whole", "bach-chorale"])
def test_a_piece_is_decided_as_a_whole_and_twice_the_same(here, separator, capsys):
    outputs = []
    for name in ("a", "b"):
        arguments = ["--midi", f"{name}.mid", "--json", f"{name}.json", "--separator", separator]
        assert run(["render", "short.mid", "--mode", "offline", *arguments]) == 0
        report = json.loads((here / f"{name}.json").read_text())
        del report["times_real_time"]
        outputs.append(((here / f"{name}.mid").read_bytes(), report))
    assert outputs[0] == outputs[1]
    report = outputs[0][1]
    assert (report["mode"], report["separator"]) == ("offline", separator)
    assert told(report["notes"]) == written("a.mid")
    assert all(0 < note["confidence"] <= 1 and not note["by_rule"] for note in report["notes"])
    if separator == "whole":
        names = ["Soprano", "Alto", "Tenor", "Bass"]
        assert all(n["part"] == names[n["pitch"] % 4] for n in report["notes"] if 48 <= n["pitch"] <= 84)


def test_joint_gives_no_part_two_notes_of_a_chord(here, capsys):
    arguments = ["--mode", "offline", "--separator", "whole", "--json", "-"]
    chords: dict[bool, int] = {}
    for joint in (False, True):
        assert run(["render", "short.mid", *arguments, *(["--joint"] if joint else [])]) == 0
        notes = json.loads(capsys.readouterr().out)["notes"]
        places = [(note["seconds"], note["part"]) for note in notes]
        chords[joint] = len(places) - len(set(places))
    assert chords[True] == 0 < chords[False]


def test_alternatives_are_numbered_files_that_differ_and_come_again(here, capsys):
    arguments = ["-o", "out.wav", "--midi", "out.mid", "--json", "out.json", "--alternatives", "2"]
    assert run(["render", "short.mid", *arguments, "--seed", "5"]) == 0
    assert sorted(p.name for p in here.iterdir()) == sorted(
        ["short.mid", "out.json", *(f"out-{n}.{kind}" for n in (1, 2) for kind in ("wav", "mid"))]
    )
    report = json.loads((here / "out.json").read_text())
    first, second = report["alternatives"]
    assert first["mean_log_score"] > second["mean_log_score"]
    for number, each in enumerate((first, second), 1):
        assert told(each["notes"]) == written(f"out-{number}.mid")
    share = first["differs"][1]
    changed = sum(a["part"] != b["part"] for a, b in zip(first["notes"], second["notes"], strict=True))
    assert share == second["differs"][0] == pytest.approx(changed / len(first["notes"]), abs=1e-6)
    assert share > 0.02
    assert (here / "out-1.wav").read_bytes() != (here / "out-2.wav").read_bytes()
    before = [(here / f"out-{n}.mid").read_bytes() for n in (1, 2)]
    assert run(["render", "short.mid", "--midi", "out.mid", "--alternatives", "2", "--seed", "5"]) == 0
    assert before == [(here / f"out-{n}.mid").read_bytes() for n in (1, 2)]


def test_it_is_said_that_the_whole_piece_was_in_view(here, capsys):
    said = {}
    for options in ("", "--joint", "--alternatives 1", "--mode offline"):
        arguments = ["render", "short.mid", "--midi", "o.mid", "--separator", "closest", *options.split()]
        assert run(arguments) == 0
        said[options] = capsys.readouterr().out
    whole = ", decided in view of the whole piece"
    assert {options: whole in text for options, text in said.items()} == {o: o != "" for o in said}


WRONG = {
    "good.mid --json - --mode online --alternatives 2": "leave --mode online out",
    "good.mid --json - --alternatives 0": "--alternatives 0: give a number from 1 to 16",
    "good.mid --midi o.mid --alternatives 17": "--alternatives 17: give a number from 1 to 16",
    "one.mid --midi o.mid --alternatives 16": "ask for fewer",
    "good.mid --json - --separator whole": "whole takes whole pieces only: use concertino render",
    "good.mid --json - --mode offline --separator channel": "decides nothing by itself",
    "good.mid --json - --mode offline --separator none-such": "plugin none-such: name: not found",
    "good.mid --midi absent/o.mid --alternatives 2": "absent: there is no such folder",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_wrong_is_one_sentence_and_nothing_left(here, capsys, arguments):
    (here / "good.mid").write_bytes(smf(tune(20)))
    (here / "one.mid").write_bytes(smf(tune(1)))
    before = sorted(os.listdir())
    assert run(["render", *arguments.split()]) in (1, 2)
    said = capsys.readouterr()
    assert WRONG[arguments] in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sorted(os.listdir()) == before


def tune(notes: int, channel: int = 0, name: bytes = b"") -> bytes:
    played = b"".join(
        at(0, 0x90 | channel, 40 + i * 7 % 48, 64) + at(48, 0x80 | channel, 40 + i * 7 % 48, 0)
        for i in range(notes)
    )
    return meta(3, name) + played + END


ODD = {
    "one track": (smf(tune(30), form=0), 30),
    "one note": (smf(tune(1)), 1),
    "percussion beside": (smf(tune(9), tune(5, channel=9)), 9),
    "one track of format 2": (smf(tune(9), form=2), 9),
    "names in other encodings": (
        smf(
            tune(3, 0, "Виолончель".encode("cp1251")),
            tune(3, 1, "ヴァイオリン".encode("shift-jis")),
            tune(3, 2, b"\xff\xfe\x00\x1b[31m"),
        ),
        9,
    ),
    "identical notes": (
        smf(at(0, 0x90, 60, 64) * 9 + at(48, 0x80, 60, 0) * 9 + END),
        9,
    ),
    "notes without length": (smf(at(0, 0x90, 60, 64) + at(0, 0x80, 60, 0) + END), 1),
    "notes without end": (smf(at(0, 0x90, 60, 64) + at(9, 0x90, 64, 64) + END), 2),
    "ends of nothing": (
        smf(at(0, 0x80, 50, 0) + at(0, 0x90, 60, 64) + at(9, 0x80, 60, 0) + at(9, 0x80, 60, 0)),
        1,
    ),
}
MODES = (["--mode", "online"], ["--mode", "offline"], ["--mode", "offline", "--separator", "whole"])


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_file_gives_a_result(here, capsys, kind, mode):
    data, notes = ODD[kind]
    (here / "in.mid").write_bytes(data)
    assert run(["render", "in.mid", "--midi", "out.mid", "--json", "out.json", *mode]) == 0
    report = json.loads((here / "out.json").read_text())
    assert len(report["notes"]) == notes
    assert told(report["notes"]) == written("out.mid")
    assert "\x1b" not in capsys.readouterr().err


REFUSED = {
    "no notes": (smf(meta(3, b"x") + END), "holds no notes"),
    "no tracks": (smf(), "holds no tracks"),
    "percussion only": (smf(tune(5, channel=9)), "holds percussion only (MIDI channel 10)"),
    "SMPTE time": (smf(tune(5), resolution=0xE728), "counts time in SMPTE frames; save it with ticks"),
    "format 2": (smf(tune(5), tune(5), form=2), "SMF format 2 holds separate sequences; save one of them"),
    "format 3": (smf(tune(5), form=3), "SMF format 3 is unknown"),
}


@pytest.mark.parametrize("mode", MODES[:2], ids=" ".join)
@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cant_be_played_is_refused_in_one_sentence(here, capsys, kind, mode):
    data, says = REFUSED[kind]
    (here / "in.mid").write_bytes(data)
    assert run(["render", "in.mid", "--midi", "out.mid", *mode]) == 2
    said = capsys.readouterr()
    assert f"in.mid: {says}" in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sorted(os.listdir()) == ["in.mid", "short.mid"]


def test_a_hundred_thousand_notes_are_decided(here, capsys):
    chords = b"".join(
        at(not voice, 0x90, 36 + (i + 13 * voice) % 60, 64) for i in range(25_000) for voice in range(4)
    )
    (here / "in.mid").write_bytes(smf(chords + at(48, 0x80, 60, 0) + END))
    arguments = ["--json", "out.json", "--period", "512", "--mode", "offline", "--separator", "whole"]
    assert run(["render", "in.mid", *arguments]) == 0
    assert len(json.loads((here / "out.json").read_text())["notes"]) == 100_000
