"""Latency histograms against NumPy: at most 3.2 % too high, the maximum exact."""

import numpy as np
import pytest
from numba import njit

from realtime.engine.codes import BUCKETS, Stage
from realtime.engine.histogram import LIMITS, PERCENTILES, add, bucket, summarise, summary
from realtime.engine.state import new_state
from tests.engine.playing import Playing, ensemble, on

WIDTH = 0.032


@njit
def add_all(s, stage, durations):
    for duration in durations:
        add(s, stage, duration)


def counted(durations: np.ndarray) -> np.void:
    state = new_state(48000.0)[0]
    add_all(state, int(Stage.CALLBACK), durations)
    return state


@pytest.mark.parametrize(
    "durations",
    [
        np.random.default_rng(1).lognormal(10, 1.5, 50_007).astype(np.int64),
        np.random.default_rng(2).integers(0, 64, 10_007),
        np.random.default_rng(3).integers(0, 40 * 10**9, 10_007),
        np.full(1007, 1_333_333),
        np.r_[np.full(1498, 20_000), [5_000_000_000] * 2],
    ],
    ids=["lognormal", "tiny", "up to 40 s", "constant", "outliers"],
)
def test_percentiles_are_numpys_within_a_bucket(durations):
    # Numbers of durations of which no percentile falls between two, where NumPy's own rounding would decide.
    found = summary(counted(durations))["callback"]
    for name, percent in PERCENTILES.items():
        exact = np.percentile(durations, percent, method="inverted_cdf") / 1000
        # Microseconds are told to three places, that is, to the nanosecond.
        assert exact - 0.001 <= found[name] <= exact * (1 + WIDTH) + 0.001
    assert found["max"] == pytest.approx(durations.max() / 1000)
    assert found["count"] == len(durations)
    assert found["jitter"] == pytest.approx(found["p999"] - found["p50"], abs=0.001)


def test_every_duration_lies_in_a_bucket_that_is_narrow_enough():
    durations = np.unique(np.r_[np.arange(5000), np.geomspace(1, 10**11, 20_000).astype(np.int64)])
    for duration in durations.tolist():
        place = bucket(duration)
        assert LIMITS[place] >= duration
        assert place == 0 or LIMITS[place - 1] < duration
        assert LIMITS[place] <= duration * (1 + WIDTH)


def test_what_cannot_be_is_counted_at_the_ends():
    assert bucket(-5) == 0
    assert bucket(2**62) == BUCKETS - 1


def test_a_stage_that_was_never_timed_is_all_zeros():
    assert summarise(np.zeros(BUCKETS, np.int64), 0) == {
        "p50": 0.0,
        "p95": 0.0,
        "p99": 0.0,
        "p999": 0.0,
        "max": 0.0,
        "count": 0,
    }


def test_measurements_can_be_begun_again():
    playing = Playing(ensemble(1))
    playing.step(on(0, 60))
    assert playing.engine.latency()["callback"]["count"] == 1
    assert playing.engine.latency()["synth"]["count"] == 1
    assert playing.engine.latency()["key_to_sound"]["count"] == 1
    playing.engine.reset_measurements()
    assert not any(stage["count"] for stage in playing.engine.latency().values())
