from dataclasses import replace
from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.score import Piece, make_piece  # noqa: E402  # after the check for torch
from offline.whole.beam import search  # noqa: E402
from offline.whole.model import WholeSeparator, batch_past, heads, make_batch, play  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small


@pytest.fixture
def model():
    torch.manual_seed(0)
    return WholeSeparator(4, 24, 8, 16).eval()


def _log_probability(model: WholeSeparator, piece: Piece, labels: np.ndarray) -> float:
    batch = make_batch([piece])
    with torch.no_grad():
        past = batch_past(batch, labels[None], model.parts)
        chances = model.decide(model.read(batch.rows, batch.lengths), past)[0].log_softmax(1).numpy()
    return float(chances[np.arange(len(piece)), labels].sum())


def test_one_way_is_the_highest_score_of_each_note(model, made_up):
    piece = made_up(0)
    given, scores = play(model, make_batch([piece]))
    labels, found = search(model, piece, 1, (0,))
    np.testing.assert_array_equal(labels, given[0])
    expected = torch.from_numpy(scores[0]).log_softmax(1).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_enough_ways_find_the_most_probable_labels_of_all(model, made_up):
    piece = Piece("short", *(column[:5] for column in made_up(1).columns))
    labels, _ = search(model, piece, 300, (0,))
    every = [np.array(each) for each in product(range(4), repeat=5)]
    best = max(every, key=lambda each: _log_probability(model, piece, each))
    np.testing.assert_array_equal(labels, best)


def test_more_ways_are_no_worse_and_the_chosen_label_is_the_highest_score(model, made_up):
    for seed in range(4):
        piece = made_up(seed, chords=20)
        few, many = (search(model, piece, ways, (0,)) for ways in (1, 16))
        assert _log_probability(model, piece, many[0]) >= _log_probability(model, piece, few[0]) - 1e-4
        np.testing.assert_array_equal(many[1].argmax(1), many[0])


def test_the_end_of_a_piece_can_change_its_beginning(model, made_up):
    piece = made_up(3, chords=20)
    other = replace(piece, pitch=np.where(np.arange(80) < 60, piece.pitch, piece.pitch + 5))
    whole, changed = (model.read(b.rows, b.lengths) for b in map(make_batch, ([piece], [other])))
    assert not torch.equal(whole[0, 0], changed[0, 0])


def test_a_batch_reads_each_piece_as_if_it_were_alone(model, made_up):
    pieces = [made_up(0, chords=4), made_up(1, chords=9)]
    batch = make_batch(pieces)
    together = model.read(batch.rows, batch.lengths)
    for b, piece in enumerate(pieces):
        alone = make_batch([piece])
        np.testing.assert_allclose(
            together[b, : len(piece)].detach(), model.read(alone.rows, alone.lengths)[0].detach(), atol=1e-5
        )


def test_one_note_is_a_piece(model):
    labels, scores = search(model, make_piece("note", [[(0, 60, 24)]]))
    assert labels.shape == (1,)
    assert scores.shape == (1, 4)


def test_heads_are_the_first_notes(made_up):
    assert [len(piece) for piece in heads([made_up(0), made_up(1, chords=2)], 20)] == [20, 8]
