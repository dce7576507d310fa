from pathlib import Path

import mido
import numpy as np
import pytest

from offline.folder import read_folder, read_take

PARTS = ("high", "low")
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


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: _write(path, [HIGH], ("x",)), "1 tracks have notes, and there are 2 parts"),
        (lambda path: _write(path, [HIGH, LOW], channel=9), "0 tracks have notes"),
        (lambda path: path.write_bytes(b"MThd broken"), "left out"),
        (lambda path: _write(path, [HIGH, LOW], kind=2), "format 2"),
    ],
)
def test_a_file_that_can_not_be_used_is_left_out_with_the_reason(tmp_path, make, reason):
    make(tmp_path / "bad.mid")
    _write(tmp_path / "good.mid", [HIGH, LOW])
    told = []
    takes = read_folder(tmp_path, PARTS, told.append)
    assert [take.name for take in takes] == ["good"]
    assert len(told) == 1
    assert "bad.mid is left out" in told[0]
    assert reason in told[0]


def test_a_folder_without_a_file_that_can_be_used_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a track for each of high, low"):
        read_folder(tmp_path, PARTS, print)
    with pytest.raises(OSError, match="is no folder"):
        read_folder(tmp_path / "none", PARTS, print)
