"""What the synth's block adds is told apart from what comes on top of it."""

import numpy as np
import pytest

from bench.onsets import Heard
from bench.stretch import Stretch

RATE, PERIOD = 48000, 128


def test_jitter_that_is_all_the_blocks_is_none_without_it():
    rounded = np.arange(200) % 64 - 63
    heard = Heard(rounded + 150, np.arange(200) * 5000, 0, 0)
    told = Stretch([heard], [rounded]).summary(RATE, PERIOD)
    assert told["jitter_ms"] > 0.5
    assert told["jitter_without_block_ms"] == 0
    assert told["without_block_ms"]["p50"] == pytest.approx(150 / 48, abs=1e-3)


def test_jitter_that_is_not_the_blocks_stays():
    late = np.where(np.arange(200) % 10 == 0, 480, 0)
    heard = Heard(150 + late, np.arange(200) * 5000, 0, 0)
    told = Stretch([heard], [np.zeros(200, np.int64)]).summary(RATE, PERIOD)
    assert told["jitter_without_block_ms"] == told["jitter_ms"] == pytest.approx(10, abs=1e-3)
