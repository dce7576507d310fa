from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from offline.score import TICKS, Piece, make_piece
from offline.split import (
    NEAR,
    format_split,
    group_near_duplicates,
    interval_ngrams,
    line_ngrams,
    load_split,
    make_split,
    near_duplicates,
    overlap,
    overlaps,
    pick,
)


def test_no_test_piece_has_a_near_duplicate_elsewhere(chorales):
    split = load_split()
    grams = {name: interval_ngrams(piece) for name, piece in chorales.items()}
    for test, other in product(split.test, split.train + split.validation):
        assert overlap(grams[test], grams[other]) < NEAR, (test, other)


def test_the_committed_split_is_the_one_that_the_command_makes(chorales):
    assert make_split(chorales, seed=0) == load_split()


def test_every_piece_is_on_one_side(chorales):
    split = load_split()
    names = [name for side in split for name in side]
    assert sorted(names) == sorted(chorales)
    assert [len(side) for side in split] == [327, 41, 41]


def test_a_piece_in_another_key_and_time_is_a_near_duplicate(made_up):
    piece = made_up(0, chords=40)
    moved = replace(piece, name="moved", pitch=piece.pitch + 3, onset=piece.onset + 4 * TICKS)
    other = made_up(1, chords=40)
    pieces = {p.name: p for p in (piece, moved, other)}
    assert group_near_duplicates(pieces) == [["made-up-0", "moved"], ["made-up-1"]]


def test_a_group_of_near_duplicates_stays_on_one_side(made_up):
    copies = {f"copy-{i}": replace(made_up(0, chords=40), name=f"copy-{i}") for i in range(5)}
    others = {p.name: p for p in (made_up(seed, chords=40) for seed in range(1, 46))}
    for seed in range(5):
        sides = [side for side in make_split(copies | others, seed) if set(side) & set(copies)]
        assert len(sides) == 1


def test_lines_find_another_key_a_movement_and_an_arrangement(made_up):
    piece = made_up(0, chords=120)
    moved = replace(piece, name="moved", pitch=piece.pitch - 4)
    part = np.flatnonzero(piece.onset < 40 * TICKS)
    movement = Piece("movement", *(column[part] for column in piece.columns))
    arranged = replace(piece, name="arranged", part=np.array([2, 0, 3, 1])[piece.part])
    others = [made_up(seed, chords=120) for seed in range(1, 4)]
    pieces = {p.name: p for p in (piece, moved, movement, arranged, *others)}
    found = {frozenset(pair[:2]) for pair in near_duplicates(pieces, lines=True)}
    same = [piece.name, moved.name, movement.name, arranged.name]
    assert found == {frozenset(pair) for pair in combinations(same, 2)}


def test_lines_ignore_scales_and_repeated_figures():
    figure = [0, 4, 7, 4] * 30
    scale = [*range(60, 84), *range(84, 60, -1)] * 3
    pieces = {}
    for seed, name in enumerate(("a", "b")):
        tune = np.random.default_rng(seed).integers(60, 80, 300).tolist()
        pitches = [*figure, *scale, *tune]
        pieces[name] = make_piece(
            name, [[(place * TICKS, p + 40 * (p < 40), TICKS) for place, p in enumerate(pitches)]]
        )
    assert not near_duplicates(pieces, lines=True)


def test_overlaps_are_those_of_the_sets(made_up):
    pieces = {p.name: p for p in (made_up(seed, chords=30) for seed in range(12))}
    pieces["mixed"] = Piece("mixed", *pieces["made-up-0"].columns)
    grams = {name: line_ngrams(piece) for name, piece in pieces.items()}
    found = {(a, b): share for a, b, share in overlaps(grams, 0.0)}
    for a, b in combinations(pieces, 2):
        expected = overlap(set(grams[a].tolist()), set(grams[b].tolist()))
        assert found.get((a, b), 0.0) == pytest.approx(expected), (a, b)


@pytest.mark.parametrize("count", [3, 4, 5, 9, 14])
def test_of_few_pieces_each_side_has_one(made_up, count):
    pieces = {str(seed): made_up(seed, chords=20) for seed in range(count)}
    for works in (None, {name: name for name in pieces}):
        split = make_split(pieces, works=works)
        assert (len(split.validation), len(split.test)) == (1, 1)
        assert len(split.train) == count - 2
        split.check_sides("mine")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pieces_are_refused_with_how_many_are_needed(made_up, count):
    pieces = {str(seed): made_up(seed, chords=20) for seed in range(count)}
    with pytest.raises(ValueError, match=rf"mine has {count} pieces.*at least 3 pieces"):
        make_split(pieces).check_sides("mine")


def test_pieces_of_one_work_that_leave_a_side_empty_are_refused(made_up):
    pieces = {str(seed): made_up(seed, chords=20) for seed in range(3)}
    split = make_split(pieces, works=dict.fromkeys(pieces, "one"))
    assert len(split.train) == 3
    with pytest.raises(ValueError, match="not of one work"):
        split.check_sides("mine")


def test_pieces_of_one_work_stay_on_one_side(made_up):
    pieces = {p.name: p for p in (made_up(seed, chords=40) for seed in range(40))}
    works = {name: f"work-{place // 4}" for place, name in enumerate(pieces) if place < 24} | {
        "made-up-39": ""
    }
    for seed in range(5):
        split = make_split(pieces, seed, lines=True, works=works)
        sides = {name: side for side, names in split._asdict().items() for name in names}
        assert all(
            len({sides[n] for n in works if works[n] == work}) == 1 for work in set(works.values()) - {""}
        )


def test_the_file_of_a_split_reads_back(tmp_path, made_up):
    split = make_split({p.name: p for p in map(made_up, range(20))})
    path = tmp_path / "split.toml"
    path.write_text(format_split(split, 0), "utf-8")
    assert load_split(path) == split


@pytest.mark.parametrize("text", ["train = [", "train = ['a']", "train = 1\nvalidation = 1\ntest = 1"])
def test_a_damaged_split_is_refused_by_name(tmp_path, text):
    path = tmp_path / "split.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"split\.toml is not a split of pieces"):
        load_split(path)


def test_a_corpus_without_a_piece_of_the_split_is_refused(made_up):
    with pytest.raises(ValueError, match="lacks 1 pieces of the split"):
        pick({"a": made_up(0)}, ("a", "b"))
