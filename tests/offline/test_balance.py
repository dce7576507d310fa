import numpy as np
import pytest

from offline.balance import evened
from offline.score import make_piece

PIECES = [make_piece("two", [[(tick, 60, 1) for tick in range(90)], [(tick, 40, 1) for tick in range(10)]])]


def _weights(*names: str, parts: int = 2):
    return {name: np.zeros(parts, np.float32) for name in names}


def test_the_part_with_few_notes_gains_what_it_lacks_in_advance():
    bias = evened(_weights("scores.bias"), PIECES, 1.0)["scores.bias"]
    assert bias.dtype == np.float32
    assert bias[1] - bias[0] == pytest.approx(np.log(9))
    half = evened(_weights("scores.bias"), PIECES, 0.5)["scores.bias"]
    assert half[1] - half[0] == pytest.approx(np.log(9) / 2)


def test_members_are_evened_each_and_nothing_else_is():
    weights = _weights("members.0.scores.bias", "members.1.scores.bias", "mix.bias")
    found = evened(weights, PIECES, 0.5)
    assert found["members.0.scores.bias"][1] > 0
    np.testing.assert_array_equal(found["members.0.scores.bias"], found["members.1.scores.bias"])
    assert found["mix.bias"] is weights["mix.bias"]


def test_a_part_that_never_plays_stays_finite():
    assert np.isfinite(evened(_weights("scores.bias", parts=3), PIECES, 1.0)["scores.bias"]).all()


def test_no_share_changes_nothing():
    weights = _weights("scores.bias")
    assert evened(weights, PIECES, 0.0) == weights
