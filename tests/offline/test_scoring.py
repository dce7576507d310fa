import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="models need torch: pip install 'concertino[offline]'")

from offline.history import HistorySeparator, make_batch, play  # noqa: E402  # after the check for torch
from offline.human import PERTURBATIONS, human_takes  # noqa: E402
from offline.score import Piece  # noqa: E402
from offline.scoring import build_history, build_whole, history_labels, whole_labels  # noqa: E402
from offline.take import take_of  # noqa: E402
from offline.weights import model_weights  # noqa: E402
from offline.whole.beam import search, search_all  # noqa: E402
from offline.whole.model import WholeSeparator  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on models this small


@pytest.fixture
def takes(made_up):
    written = [take_of(made_up(seed, chords=6 + 5 * seed)) for seed in (1, 3, 0, 2)]
    return written + human_takes(written, list(PERTURBATIONS))


@pytest.mark.parametrize("chordal", [False, True])
def test_live_labels_are_those_of_each_take_alone(takes, chordal):
    torch.manual_seed(0)
    weights = model_weights(HistorySeparator(4, 24, 16, chordal=chordal))
    model = build_history(weights)
    for take, labels in zip(takes, history_labels(weights, takes), strict=True):
        np.testing.assert_array_equal(labels, play(model, make_batch([take]))[0][0])


def test_pieces_side_by_side_are_labelled_as_each_alone(made_up):
    torch.manual_seed(0)
    model = WholeSeparator(4, 24, 8, 16).eval()
    pieces = [made_up(seed, chords=3 + 4 * seed) for seed in (1, 3, 0, 2)]
    for piece, (labels, scores) in zip(pieces, search_all(model, pieces), strict=True):
        alone = search(model, piece)
        np.testing.assert_array_equal(labels, alone[0])
        np.testing.assert_allclose(scores, alone[1], atol=1e-5)


def test_labels_of_whole_takes_are_in_the_order_of_the_take(takes):
    torch.manual_seed(0)
    weights = model_weights(WholeSeparator(4, 24, 8, 16))
    model = build_whole(weights)
    for take, labels in zip(takes, whole_labels(weights, takes), strict=True):
        tick = np.rint(take.start * take.bpm * 24 / 60000).astype(int)
        long = np.maximum(np.rint((take.end - take.start) * take.bpm * 24 / 60000), 1).astype(int)
        order = np.lexsort((long, take.pitch, tick))
        piece = Piece("x", tick[order], take.pitch[order], long[order], take.part[order])
        np.testing.assert_array_equal(labels[order], search(model, piece)[0])
