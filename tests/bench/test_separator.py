import pytest

from bench.separator import VARIANTS, measure_separator
from bench.separator_steps import PACINGS, PLAYING, gaps_ms
from bench.soundfont import bench_soundfont

RANKS = ["p50", "p95", "p99", "p999", "max"]


@pytest.fixture(scope="module")
def result():
    return measure_separator(bench_soundfont(None), steps=40, gap_steps=8)


def test_each_path_is_measured_with_each_load_and_pacing(result):
    names = {f"{p}_{load}_{g}" for p in ("c", "python") for load in ("none", "gil") for g in PACINGS}
    names -= {f"python_{load}_{PLAYING}" for load in ("none", "gil")}  # Python has no periods
    assert names <= set(result["steps_us"])
    assert len(VARIANTS) == len(names) == 10


def test_the_result_has_every_key_of_a_benchmark(result):
    keys = "bench period rate notes load key_to_sound_ms jitter_ms callback_us separator_us xruns"
    assert {*keys.split(), "lost_notes", "machine"} <= set(result)
    assert list(result["separator_us"]) == RANKS


def test_steps_take_time_and_a_decision_takes_longer_than_its_step(result):
    steps = result["steps_us"]
    assert all(steps[name]["p50"] > 0 for name in steps)
    assert steps["decision_none_back_to_back"]["p50"] > steps["c_none_back_to_back"]["p50"]
    assert result["failed_steps"] == 0


def test_the_effect_of_a_gil_load_is_a_ratio_of_the_same_run(result):
    steps, ratio = result["steps_us"], result["gil_to_idle"]["c_back_to_back"]["p50"]
    assert ratio == round(steps["c_gil_back_to_back"]["p50"] / steps["c_none_back_to_back"]["p50"], 3)


def test_gaps_are_those_of_a_player():
    gaps = gaps_ms(1000, 1)
    assert gaps.min() >= 20
    assert gaps.max() <= 500


def test_a_rule_can_be_timed_as_well():
    found = measure_separator(bench_soundfont(None), "closest", steps=8, gap_steps=4)
    assert found["separator"] == "closest"


def test_an_unknown_separator_is_refused_by_name():
    with pytest.raises(ValueError, match="nobody"):
        measure_separator(bench_soundfont(None), "nobody")
