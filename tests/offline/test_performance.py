from itertools import pairwise

import numpy as np

from offline.performance import Touch, perform
from offline.score import make_piece

STRICT = Touch(chord=0, spread=0, finger=0, legato=0, velocity=0)


def test_a_performance_of_the_same_seed_is_the_same_and_of_another_is_not(made_up):
    assert perform(made_up(0), 60, seed=1) == perform(made_up(0), 60, seed=1)
    assert perform(made_up(0), 60, seed=1) != perform(made_up(0), 60, seed=2)


def test_voices_in_unison_share_a_key():
    piece = make_piece("x", [[(0, 60, 24)], [(0, 60, 48)], [(24, 60, 24)]])
    first, second = perform(piece, 60, seed=0)
    assert first.end < second.start


def test_the_part_of_a_shared_key_is_the_one_that_holds_it_longest():
    piece = make_piece("x", [[(0, 60, 24)], [(0, 60, 48)], []])
    assert [(note.pitch, note.part) for note in perform(piece, 60, seed=0)] == [(60, 1)]


def test_a_strict_player_plays_what_is_printed(made_up):
    piece = made_up(0)
    notes = perform(piece, 60, seed=0, touch=STRICT)
    assert [(note.pitch, note.part) for note in notes] == list(zip(piece.pitch, piece.part, strict=True))
    starts = np.array([note.start for note in notes[:-4]])  # the last chord is late
    np.testing.assert_allclose(starts, piece.onset[:-4] / 24)


def test_a_key_comes_up_before_it_goes_down_again(made_up):
    notes = perform(made_up(0, chords=40), 60, seed=0, touch=Touch(legato=1.0))
    for pitch in {note.pitch for note in notes}:
        same = [note for note in notes if note.pitch == pitch]
        assert all(a.end < b.start for a, b in pairwise(same))
