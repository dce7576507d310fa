import mido
import numpy as np
import pytest

from offline.corpora.midi import read_sheet
from tests.offline.corpora.conftest import tune, write_midi


def test_notes_are_rounded_to_the_grid_and_keep_their_track(tmp_path):
    path = write_midi(
        tmp_path / "a.mid",
        [("Flute", 73, 0, [(0.01, 72, 1), (1.5, 74, 0.26)]), ("Horn", 60, 1, [(2, 60, 1)])],
    )
    sheet = read_sheet(path)
    assert [(t.name, t.program, t.drums) for t in sheet.tracks] == [("Flute", 73, False), ("Horn", 60, False)]
    assert sheet.tracks[0].notes.tolist() == [[0, 72, 24], [36, 74, 6]]
    assert sheet.seconds == pytest.approx(1.5, abs=0.01)


def test_another_resolution_can_be_asked_for(tmp_path):
    path = write_midi(tmp_path / "a.mid", [("p1", 80, 0, [(1, 60, 2)])], resolution=22_050)
    assert read_sheet(path, ticks=50).tracks[0].notes.tolist() == [[50, 60, 100]]


def test_a_key_that_is_struck_again_begins_a_new_note(tmp_path):
    file = mido.MidiFile(ticks_per_beat=24)
    on = [mido.Message("note_on", note=60, velocity=64, time=time) for time in (0, 24)]
    off = [mido.Message("note_off", note=60, time=time) for time in (12, 5)]
    file.tracks.append(mido.MidiTrack([*on, *off]))
    file.save(tmp_path / "a.mid")
    assert read_sheet(tmp_path / "a.mid").tracks[0].notes.tolist() == [[0, 60, 24], [24, 60, 12]]


def test_two_tracks_on_one_channel_keep_their_own_programs_and_notes(tmp_path):
    same = [(0, 60, 4)]
    path = write_midi(tmp_path / "a.mid", [("Viola", 41, 0, same), ("Oboe", 68, 0, [(1, 60, 1)])])
    tracks = read_sheet(path).tracks
    assert [(t.program, t.notes.tolist()) for t in tracks] == [(41, [[0, 60, 96]]), (68, [[24, 60, 24]])]


def test_a_track_that_changes_its_program_is_two(tmp_path):
    track = mido.MidiTrack()
    for program, note in ((0, 60), (24, 62)):
        track.append(mido.Message("program_change", program=program))
        track.append(mido.Message("note_on", note=note, velocity=64))
        track.append(mido.Message("note_off", note=note, time=24))
    mido.MidiFile(ticks_per_beat=24, tracks=[track]).save(tmp_path / "a.mid")
    tracks = read_sheet(tmp_path / "a.mid").tracks
    assert [(t.program, t.notes[:, 1].tolist()) for t in tracks] == [(0, [60]), (24, [62])]


def test_drums_are_known_by_their_channel(tmp_path):
    path = write_midi(tmp_path / "a.mid", [("Kit", 0, 9, tune(0, 4)), ("Bass", 33, 1, tune(1, 4))])
    assert [t.drums for t in read_sheet(path).tracks] == [True, False]


def test_every_note_of_a_dense_file_is_found(tmp_path):
    draws = np.random.default_rng(0)
    notes = [(on / 4, int(p), 0.25) for on in range(400) for p in draws.choice(range(30, 90), 6, False)]
    (track,) = read_sheet(write_midi(tmp_path / "a.mid", [("Piano", 0, 0, notes)])).tracks
    assert sorted(track.notes.tolist()) == sorted([round(on * 24), p, 6] for on, p, _ in notes)
