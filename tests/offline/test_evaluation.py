import numpy as np
import pytest

from offline.evaluation import label_order, measure_labels, play_piece
from offline.score import make_piece
from realtime.contract.library import find_plugin


def _record(piece, decide, parts=2):
    seen = []

    def step(features):
        seen.append(features)
        return np.eye(parts, dtype=np.float32)[decide(features)]

    play_piece(step, piece, parts)
    return seen


def test_features_of_a_note_come_from_its_place_in_the_score():
    piece = make_piece("x", [[(25, 72, 24)], [(25, 60, 24)]])
    low, high = _record(piece, lambda _: 0)
    assert (low["pitch"], low["position"], low["beat"], low["tick"], low["chord_index"]) == (60, 1, 1, 25, 0)
    assert (high["pitch"], high["chord_index"]) == (72, 1)


def test_the_past_is_what_the_separator_decided_not_what_is_true():
    piece = make_piece("x", [[(0, 72, 24), (24, 74, 24)], []])
    seen = _record(piece, lambda _: 1)  # always the wrong part
    assert seen[0]["last_pitch"] == (-1, -1)
    assert seen[1]["last_pitch"] == (-1, 72)


def test_a_chord_sees_the_pitches_before_it_and_those_within_it():
    piece = make_piece("x", [[(0, 72, 24)], [(0, 60, 24)]])
    low, high = _record(piece, lambda features: 1 - features["chord_index"])
    assert low["chord_last_pitch"] == high["chord_last_pitch"] == (-1, -1)
    assert high["last_pitch"] == (-1, 60)


def test_a_note_is_held_until_its_duration_is_over():
    piece = make_piece("x", [[(0, 72, 24), (23, 74, 1), (24, 76, 24)], []])
    seen = _record(piece, lambda _: 0)
    assert [features["sounding"][0] for features in seen] == [0, 1, 0]


def test_accuracy_counts_notes_and_balanced_accuracy_parts():
    true, decided = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    result = measure_labels(decided, true, ("a", "b", "silent"), pieces=1)
    assert result.accuracy == 0.75
    assert result.balanced_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert result.part_accuracy == pytest.approx({"a": 2 / 3, "b": 1.0})


def test_parts_are_matched_by_name_and_their_number_must_agree():
    manifest = find_plugin("bach-lstm").manifest
    assert label_order(manifest, ("bass", "tenor", "alto", "soprano")) == [3, 2, 1, 0]
    assert label_order(manifest, ("w", "x", "y", "z")) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="bach-lstm has 4 parts and the corpus 2"):
        label_order(manifest, ("left", "right"))
