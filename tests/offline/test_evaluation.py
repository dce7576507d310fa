import numpy as np
import pytest

from offline.evaluation import label_order, measure_labels, play_take
from offline.score import make_piece
from offline.take import NOBODY, take_of
from realtime.contract.library import find_plugin

QUARTER = 60_000 / 120
"""Milliseconds, at the tempo of these tests."""


def _record(piece, decide, parts=2):
    seen = []

    def step(features):
        seen.append({k: list(v) if isinstance(v, np.ndarray) else v for k, v in features.items()})
        return np.eye(parts, dtype=np.float32)[decide(features)]

    play_take(step, take_of(piece, 120), parts)
    return seen


def test_features_of_a_note_come_from_its_place_in_the_score():
    piece = make_piece("x", [[(25, 72, 24)], [(25, 60, 24)]])
    low, high = _record(piece, lambda _: 0)
    assert (low["pitch"], low["position"], low["beat"], low["tick"], low["chord_index"]) == (60, 1, 1, 25, 0)
    assert (high["pitch"], high["chord_index"]) == (72, 1)


def test_the_past_is_what_the_separator_decided_not_what_is_true():
    piece = make_piece("x", [[(0, 72, 24), (24, 74, 24)], []])
    seen = _record(piece, lambda _: 1)  # always the wrong part
    assert seen[0]["last_pitch"] == [-1, -1]
    assert seen[1]["last_pitch"] == [-1, 72]


def test_a_chord_sees_the_pitches_before_it_those_within_it_and_those_to_come():
    piece = make_piece("x", [[(0, 72, 24)], [(0, 60, 24)]])
    low, high = _record(piece, lambda features: 1 - features["chord_index"])
    assert low["chord_last_pitch"] == high["chord_last_pitch"] == [-1, -1]
    assert high["last_pitch"] == [-1, 60]
    assert low["chord_above"] == [72, -1, -1, -1]
    assert high["chord_above"] == [-1] * 4


def test_a_note_is_held_until_its_duration_is_over():
    piece = make_piece("x", [[(0, 72, 24), (23, 74, 1), (24, 76, 24)], []])
    seen = _record(piece, lambda _: 0)
    assert [features["sounding"][0] for features in seen] == [0, 1, 0]


def test_times_are_those_since_each_part_last_did_something():
    piece = make_piece("x", [[(0, 72, 12), (24, 74, 24), (48, 76, 24)], []])
    seen = _record(piece, lambda _: 1)
    assert [features["since_note"] for features in seen] == [-1, QUARTER, QUARTER]
    assert seen[1]["since_onset"] == [-1, QUARTER]
    assert seen[1]["since_release"] == [-1, QUARTER / 2]
    assert seen[2]["since_release"] == [-1, 0]


def test_accuracy_counts_notes_and_balanced_accuracy_parts():
    true, decided = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    result = measure_labels([decided], [true], ("a", "b", "silent"))
    assert result.accuracy == 0.75
    assert result.balanced_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert result.part_accuracy == pytest.approx({"a": 2 / 3, "b": 1.0})
    assert result.confusion["a"] == {"a": 2, "b": 1, "silent": 0}


def test_a_voice_that_goes_to_and_fro_flickers():
    steady, wavering = np.array([1, 1, 1, 1]), np.array([0, 1, 0, 1])
    true = np.zeros(4, int)
    assert measure_labels([steady], [true], ("a", "b")).flicker == 0.0  # wrong, but steadily so
    assert measure_labels([wavering], [true], ("a", "b")).flicker == 1.0


def test_soundness_asks_whether_what_one_part_plays_belongs_together():
    decided, true = np.array([0, 0, 0]), np.array([0, 1, 1])
    result = measure_labels([decided], [true], ("a", "b"))
    assert (result.soundness, result.completeness) == (0.5, 1.0)


def test_successive_notes_are_those_of_one_piece():
    one = np.array([0])
    assert measure_labels([one, one], [one, one + 1], ("a", "b")).soundness == 1.0


def test_notes_that_are_nobodys_are_not_counted():
    true, decided = np.array([0, NOBODY, 0]), np.array([0, 1, 0])
    result = measure_labels([decided], [true], ("a", "b"))
    assert (result.accuracy, result.notes, result.flicker) == (1.0, 2, 0.0)


def test_nothing_to_measure_on_is_said():
    with pytest.raises(ValueError, match="no note"):
        measure_labels([], [], ("a", "b"))


def test_parts_are_matched_by_name_and_their_number_must_agree():
    manifest = find_plugin("bach-lstm").manifest
    assert label_order(manifest, ("bass", "tenor", "alto", "soprano")) == [3, 2, 1, 0]
    assert label_order(manifest, ("w", "x", "y", "z")) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="bach-lstm has 4 parts and the corpus 2"):
        label_order(manifest, ("left", "right"))
