from dataclasses import replace

import numpy as np

from offline.augment import Augmentation, excerpt, loosen

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


def test_loose_playing_keeps_chords_together():
    onset = np.array([0, 0, 0, 24, 24, 48])
    played = loosen(onset, 1.0, np.random.default_rng(0))
    assert len(set(played[:3])) == len(set(played[3:5])) == 1
