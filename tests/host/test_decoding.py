"""From scores to parts: the best that may play, ranges and switches respected, single voices kept apart."""

from itertools import product

import numpy as np
import pytest

from realtime.contract.sequence import sequence_features
from realtime.ensembles.schema import Ensemble, Part
from realtime.host.decoding import FLOOR, Casting, cast
from realtime.host.piece import Notes


def notes_of(tick, pitch, duration=6) -> Notes:
    tick, pitch = np.array(tick), np.array(pitch)
    places = np.arange(len(tick))
    return Notes(places, places, sequence_features(tick, pitch, np.full(len(tick), duration)))


def ensemble(*settings: dict) -> Ensemble:
    parts = tuple(Part(**({"name": f"part {i}", "channel": i + 1} | s)) for i, s in enumerate(settings))
    return Ensemble("test", "Test", "zone", parts)


def decided(scores, notes: Notes, *settings: dict, joint: bool = False, labels=None) -> list[int]:
    scores = np.array(scores, np.float32)
    labels = range(len(settings)) if labels is None else labels
    return cast(scores, labels, notes, ensemble(*settings), joint).decide().tolist()


def test_the_highest_score_plays_and_its_probability_is_the_confidence():
    notes = notes_of([0, 6], [60, 64])
    casting = cast(np.array([[2.0, 0], [0, 1]], np.float32), [0, 1], notes, ensemble({}, {}))
    parts = casting.decide()
    assert parts.tolist() == [0, 1]
    np.testing.assert_allclose(casting.confidence(parts), [0.880797, 0.731059], atol=1e-6)
    assert casting.mean_log_score(parts) == pytest.approx(np.log([0.880797, 0.731059]).mean(), abs=1e-6)


def test_a_range_and_a_switch_come_before_the_score():
    notes = notes_of([0, 6, 12], [59, 60, 80])
    scores = [[9, 1, 0]] * 3
    settings = ({"lowest": 60, "highest": 79}, {"highest": 70}, {"plays": False})
    assert decided(scores, notes, *settings) == [1, 0, 0]  # 80: out of range is better than switched off
    off = ({"plays": False},) * 3
    assert decided(scores, notes, *off) == [0, 0, 0]


def test_labels_are_played_by_the_parts_that_have_them():
    notes = notes_of([0, 6], [60, 64])
    assert decided([[5, 0, 1], [0, 5, 1]], notes, {}, {}, labels=[1, -1, 0]) == [1, 0]


def test_a_single_voice_is_given_one_note_of_a_chord():
    notes = notes_of([0, 0, 6, 6], [60, 64, 60, 64])
    scores = [[5, 4], [5, 1], [5, 4], [5, 1]]
    assert decided(scores, notes, {}, {}) == [0, 0, 0, 0]
    assert decided(scores, notes, {"voices": "mono"}, {}) == [1, 0, 1, 0]
    assert decided(scores, notes, {}, {}, joint=True) == [1, 0, 1, 0]
    assert decided(scores, notes, {}, {"voices": "mono"}) == [0, 0, 0, 0]


def test_a_chord_of_more_notes_than_single_voices_gives_each_one_first():
    notes = notes_of([0] * 5, [40, 50, 60, 70, 80])
    parts = decided([[9, 0, 0]] * 5, notes, {}, {}, {}, joint=True)
    assert np.bincount(parts, minlength=3).min() >= 1
    assert np.bincount(parts, minlength=3)[0] == 3


def test_a_range_comes_before_a_single_voice():
    notes = notes_of([0, 0], [40, 45])
    assert decided([[5, 1], [5, 1]], notes, {}, {"lowest": 50}, joint=True) == [0, 0]


@pytest.mark.parametrize("seed", range(10))
def test_a_joint_decision_is_the_best_of_all(seed):
    draws = np.random.default_rng(seed)
    count = int(draws.integers(2, 5))
    scores = draws.normal(0, 3, (count, 4)).astype(np.float32)
    notes = notes_of([0] * count, sorted(draws.integers(40, 80, count)))
    casting = cast(scores, range(4), notes, ensemble({}, {}, {}, {}), joint=True)
    rows = np.arange(count)
    best = max(
        casting.log_scores[rows, list(each)].sum()
        for each in product(range(4), repeat=count)
        if len(set(each)) == count
    )
    parts = casting.decide()
    assert casting.log_scores[rows, parts].sum() == pytest.approx(best)


def test_a_huge_chord_is_decided_note_by_note():
    notes = notes_of([0] * 1000, sorted([60, 61] * 500))
    assert set(decided([[1, 0]] * 1000, notes, {}, {}, joint=True)) == {0}


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_scores_that_say_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="no usable score for note 1"):
        cast(
            np.array([[0, 0], [wrong] * 2], np.float32), [0, 1], notes_of([0, 6], [60, 62]), ensemble({}, {})
        )


def test_a_label_that_is_ruled_out_is_floored():
    casting = cast(np.array([[0, -np.inf]], np.float32), [0, 1], notes_of([0], [60]), ensemble({}, {}))
    assert isinstance(casting, Casting)
    assert casting.log_scores.tolist() == [[0.0, FLOOR]]
