import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.onsets import Heard, explain, jitter, match, percentiles


def test_a_percentile_is_a_value_that_was_measured_and_never_better():
    found = percentiles(np.arange(1, 1001))
    assert found == {"p50": 501, "p95": 951, "p99": 991, "p999": 1000, "max": 1000}


def test_percentiles_of_few_values_are_their_maximum():
    assert percentiles(np.array([3.0, 9.0]))["p99"] == 9.0


def test_jitter_is_the_distance_from_the_median_to_the_last_thousandth():
    assert jitter({"p50": 1.0, "p999": 2.5}) == 1.5


def test_each_note_takes_the_first_sound_after_it():
    heard = match(np.array([0, 1000, 2000]), np.array([70, 1064, 2128]), bound=500)
    assert heard.frames.tolist() == [70, 64, 128]
    assert (heard.lost, heard.stray) == (0, 0)


def test_a_note_that_is_not_heard_in_time_is_lost_and_its_sound_is_stray():
    heard = match(np.array([0, 1000]), np.array([70, 1600]), bound=500)
    assert heard.frames.tolist() == [70]
    assert (heard.lost, heard.stray) == (1, 1)


def test_the_sound_of_the_next_note_is_not_taken_for_a_lost_one():
    heard = match(np.array([0, 1000]), np.array([1064]), bound=48000)
    assert heard.sent.tolist() == [1000]
    assert heard.lost == 1


@given(
    sent=st.lists(st.integers(0, 10**7), unique=True, max_size=50).map(sorted),
    onsets=st.lists(st.integers(0, 10**7), max_size=50).map(sorted),
)
def test_every_note_is_heard_or_lost_and_every_sound_is_matched_or_stray(sent, onsets):
    heard = match(np.array(sent, np.int64), np.array(onsets, np.int64), bound=5000)
    assert len(heard.frames) + heard.lost == len(sent)
    assert len(heard.frames) + heard.stray == len(onsets)
    assert ((heard.frames >= 0) & (heard.frames < 5000)).all()


@pytest.mark.parametrize(
    ("rounding", "frames_added"),
    [
        ("up to the next block", lambda offset: -offset % 64),
        ("down to its block", lambda offset: -(offset % 64)),
        ("down to its period", lambda offset: -(offset % 256)),
        ("none", lambda offset: 0 * offset),
    ],
)
def test_what_rounds_a_note_is_told_by_its_effect(rounding, frames_added):
    sent = 7_000 + np.sort(np.random.default_rng(1).choice(10**6, 200, replace=False))
    heard = Heard(258 + frames_added(sent - 7_000), sent, 0, 0)
    name, added = explain(heard, begin=7_000, period=256)
    assert name == rounding
    assert (heard.frames - added == 258).all()
