"""The three measures give what MusPy's formulas give, on music where that can be counted by hand."""

import numpy as np
import pytest

from offline.mmt.metrics import (
    groove_consistency,
    mean_metrics,
    pitch_class_entropy,
    scale_consistency,
    trim,
)


def notes(*rows: tuple[int, int, int]) -> np.ndarray:
    return np.array([(*row, 0) for row in rows]).reshape(-1, 4)


def test_entropy_counts_notes_by_pitch_class():
    even = notes(*((12 * n, 60 + n, 12) for n in range(12)))
    assert pitch_class_entropy(even) == pytest.approx(np.log2(12))
    octaves = notes((0, 60, 1), (0, 72, 100), (5, 48, 1))
    assert pitch_class_entropy(octaves) == 0
    halves = notes((0, 60, 1), (0, 72, 100), (5, 61, 1), (5, 49, 7))
    assert pitch_class_entropy(halves) == pytest.approx(1)


def test_the_scale_that_fits_best_counts_in_any_key():
    major = [62, 64, 66, 67, 69, 71, 73]
    assert scale_consistency(notes(*((n, key, 1) for n, key in enumerate(major)))) == 1
    assert scale_consistency(notes(*((n, key, 1) for n, key in enumerate([*major, 65])))) == pytest.approx(
        7 / 8
    )
    chromatic = notes(*((n, n, 1) for n in range(12)))
    assert scale_consistency(chromatic) == pytest.approx(7 / 12)


def test_groove_compares_neighbouring_bars():
    same = notes(*((48 * bar + at, 60, 6) for bar in range(4) for at in (0, 12, 24)))
    assert groove_consistency(same) == 1
    # Bars of 48 ticks: onsets at 0 and 12, at 0, and an empty bar because the last note ends in it.
    two = notes((0, 60, 12), (12, 60, 12), (48, 60, 60))
    assert groove_consistency(two) == pytest.approx(1 - (1 + 1) / (2 * 48))
    assert np.isnan(groove_consistency(notes((0, 60, 12))))
    assert groove_consistency(notes((0, 60, 48))) == pytest.approx(1 - 1 / 48), "its end opens a bar"


def test_only_the_first_64_beats_count():
    table = notes((0, 60, 10_000), (767, 61, 12), (768, 62, 12))
    assert trim(table).tolist() == [[0, 60, 768, 0], [767, 61, 1, 0]]


def test_means_leave_out_what_has_no_value():
    even = notes((0, 60, 12), (0, 61, 12))
    found = mean_metrics([even, notes(), notes((0, 60, 12))])
    assert found["pitch_class_entropy"] == pytest.approx(0.5)
    assert np.isnan(found["groove_consistency"])
