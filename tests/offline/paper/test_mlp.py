from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the MLP needs torch: pip install 'concertino[offline]'")

from offline.paper.mlp import MLPNetwork, chord_features, features  # noqa: E402  # after the check for torch
from offline.score import make_piece  # noqa: E402

#  a high note at 0; a chord at 30, whose high note is still held when the low part comes again at 36
PIECE = make_piece("x", [[(0, 72, 24), (30, 76, 12)], [(30, 60, 6), (36, 61, 6)], []])


def test_the_chord_features_of_a_case_made_by_hand():
    # pitch, duration, short, place, below, above, size, tick in the beat, size of the next chord
    assert chord_features(PIECE).tolist() == [
        [72, 24, 0, 0, -1, -1, 1, 0, 2],
        [60, 6, 1, 0, -1, 16, 2, 6, 1],
        [76, 12, 0, 1, 16, -1, 2, 6, 1],
        [61, 6, 1, 0, -1, -1, 1, 12, 0],
    ]


def test_the_features_of_each_part_of_a_case_made_by_hand():
    rows = features(PIECE, 3)
    assert rows.shape == (4, 9 + 4 * 3)
    # interval to its last note, ticks since that began, ticks from its end, still sounding
    high, low, silent = rows[:, 9:13], rows[:, 13:17], rows[:, 17:]
    assert high.tolist() == [[-1] * 4, [12, 30, 6, 0], [4, 30, 6, 0], [15, 6, 6, 1]]
    assert low.tolist() == [[-1] * 4, [-1] * 4, [16, 0, 6, 1], [1, 6, 0, 0]]
    assert (silent == -1).all()


def test_the_layers_amount_to_one_matrix(made_up):
    torch.manual_seed(0)
    network, rows = MLPNetwork(4).eval(), features(made_up(0), 4)
    weight, bias = network.flat()
    expected = network(torch.from_numpy(rows)).detach().numpy()
    np.testing.assert_allclose(rows @ weight.T + bias, expected, atol=1e-3)


def test_free_running_hears_its_own_decisions_and_the_oracle_the_true_ones(monkeypatch, made_up):
    weight, bias = np.zeros((4, 9 + 4 * 4)), np.zeros(4)
    for part in range(4):
        weight[part, 9 + 4 * part] = -1  # the closest pitch
    monkeypatch.setattr(MLPNetwork, "flat", lambda self: (weight, bias))
    network, piece = MLPNetwork(4), made_up(0)
    (free,), (oracle,) = (network.decide([piece], oracle=told) for told in (False, True))
    np.testing.assert_array_equal(oracle, (features(piece, 4) @ weight.T).argmax(1))
    np.testing.assert_array_equal(free, (features(replace(piece, part=free), 4) @ weight.T).argmax(1))
    assert (free != oracle).any()
