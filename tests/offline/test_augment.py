from dataclasses import replace

import numpy as np

from offline.augment import Augmentation, excerpt, loosen
from offline.score import make_piece

PLAIN = Augmentation(longest=10_000, from_start=1, transpositions=(0, 0), thinned=0, solo=0, moved=0, loose=0)


def test_an_excerpt_without_changes_is_the_piece(made_up):
    piece = made_up(0)
    for a, b in zip(piece.columns, excerpt(piece, PLAIN, np.random.default_rng(0)).columns, strict=True):
        np.testing.assert_array_equal(a, b)


def test_transpositions_stay_in_their_range_and_on_the_keyboard(made_up):
    piece, draws = made_up(0), np.random.default_rng(0)
    how = replace(PLAIN, transpositions=(-5, 6))
    moves = {int((excerpt(piece, how, draws).pitch - piece.pitch)[0]) for _ in range(200)}
    assert moves == set(range(-5, 7))
    high = replace(piece, pitch=piece.pitch + 48)
    assert max(excerpt(high, how, draws).pitch.max() for _ in range(50)) == 127


def test_excerpts_are_sorted_in_time_and_never_empty(made_up):
    piece, draws = made_up(0, chords=3), np.random.default_rng(0)
    how = Augmentation(longest=2, thinned=1, thinning=1, solo=1, loose=1)
    for _ in range(300):
        part = excerpt(piece, how, draws)
        assert 1 <= len(part) <= 2
        assert (np.diff(part.onset) >= 0).all()


def test_loose_playing_without_spread_keeps_chords_together_and_in_order(made_up):
    piece = made_up(0)
    played = loosen(piece, 1.0, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(played.pitch, piece.pitch)
    assert all(len(set(played.onset[first:end])) == 1 for first, end in piece.chords())


def test_loose_playing_brings_the_notes_in_the_order_of_their_times(made_up):
    piece = made_up(0)
    played = loosen(piece, 1.0, 0.6, np.random.default_rng(0))
    assert (np.diff(played.onset) >= 0).all()
    assert sorted(zip(played.pitch, played.part, strict=True)) == sorted(
        zip(piece.pitch, piece.part, strict=True)
    )
    assert (played.pitch != piece.pitch).any()


def test_loose_voices_in_unison_share_a_key():
    piece = make_piece("x", [[(0, 60, 24), (24, 62, 24)], [(0, 60, 24), (24, 60, 24)]])
    played = loosen(piece, 1.0, 0.6, np.random.default_rng(0))
    assert sorted(played.pitch.tolist()) == [60, 60, 62]
