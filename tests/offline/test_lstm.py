from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the sequence model needs torch: pip install 'concertino[offline]'"
)

from offline.lstm import LSTMSeparator, beat_table, frequency_table, make_batch, measure, score_take  # noqa: E402  # after the check for torch
from offline.take import take_of  # noqa: E402  # after the check for torch

torch.set_num_threads(1)  # more only get in each other's way on a model this small


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LSTMSeparator(units=16)


def test_the_input_has_the_width_of_the_paper():
    assert LSTMSeparator().lstm[0].input_size == 49
    assert sum(p.numel() for p in LSTMSeparator().parameters()) < 370_000


def test_later_notes_do_not_change_earlier_scores(model, made_up):
    piece = made_up(0)
    changed = replace(piece, pitch=np.where(np.arange(len(piece)) < 20, piece.pitch, 100))
    before, after = score_take(model, take_of(piece)), score_take(model, take_of(changed))
    np.testing.assert_array_equal(before[:20], after[:20])
    assert (before[20:] != after[20:]).any()


def test_padding_changes_neither_scores_nor_loss(model, made_up):
    short, long = made_up(0, chords=3), made_up(1, chords=9)
    pitch, position, beat, label = make_batch([short, long])
    scores = model.eval()(pitch, position, beat)[0, : len(short)].detach().numpy()
    np.testing.assert_allclose(scores, score_take(model, take_of(short)), atol=1e-6)
    assert (label[0, len(short) :] == -100).all()


def test_accuracy_is_pooled_over_notes_not_pieces(model, made_up):
    short, long = made_up(0, chords=1), made_up(1, chords=20)
    right = [(score_take(model, take_of(p)).argmax(1) == p.part).sum() for p in (short, long)]
    assert measure(model, [short, long])[1] == pytest.approx(sum(right) / (len(short) + len(long)))


def test_the_tables_of_beat_and_frequency_are_the_paper_s():
    beats, frequencies = beat_table(16), frequency_table()
    assert beats.shape == (4097, 16)
    assert beats[3, :2].tolist() == pytest.approx([np.sin(3), np.cos(3)])
    assert (frequencies[0, 0], frequencies[128, 0]) == (0, 1)
    assert frequencies[70, 0] == pytest.approx(440 / 12543.853951415975)


def test_a_beat_beyond_the_table_is_clipped(model, made_up):
    late = replace(made_up(0), onset=made_up(0).onset + 24 * 10_000)
    assert np.isfinite(score_take(model, take_of(late))).all()
