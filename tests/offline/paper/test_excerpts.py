import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="batches need torch: pip install 'concertino[offline]'")

from offline.paper.excerpts import draw, entry_hints, make_batch, pitch_hints, whole  # noqa: E402
from offline.score import make_piece  # noqa: E402

PIECE = make_piece("x", [[(24, 72, 24), (48, 75, 24)], [(0, 60, 24), (24, 62, 24), (48, 60, 24)], []])


def test_entry_hints_are_0_at_the_first_note_of_a_part_and_nowhere_else():
    assert PIECE.part.tolist() == [1, 1, 0, 1, 0]
    assert entry_hints(PIECE.part, 3).T.tolist() == [[-1, -1, 0, 1, 1], [0, 1, 1, 1, 1], [0] * 5]


def test_pitch_hints_are_the_rounded_mean_of_each_part():
    assert pitch_hints(PIECE.pitch, PIECE.part, 3).tolist() == [74, 61, -1]


def test_an_excerpt_keeps_the_hints_of_the_whole_piece():
    cut = whole(PIECE, 3).cut(3, 5)
    assert cut.entry[:, 1].tolist() == [1, 1]
    assert cut.mean.tolist() == [74, 61, -1]


def test_transposition_moves_notes_and_pitch_hints_but_no_part_that_is_not_there():
    moved = whole(PIECE, 3).transpose(-2)
    assert moved.pitch.tolist() == [58, 60, 70, 58, 73]
    assert moved.mean.tolist() == [72, 59, -1]


def test_light_augmentation_only_transposes_and_none_does_nothing(made_up):
    piece, draws = made_up(0, 100), np.random.default_rng(0)
    notes, steps = whole(piece, 4), set()
    for _ in range(200):
        drawn = draw(piece, notes, "light", 500, draws)
        (step,) = set((drawn.pitch - piece.pitch).tolist())
        steps.add(step)
        np.testing.assert_array_equal(drawn.onset, piece.onset)
    assert steps == set(range(-5, 7))
    plain = draw(piece, notes, "none", 500, draws)
    np.testing.assert_array_equal(plain.pitch, piece.pitch)


def test_strong_augmentation_thins_and_loosens(made_up):
    piece, draws = made_up(0, 100), np.random.default_rng(0)
    drawn = [draw(piece, whole(piece, 4), "strong", 500, draws) for _ in range(50)]
    assert any(len(d) < len(piece) - 100 for d in drawn)
    assert any((d.onset % 24 != 0).any() for d in drawn)


@pytest.mark.parametrize("augmentation", ["none", "light", "strong"])
def test_no_excerpt_is_longer_than_asked(made_up, augmentation):
    piece, draws = made_up(0, 100), np.random.default_rng(0)
    lengths = [len(draw(piece, whole(piece, 4), augmentation, 70, draws)) for _ in range(50)]
    assert 0 < max(lengths) <= 70


def test_padding_has_labels_that_the_loss_leaves_out(made_up):
    batch = make_batch([whole(made_up(0, 2), 4), whole(made_up(1, 3), 4)])
    assert batch.length.tolist() == [8, 12]
    assert batch.label[0].tolist()[8:] == [-100] * 4
    assert batch.pitch[0].tolist()[8:] == [-1] * 4
    assert (batch.label[1] >= 0).all()
