import json
import os
import time
from pathlib import Path

import mido
import numpy as np
import pytest
from typer.testing import CliRunner

from offline import cli
from offline.demo import save_printed
from offline.evaluation import play_take
from offline.facts import LAST, SINCE_ONSET, SINCE_PITCH, SINGLES, columns_of, describe_all, fact_count
from offline.folder import read_folder, read_take
from offline.matching import name_key
from offline.take import take_of
from tests.contract.tiny import make_sequence, write_plugin

RUNNER = CliRunner()
PARTS = ("high", "low")
CHORALE = ("soprano", "alto", "tenor", "bass")
TICKS = 480


def _write(path: Path, tracks, names=("", ""), tempo=None, kind=1, ticks=TICKS, channel=0) -> Path:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    for name, notes in zip(names, tracks, strict=True):
        track = mido.MidiTrack()
        if name:
            track.append(mido.MetaMessage("track_name", name=name))
        if tempo:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
        events = [(on, 90, key) for on, _, key in notes] + [(off, 0, key) for _, off, key in notes]
        now = 0
        for at, velocity, key in sorted(events):
            track.append(mido.Message("note_on", note=key, velocity=velocity, time=at - now, channel=channel))
            now = at
        file.tracks.append(track)
    file.save(path)
    return path


HIGH, LOW = [(0, 480, 72), (480, 960, 74)], [(0, 960, 48)]


def test_tracks_are_parts_by_their_names(tmp_path):
    take = read_take(_write(tmp_path / "a.mid", [LOW, HIGH], ("High", "LOW")), PARTS)
    assert list(zip(take.pitch.tolist(), take.part.tolist(), strict=True)) == [(48, 0), (72, 1), (74, 1)]


def test_tracks_of_other_names_are_parts_from_high_to_low(tmp_path):
    take = read_take(_write(tmp_path / "a.mid", [LOW, HIGH], ("Cello", "Violin")), PARTS)
    assert list(zip(take.pitch.tolist(), take.part.tolist(), strict=True)) == [(48, 1), (72, 0), (74, 0)]


def test_times_are_those_of_the_files_tempo(tmp_path):
    take = read_take(_write(tmp_path / "a.mid", [HIGH, LOW], tempo=60), PARTS)
    np.testing.assert_allclose(take.start, [0, 0, 1000])
    np.testing.assert_allclose(sorted(take.end), [1000, 2000, 2000])
    assert take.bpm == pytest.approx(60)
    assert take.tick.tolist() == [0, 0, 24]


def test_a_part_may_be_silent_where_the_tracks_have_names(tmp_path):
    path = _write(tmp_path / "a.mid", [LOW, HIGH], ("Viola", "Violin II"))
    take = read_take(path, ("violin 1", "violin 2", "viola", "cello"))
    assert list(zip(take.pitch.tolist(), take.part.tolist(), strict=True)) == [(48, 2), (72, 1), (74, 1)]


def test_two_tracks_of_one_name_play_one_part(tmp_path):
    path = _write(tmp_path / "a.mid", [HIGH, [(0, 960, 67)], LOW], ("High", "high", "Low"))
    assert sorted(read_take(path, PARTS).part.tolist()) == [0, 0, 0, 1]


def test_tracks_that_no_part_plays_are_left_out_and_named(tmp_path):
    path = _write(tmp_path / "a.mid", [HIGH, LOW, [(0, 480, 60)]], ("High", "Low", "Piano"))
    told = []
    assert 60 not in read_take(path, PARTS, told.append).pitch
    assert told == ["a.mid: 1 of 3 tracks are left out (Piano)"]


def test_a_quartet_is_known_by_the_rule_of_its_corpus(tmp_path):
    names = ("Violoncello", "Viola", "Violino II", "Violino I")
    tracks = [[(0, 480, key)] for key in (50, 60, 80, 70)]  # the second violin above the first
    take = read_take(_write(tmp_path / "a.mid", tracks, names), ("violin 1", "violin 2", "viola", "cello"))
    assert dict(zip(take.pitch.tolist(), take.part.tolist(), strict=True)) == {70: 0, 80: 1, 60: 2, 50: 3}


def test_a_band_is_known_by_its_programs_and_never_by_height(tmp_path):
    parts = ("piano", "guitar", "bass", "strings", "brass")
    path = _write(tmp_path / "a.mid", [HIGH, LOW], ("x", "y"))
    with pytest.raises(ValueError, match="give them such programs"):
        read_take(path, parts)
    file = mido.MidiFile(path)
    for track, program in zip(file.tracks, (27, 33), strict=True):
        track.insert(0, mido.Message("program_change", program=program))
    file.save(path)
    assert sorted(set(read_take(path, parts).part.tolist())) == [1, 2]


def test_the_channels_of_a_file_with_one_track_are_its_parts(tmp_path):
    track = mido.MidiTrack()
    for channel, key in ((0, 72), (1, 48)):
        track.append(mido.Message("note_on", note=key, channel=channel))
    for channel, key in ((0, 72), (1, 48)):
        track.append(mido.Message("note_off", note=key, channel=channel, time=480))
    mido.MidiFile(type=0, tracks=[track]).save(tmp_path / "a.mid")
    take = read_take(tmp_path / "a.mid", PARTS)
    assert dict(zip(take.pitch.tolist(), take.part.tolist(), strict=True)) == {72: 0, 48: 1}


def test_where_the_tempo_changes_beats_stay_those_of_the_file(tmp_path):
    path = _write(tmp_path / "a.mid", [[(0, 480, 72), (960, 1440, 74)], [(0, 1440, 48)]], tempo=120)
    file = mido.MidiFile(path)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(40), time=480)]))
    file.save(path)
    take = read_take(path, PARTS)
    assert take.bpm == pytest.approx(60 * 3 / (0.5 + 1.5 + 1.5))
    assert take.tick.tolist() == [0, 0, 48]


def test_identical_notes_are_one_and_a_key_struck_again_begins_another(tmp_path):
    twice = [(0, 480, 72), (0, 480, 72), (960, 1920, 74), (1440, 1920, 74)]
    take = read_take(_write(tmp_path / "a.mid", [twice, LOW]), PARTS)
    high = take.pick(np.flatnonzero(take.part == 0))
    assert list(zip(high.tick.tolist(), high.pitch.tolist(), strict=True)) == [(0, 72), (48, 74), (72, 74)]
    assert high.end[1] == pytest.approx(high.start[2])


def test_a_key_that_is_not_let_go_is_held_to_the_end(tmp_path):
    path = _write(tmp_path / "a.mid", [HIGH, LOW])
    file = mido.MidiFile(path)
    file.tracks[1] = mido.MidiTrack([m for m in file.tracks[1] if m.type != "note_on" or m.velocity])
    file.save(path)
    take = read_take(path, PARTS)
    assert take.end[take.pitch == 48].tolist() == pytest.approx([1000.0])


def test_names_are_the_same_however_they_are_written():
    assert name_key("  Violin II ") == name_key("violin_2") == name_key("Violin 2nd")
    assert name_key("Сопрано") == name_key("сопрано") != name_key("альт")
    assert name_key("violin 1") != name_key("violin 2")


def _smpte(path):
    _write(path, [HIGH, LOW])
    path.write_bytes(path.read_bytes()[:12] + bytes([0xE7, 40]) + path.read_bytes()[14:])


def _fast(path):
    _write(path, [HIGH, LOW], tempo=60_000_000)


BAD = {
    "one track": (lambda path: _write(path, [HIGH], ("x",)), "1 track has notes, and there are 2 parts"),
    "one part": (lambda path: _write(path, [HIGH], ("high",)), "only those of high can be told"),
    "more tracks": (
        lambda path: _write(path, [HIGH] * 3, "abc"),
        "3 tracks have notes, and there are 2 parts",
    ),
    "drums only": (lambda path: _write(path, [HIGH, LOW], channel=9), "it holds drums only"),
    "no notes": (lambda path: _write(path, [[], []]), "holds no notes"),
    "no time": (_fast, "no note that lasts"),
    "SMPTE": (_smpte, "SMPTE"),
    "format 2": (lambda path: _write(path, [HIGH, LOW], kind=2), "format 2"),
    "damaged": (lambda path: path.write_bytes(b"MThd broken"), "cut short within its header"),
    "empty": (lambda path: path.write_bytes(b""), "not a Standard MIDI File"),
    "link to nothing": (lambda path: path.symlink_to(path.with_name("none")), "it is no file"),
    "pipe": (os.mkfifo, "it is no file"),
}


@pytest.mark.parametrize(("make", "reason"), BAD.values(), ids=list(BAD))
def test_a_file_that_can_not_be_used_is_left_out_with_the_reason(tmp_path, make, reason):
    make(tmp_path / "bad.mid")
    _write(tmp_path / "good.mid", [HIGH, LOW])
    told = []
    takes = read_folder(tmp_path, PARTS, told.append)
    assert [take.name for take in takes] == ["good"]
    assert len(told) == 1
    assert told[0].startswith("bad.mid is left out: ")
    assert reason in told[0]
    assert str(tmp_path) not in told[0]


def test_a_file_that_can_not_be_opened_is_left_out(tmp_path, monkeypatch):
    _write(tmp_path / "bad.mid", [HIGH, LOW])
    _write(tmp_path / "good.mid", [HIGH, LOW])
    read = Path.read_bytes

    def refuse(path):
        if path.stem == "bad":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    told = []
    assert len(read_folder(tmp_path, PARTS, told.append)) == 1
    assert told == ["bad.mid is left out: Permission denied"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "shift-jis", "utf-16"])
def test_names_of_any_encoding_do_no_harm(tmp_path, encoding):
    path = _write(tmp_path / "a.mid", [LOW, HIGH], ("@@@@", "####"))
    name = "Fl\u00f6te" if encoding == "cp1252" else "\u30d5\u30eb"
    for mark in (b"@@@@", b"####"):
        text = (name.encode(encoding) + b"    ")[:4]
        path.write_bytes(path.read_bytes().replace(mark, text))
    assert read_take(path, PARTS).part.tolist() == [1, 0, 0]


def test_a_files_own_name_may_be_anything(tmp_path):
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff\n\x1b[1m.mid", os.O_CREAT | os.O_WRONLY))
    _write(tmp_path / "good.mid", [HIGH, LOW])
    told = []
    assert len(read_folder(tmp_path, PARTS, told.append)) == 1
    assert told[0].isprintable()


def test_a_folder_without_a_file_that_can_be_used_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no MIDI file .* a track for each of high, low"):
        read_folder(tmp_path, PARTS, print)
    _smpte(tmp_path / "a.mid")
    with pytest.raises(ValueError, match="none of its files can be used"):
        read_folder(tmp_path, PARTS, print)
    with pytest.raises(OSError, match="is no folder"):
        read_folder(tmp_path / "none", PARTS, print)


def test_a_file_may_be_given_for_a_folder_and_folders_hold_folders(tmp_path):
    (tmp_path / "in.mid").mkdir()
    path = _write(tmp_path / "in.mid" / "a.MID", [HIGH, LOW])
    assert len(read_folder(path, PARTS, print)) == len(read_folder(tmp_path, PARTS, print)) == 1


def test_a_file_given_for_a_folder_that_can_not_be_used_is_refused_in_one_sentence(tmp_path):
    path = _write(tmp_path / "a.mid", [HIGH], ("x",))
    told = []
    with pytest.raises(ValueError, match=r"a\.mid: 1 track has notes, and there are 2 parts"):
        read_folder(path, PARTS, told.append)
    assert not told


def test_a_hundred_thousand_notes_are_read_and_stepped_in_seconds(tmp_path):
    draws = np.random.default_rng(0)
    track = np.zeros((50_000, 8), np.uint8)  # on and off of one note: delta, status, key, velocity
    track[:] = (0, 0x90, 0, 64, 120, 0x90, 0, 0)
    data = b"MThd" + bytes([0, 0, 0, 6, 0, 1, 0, 2, 0, 240])
    for base in (70, 45):
        track[:, 2] = track[:, 6] = base + draws.integers(-5, 6, len(track))
        data += b"MTrk" + (track.size + 4).to_bytes(4) + track.tobytes() + b"\x00\xff\x2f\x00"
    (tmp_path / "long.mid").write_bytes(data)
    began = time.process_time()
    (take,) = read_folder(tmp_path, PARTS, print)
    assert len(take) == 100_000
    assert time.process_time() - began < 15  # about 1 on a machine that does nothing else
    began = time.process_time()
    play_take(lambda features: np.array([1.0, 0.0]), take, 2)  # the second part never plays
    assert time.process_time() - began < 30  # about 3; with a look at the whole past, 30 and more


def test_what_is_told_of_a_long_piece_is_what_its_whole_past_says(tmp_path):
    draws = np.random.default_rng(1)
    high = [(at * 60, at * 60 + 60, int(draws.integers(60, 80))) for at in range(1500)]
    low = [(at * 40, at * 40 + 30, int(draws.integers(40, 60))) for at in range(1500)]
    take = read_take(_write(tmp_path / "a.mid", [high, low]), PARTS)
    # Two parts of four play, and one of these only at first.
    given = np.where(np.arange(len(take)) < 900, draws.integers(0, 2, len(take)), 0)
    seen, scores = [], iter(np.eye(4)[given])

    def step(features):
        seen.append([*features["last_pitch"], *features["since_onset"], *features["since_pitch"]])
        return next(scores)

    play_take(step, take, 4)
    rows = np.empty((len(take), fact_count(4)), np.int64)
    describe_all(columns_of(take), given, 4, rows)
    told = rows[:, SINGLES:].reshape(len(take), -1, 4)
    np.testing.assert_array_equal(seen, told[:, [LAST, SINCE_ONSET, SINCE_PITCH]].reshape(len(take), -1))


def test_a_printed_piece_comes_back_as_it_was(made_up, tmp_path):
    save_printed(tmp_path / "a.mid", made_up(1), 66)
    found, wanted = read_take(tmp_path / "a.mid", CHORALE), take_of(made_up(1))
    assert found.bpm == pytest.approx(wanted.bpm, abs=1e-3)
    for column in ("pitch", "part", "tick"):
        np.testing.assert_array_equal(getattr(found, column), getattr(wanted, column))
    np.testing.assert_allclose(found.end, wanted.end, atol=0.1)


def test_a_separator_of_whole_pieces_is_measured_on_a_folder(made_up, tmp_path, monkeypatch):
    model, manifest = make_sequence()
    write_plugin(tmp_path / "models" / "whole", manifest, model.SerializeToString())
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path / "models"))
    piece = made_up(1)
    save_printed(tmp_path / "mine.mid", piece, 80)
    done = RUNNER.invoke(cli.evaluate, ["separator", "whole", "--input", str(tmp_path), "--json", "-"])
    found = json.loads(done.stdout)
    assert found["notes"] == 48
    # Its one rule is the pitch modulo four.
    assert found["accuracy"] == pytest.approx((piece.pitch % 4 == piece.part).mean())


def test_the_command_measures_the_good_and_tells_of_the_bad(made_up, tmp_path):
    save_printed(tmp_path / "mine.mid", made_up(1), 80)
    _smpte(tmp_path / "bad.mid")
    done = RUNNER.invoke(cli.evaluate, ["separator", "zone", "--input", str(tmp_path), "--json", "-"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["notes"] == 48
    assert done.stderr.count("\n") == 1
    assert "bad.mid is left out: counts time in SMPTE frames" in done.stderr
