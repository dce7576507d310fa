from pathlib import Path

import mido
import numpy as np
import pytest

import realtime
from offline.demo import PRINTED, save_performance, save_printed, write_demo
from offline.performance import perform
from offline.score import make_piece
from realtime.music.smf import read_performance

DEMO = Path(realtime.__file__).parent / "demo"


def _presses(path):
    """Return (track, channel, key, seconds, down) of every key movement."""
    for event in read_performance(path).events:
        if event["status"] & 0xF0 in (0x80, 0x90):
            down = event["status"] & 0xF0 == 0x90
            yield (
                int(event["track"]),
                int(event["channel"]),
                int(event["data1"]),
                float(event["seconds"]),
                down,
            )


@pytest.mark.parametrize("name", ["keyboard.mid", "chorale.mid"])
def test_every_key_goes_down_once_at_a_time_and_comes_up(name):
    held = set()
    for _, channel, key, _, down in _presses(DEMO / name):
        assert ((channel, key) in held) != down
        (held.add if down else held.remove)((channel, key))
    assert not held


def test_the_keyboard_performance_is_one_channel_and_40_to_60_seconds():
    assert mido.MidiFile(DEMO / "keyboard.mid").type == 0
    assert 40 < read_performance(DEMO / "keyboard.mid").seconds < 60
    assert len({channel for _, channel, *_ in _presses(DEMO / "keyboard.mid")}) == 1
    assert (DEMO / "keyboard.mid").stat().st_size < 5_000


def test_the_keyboard_performance_is_uneven_as_a_player_is():
    performance = read_performance(DEMO / "keyboard.mid")
    down = performance.events[(performance.events["status"] & 0xF0) == 0x90]
    off_beat = (down["seconds"] * 66 / 60 * 2 + 0.5) % 1 - 0.5
    assert 0.005 < np.abs(off_beat).mean() < 0.2
    assert len(set(down["data2"].tolist())) > 10


def test_the_chorale_is_the_printed_one_with_a_track_for_each_voice(chorales):
    piece, found = chorales[PRINTED], []
    for _, channel, key, seconds, down in _presses(DEMO / "chorale.mid"):
        if down:
            found.append((round(seconds * 84 / 60 * 24), key, channel))
    assert sorted(found) == sorted(
        zip(piece.onset.tolist(), piece.pitch.tolist(), piece.part.tolist(), strict=True)
    )


def test_the_command_makes_the_files_that_are_committed(chorales, tmp_path):
    for path in write_demo(chorales, tmp_path):
        assert path.read_bytes() == (DEMO / path.name).read_bytes()


def test_a_performance_reads_back_as_it_was_played(made_up, tmp_path):
    notes = perform(made_up(0), 90, seed=0)
    save_performance(tmp_path / "x.mid", notes, 90, "x")
    starts = [seconds for _, _, _, seconds, down in _presses(tmp_path / "x.mid") if down]
    np.testing.assert_allclose(starts, [note.start for note in notes], atol=2e-3)


def test_a_printed_piece_keeps_repeated_notes_apart(tmp_path):
    piece = make_piece("x", [[(0, 60, 24), (24, 60, 24)], [], [], []])
    save_printed(tmp_path / "x.mid", piece, 60)
    movements = [(seconds, down) for _, _, _, seconds, down in _presses(tmp_path / "x.mid")]
    assert movements == [(0.0, True), (1.0, False), (1.0, True), (2.0, False)]
