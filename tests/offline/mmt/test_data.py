"""Batches: augmented within the paper's bounds, cut as published, every piece as often as any other."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="batches are tensors: pip install 'concertino[offline]'")

from hypothesis import given  # noqa: E402  # after the check for torch
from hypothesis import strategies as st  # noqa: E402

from offline.mmt.data import (  # noqa: E402
    Share,
    Steps,
    augment,
    batches,
    beginning,
    collate,
    cut,
    excerpt,
    validation_batches,
)
from offline.mmt.model import IGNORED  # noqa: E402
from offline.mmt.recipe import Recipe  # noqa: E402
from realtime.music.mmt.representation import BEATS, END_OF_SONG, encode  # noqa: E402


@given(seed=st.integers(0, 2**32), beats=st.integers(20, 600), lowest=st.integers(0, 127))
def test_augmentation_moves_every_pitch_alike_and_takes_one_stretch(seed, beats, lowest):
    notes = np.array([(12 * beat, min(127, lowest + beat % 5), 12, 40) for beat in range(beats)])
    found = augment(notes, np.random.default_rng(seed))
    assert len(found) == min(beats, BEATS)
    first = int(found[0, 0]) // 12
    original = notes[first : first + len(found)]
    assert (np.delete(found, 1, 1) == np.delete(original, 1, 1)).all()
    moves = [move for move in range(-5, 7) if (np.clip(original[:, 1] + move, 0, 127) == found[:, 1]).all()]
    assert moves


def test_all_twelve_keys_and_stretches_from_everywhere_are_drawn(made_up):
    notes = made_up(1, beats=300)
    found = [augment(notes, np.random.default_rng(seed)) for seed in range(300)]
    begins = [f[0, 0] // 12 for f in found]
    assert (min(begins), max(begins)) == (0, 44)
    assert {int(f[0, 1] - notes[2 * b, 1]) for f, b in zip(found, begins, strict=True)} == set(range(-5, 7))


def test_long_rows_are_cut_and_end_all_the_same(made_up):
    rows = encode(made_up(1, beats=100))
    short = cut(rows, 50)
    assert len(short) == 50
    assert short[:-1].tolist() == rows[:49].tolist()
    assert short[-1, 0] == END_OF_SONG
    assert cut(rows, 1000) is rows


def test_each_row_is_to_give_the_next_and_what_fills_is_ignored(made_up):
    pieces = [encode(made_up(seed, beats=10 * (seed + 1))) for seed in range(3)]
    rows, targets = collate(pieces)
    assert rows.shape == targets.shape == (3, 64, 6)
    for number, piece in enumerate(pieces):
        length = len(piece) - 1
        assert rows[number, :length].tolist() == piece[:-1].tolist()
        assert targets[number, :length].tolist() == piece[1:].tolist()
        assert (targets[number, length:] == IGNORED).all()


def test_every_piece_comes_once_before_any_comes_again(made_up):
    pieces = [np.array([(12 * beat, 60, 12, program) for beat in range(12)]) for program in range(8, 16)]
    steps = Steps(pieces, Recipe(batch=4, seed=5), 128, Share())
    shown = [[int(steps.rows(place)[1, 5]) for place in range(8 * r, 8 * r + 8)] for r in range(3)]
    assert all(sorted(each) == list(range(5, 13)) for each in shown)
    assert shown[0] != shown[1]


def test_processes_share_the_batch_that_one_would_have(made_up):
    pieces = [made_up(seed) for seed in range(5)]
    whole = Steps(pieces, Recipe(), 128, Share())[7][0]
    shares = [Steps(pieces, Recipe(), 128, Share(rank, 2))[7][0] for rank in range(2)]
    assert torch.equal(torch.stack([shares[0], shares[1]], 1).flatten(0, 1), whole)
    held = [b for rank in range(2) for b in validation_batches(pieces, Recipe(batch=2), 128, Share(rank, 2))]
    assert sum(len(rows) for rows, _ in held) == len(pieces)


def test_a_run_goes_on_with_the_batches_it_would_have_had(made_up):
    steps = Steps([made_up(seed) for seed in range(3)], Recipe(batch=2), 128, Share())
    all_at_once = [rows for rows, _ in batches(steps, 0, 6, workers=0)]
    later = [rows for rows, _ in batches(steps, 4, 6, workers=0)]
    assert len(later) == 2
    assert all(torch.equal(a, b) for a, b in zip(all_at_once[4:], later, strict=True))


def test_excerpts_begin_anywhere_and_end_only_where_the_piece_does(made_up):
    notes = made_up(1, beats=300)
    found = [excerpt(notes, 65, np.random.default_rng(seed)) for seed in range(200)]
    assert {len(rows) for rows in found} <= {65, *range(36, 65)}
    starts = [rows[:4].tolist() for rows in found]
    assert all(s[:3] == encode(notes)[:3].tolist() and s[3][0] == 2 for s in starts)
    assert {tuple(rows[4, 1:3].tolist()) for rows in found} == {(1, 1)}, "an excerpt begins with a beat"
    ended = [rows[-1, 0] == END_OF_SONG for rows in found]
    assert 0 < sum(ended) < len(ended)
    durations = {len(rows) for rows, end in zip(found, ended, strict=True) if not end}
    assert durations == {65}
    assert beginning(notes, 128)[-1, 0] != END_OF_SONG
    assert beginning(notes, 4096)[-1, 0] != END_OF_SONG, "the piece is longer than the beats that have codes"
    assert beginning(made_up(1, beats=9), 128)[-1, 0] == END_OF_SONG


def test_long_pieces_have_several_excerpts_and_short_ones_make_larger_batches(made_up):
    pieces = [made_up(0, beats=10), made_up(1, beats=600)]
    recipe = Recipe(batch=2, rows=(64, 128))
    steps = Steps(pieces, recipe, 128, Share())
    assert steps.shown.tolist() == [0, 1, 1, 1]
    assert [tuple(steps[n][0].shape) for n in (0, 1, 2)] == [(4, 64, 6), (2, 128, 6), (4, 64, 6)]
    shares = [Steps(pieces, recipe, 128, Share(rank, 2))[3][0] for rank in range(2)]
    assert [len(share) for share in shares] == [1, 1]


def test_the_rate_falls_at_the_end_where_the_recipe_says_so():
    recipe = Recipe(rate=1.0, warmup=10, steps=100, cooling=0.5, floor=0.0)
    assert [recipe.rate_at(step) for step in (0, 9, 50, 75, 100)] == pytest.approx([0.1, 1, 1, 0.5, 0])


def test_the_rate_is_the_published_one():
    rates = [Recipe().rate_at(step) for step in (0, 2499, 4999, 5000, 52_500, 100_000, 199_999)]
    assert rates == pytest.approx([1e-7, 2.5e-4, 5e-4, 5e-4, 2.75e-4, 5e-5, 5e-5])
