"""Players' time: what is derived from an alignment, and how a take is bent by it."""

import os
from pathlib import Path

import numpy as np
import pytest

from offline.corpora.alignments import FOLDER, FRAME_MS, Alignment, load_alignments
from offline.human import on_one_keyboard
from offline.score import make_piece
from offline.take import take_of
from offline.timing import FILE, NEAREST, Timing, bent_time, derive, in_players_time, load_timing, save_timing

DATA = Path(os.environ.get("CONCERTINO_DATA", Path(__file__).parents[3] / "shared" / "data"))


def _recording(seed=0, beats=200, wave=0.1, uneven=0.02, frames=True):
    """Two onsets to a beat at 66 BPM, the tempo swinging by ``wave`` every 40 beats."""
    draws = np.random.default_rng(seed)
    beat = np.arange(2 * beats) / 2
    seconds = 60 / 66 * (beat - wave * 40 / (2 * np.pi) * np.cos(beat * 2 * np.pi / 40))
    seconds = seconds - seconds[0] + draws.normal(0, uneven, len(beat))
    if frames:
        seconds = np.rint(seconds * 1000 / FRAME_MS) * FRAME_MS / 1000
    return Alignment(f"made-up-{seed}", "Public Domain", beat, seconds)


def test_the_curve_is_the_tempo_that_was_played():
    curves, _ = bent_time(_recording())
    (curve,) = curves
    assert curve.mean() == pytest.approx(1.0, abs=1e-6)
    expected = 1 + 0.1 * np.sin(np.arange(len(curve)) * 2 * np.pi / 40)
    assert np.abs(curve - expected)[3:-3].max() < 0.04


def test_deviations_are_the_players_and_not_the_frames():
    timing = derive([_recording(seed, beats=600, uneven=0.02) for seed in range(3)])
    middle = timing.deviations[[15, -16]]  # one standard deviation either way
    np.testing.assert_allclose(middle, [-20, 20], atol=3)
    still = derive([_recording(0, beats=600, uneven=0.0, wave=0.0, frames=False)])
    assert np.abs(still.deviations).max() < 0.5


def test_a_pause_cuts_the_curve():
    recording = _recording()
    seconds = recording.seconds + 20.0 * (recording.quarter > 90)
    curves, deviations = bent_time(recording._replace(seconds=seconds))
    assert len(curves) == 2
    assert max(curve.max() for curve in curves) < 2.0
    assert np.abs(deviations).max() < 2000


def test_recordings_that_tell_no_tempo_are_refused():
    with pytest.raises(ValueError, match="no alignment gives a tempo"):
        derive([_recording(beats=10)])


def test_what_is_kept_is_read_again(tmp_path):
    timing = derive([_recording(0), _recording(1, beats=80)])
    save_timing(timing, tmp_path / "timing.npz")
    again = load_timing(tmp_path / "timing.npz")
    assert [len(curve) for curve in again.curves] == [len(curve) for curve in timing.curves]
    for curve, kept in zip(timing.curves, again.curves, strict=True):
        np.testing.assert_allclose(curve, kept, rtol=1e-3)


@pytest.fixture
def take(made_up):
    return take_of(made_up(3, chords=120))


def test_a_take_goes_along_a_stretch_of_the_curve(take):
    curve = np.linspace(0.8, 1.2, 50, dtype=np.float32)
    timing = Timing((curve,), np.zeros(99, np.float32))
    played = in_players_time(take, np.random.default_rng(0), timing)
    assert len(np.unique(played.start)) == len(np.unique(take.start))  # chords stay chords
    pace = np.diff(np.unique(played.start)) / np.diff(np.unique(take.start))
    assert 0.79 < pace.min() < 0.9
    assert 1.1 < pace.max() < 1.21
    assert np.abs(np.diff(pace)).max() < 0.01  # and at its end the curve turns back


def test_no_onset_overtakes_another_however_uneven(take):
    timing = Timing((np.ones(50, np.float32),), np.linspace(-900, 900, 99, dtype=np.float32))
    played = in_players_time(take, np.random.default_rng(0), timing)
    np.testing.assert_array_equal(played.pitch, on_one_keyboard(take).pitch)
    gaps = np.diff(np.unique(played.start)) / np.diff(np.unique(take.start))
    assert 1 - 2 * NEAREST - 1e-6 < gaps.min() < 0.3


def test_real_time_is_uneven_playable_and_the_same_for_a_seed(take):
    played, again = (in_players_time(take, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(played.start, again.start)
    assert played.start.min() >= 0
    assert (played.end > played.start).all()
    assert (played.sound_end >= played.end).all()
    other = in_players_time(take, np.random.default_rng(8))
    assert not np.array_equal(played.start, other.start)
    pace = np.diff(np.unique(played.start)) / np.diff(np.unique(take.start))
    assert 0.02 < pace.std() < 0.3


def test_a_take_of_one_note_is_played():
    played = in_players_time(take_of(make_piece("x", [[(0, 60, 24)]])), np.random.default_rng(0))
    assert len(played) == 1


def test_the_kept_numbers_are_small_and_those_of_the_alignments(tmp_path):
    assert FILE.stat().st_size < 200_000
    if not (DATA / FOLDER).is_dir():
        pytest.skip(f"needs {FOLDER} in a folder of corpora: set CONCERTINO_DATA")
    save_timing(derive(load_alignments(DATA)), tmp_path / "again.npz")
    kept, again = load_timing(), load_timing(tmp_path / "again.npz")
    np.testing.assert_allclose(again.deviations, kept.deviations, rtol=1e-3)
    np.testing.assert_allclose(np.concatenate(again.curves), np.concatenate(kept.curves), rtol=2e-3)
