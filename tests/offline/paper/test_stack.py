from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: pip install 'concertino[offline]'")

from torch.nn.functional import cross_entropy, pad  # noqa: E402  # after the check for torch

from offline.lstm import IGNORED  # noqa: E402
from offline.paper.cells import CELLS  # noqa: E402
from offline.paper.excerpts import Batch, make_batch, whole  # noqa: E402
from offline.paper.networks import NETWORKS, LSTMNetwork  # noqa: E402
from offline.paper.stack import Stack  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small

KINDS = ["lstm", "bilstm"]


def _network(kind, inputs, parts):
    return LSTMNetwork(inputs, parts, whole=NETWORKS[kind][1]).eval()


def _networks(kind):
    """Return a network of each input, in turn of 4 and of 5 parts."""
    torch.manual_seed(0)
    inputs = list(dict.fromkeys(cell.inputs for cell in CELLS.values() if cell.network == kind))
    return [_network(kind, one, 4 + row % 2) for row, one in enumerate(inputs)]


def _batch(made_up, parts):
    return make_batch([whole(made_up(seed, chords=6), parts).cut(0, 20 - 3 * seed) for seed in range(3)])


def _streams(*batches):
    """Return batches of 4 and of 5 parts side by side."""
    wide = [
        batch._replace(
            entry=pad(batch.entry, (0, 5 - batch.entry.shape[2])),
            mean=pad(batch.mean, (0, 5 - batch.mean.shape[1]), value=-1),
        )
        for batch in batches
    ]
    return Batch(*map(torch.stack, zip(*wide, strict=True)))


def _loss(scores, label):
    return cross_entropy(scores.flatten(0, -2), label.flatten(), ignore_index=IGNORED, reduction="sum")


@pytest.mark.parametrize("kind", KINDS)
def test_stacked_networks_score_and_learn_as_each_alone(made_up, kind):
    networks, batches = _networks(kind), [_batch(made_up, 4), _batch(made_up, 5)]
    stack = Stack(networks, [row % 2 for row in range(len(networks))]).eval()
    scores, label = stack(_streams(*batches)), batches[0].label
    _loss(scores, label.T.expand(len(networks), -1, -1)).backward()
    gradients: dict[str, Any] = {name: value.grad for name, value in stack.named_parameters()}
    for row, network in enumerate(networks):
        own = network(batches[row % 2])
        notes = label != IGNORED
        assert torch.allclose(scores[row].transpose(0, 1)[notes][:, : 4 + row % 2], own[notes], atol=2e-5)
        _loss(own, label).backward()
        alone: dict[str, Any] = {name: value.grad for name, value in network.named_parameters()}
        hidden, first = gradients["hidden.1"][row, 0], gradients["input.0"][row, 0]
        assert torch.allclose(hidden.T, alone["onward.1.weight_hh_l0"], atol=1e-4)
        assert torch.allclose(first[stack.columns[row]].T, alone["onward.0.weight_ih_l0"], 1e-3, 1e-3)
        assert not first[[c for c in range(stack.width) if c not in stack.columns[row]]].any()
        for name in ("pitch", "position", "duration"):
            theirs = alone.get(f"encoder.{name}.weight", torch.zeros(()))
            assert torch.allclose(gradients[name][row], theirs, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_gets_back_what_its_row_holds(made_up, kind):
    networks = _networks(kind)
    stack = Stack(networks, [0] * len(networks))
    for row, network in enumerate(networks):
        batch = _batch(made_up, 4 + row % 2)
        other = _network(kind, network.encoder.inputs, 4 + row % 2)
        assert not torch.allclose(other(batch), network(batch), atol=1e-3)
        stack.unload(row, other)
        assert torch.allclose(other(batch), network(batch), atol=2e-5)
