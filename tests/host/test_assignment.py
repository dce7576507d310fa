"""The exact assignment, against a search of all of them."""

from itertools import permutations

import numpy as np
import pytest

from realtime.host.assignment import assign


@pytest.mark.parametrize("seed", range(20))
def test_no_assignment_costs_less(seed):
    draws = np.random.default_rng(seed)
    rows, columns = draws.integers(1, 5), draws.integers(5, 7)
    costs = draws.normal(0, 10, (rows, columns))
    if seed % 2:
        costs = costs.round(-1)  # many ties
    found = assign(costs)
    assert len(set(found.tolist())) == rows
    least = min(costs[np.arange(rows), list(p)].sum() for p in permutations(range(columns), int(rows)))
    assert costs[np.arange(rows), found].sum() == pytest.approx(least)


def test_as_many_rows_as_columns_is_a_permutation_and_more_are_refused():
    assert assign(np.array([[1.0, 0.0], [0.0, 5.0]])).tolist() == [1, 0]
    assert assign(np.zeros((0, 3))).tolist() == []
    with pytest.raises(ValueError, match="3 rows can't have a column each of 2"):
        assign(np.zeros((3, 2)))
