"""Rows of six codes: exact vocabularies, order, clipping, and what comes back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.mmt.instruments import INSTRUMENT_OF, INSTRUMENTS, NAMES, PROGRAM_OF, TABLE
from realtime.music.mmt.representation import (
    ANNOUNCEMENT,
    BEATS,
    DURATIONS,
    END_OF_SONG,
    NOTE,
    RESOLUTION,
    SIZES,
    START_OF_NOTES,
    START_OF_SONG,
    as_rows,
    decode,
    duration_code,
    encode,
    row,
    tidy,
)

LAST = BEATS * RESOLUTION - 1
NOTES = st.lists(
    st.tuples(st.integers(0, LAST + 100), st.integers(0, 127), st.integers(0, 500), st.integers(0, 127)),
    max_size=40,
)


def test_the_vocabularies_are_the_published_ones():
    assert SIZES == (5, 257, 13, 129, 33, 65)
    assert sum(SIZES) == 502
    assert len(DURATIONS) == 32
    assert (np.diff(DURATIONS) > 0).all()


def test_each_program_is_one_instrument_or_none():
    listed = [program for _, programs in TABLE for program in programs]
    dropped = {*range(76, 79), *range(96, 104), *range(112, 117), *range(120, 128)}
    assert len(listed) == len(set(listed))
    assert set(listed) == set(range(128)) - dropped
    assert INSTRUMENTS == 64
    assert all(INSTRUMENT_OF[program] == 0 for program in dropped)


def test_an_instrument_is_played_by_its_own_program():
    codes = np.arange(1, 65)
    assert (INSTRUMENT_OF[PROGRAM_OF[codes]] == codes).all()
    found = {NAMES[INSTRUMENT_OF[program]]: int(PROGRAM_OF[INSTRUMENT_OF[program]]) for program in range(128)}
    assert (found["strings"], found["violin"], found["organ"], found["synth-drums"]) == (49, 40, 16, 118)
    assert NAMES[INSTRUMENT_OF[110]] == "violin"
    assert (NAMES[13], NAMES[32], NAMES[64]) == ("organ", "synth-strings", "synth-drums")


def test_durations_go_to_the_nearest_of_two_to_the_shorter():
    given = [0, 1, 12, 13, 14, 17, 19, 22, 23, 156, 288, 289, 10_000]
    wanted = [1, 1, 12, 12, 15, 16, 18, 21, 24, 144, 192, 384, 384]
    assert DURATIONS[duration_code(given) - 1].tolist() == wanted


def test_a_small_piece_has_the_rows_of_the_paper():
    notes = [(30, 67, 6, 40), (24, 60, 12, 110), (25, 48, 0, 0), (24, 60, 12, 110), (24, 60, 12, 40)]
    assert encode(notes).tolist() == [
        [START_OF_SONG, 0, 0, 0, 0, 0],
        [ANNOUNCEMENT, 0, 0, 0, 0, 1],
        [ANNOUNCEMENT, 0, 0, 0, 0, 25],
        [START_OF_NOTES, 0, 0, 0, 0, 0],
        # Programs 40 and 110 are both violins: duplicates went before the two merged.
        [NOTE, 1, 1, 61, 12, 25],
        [NOTE, 1, 1, 61, 12, 25],
        [NOTE, 1, 2, 49, 1, 1],
        [NOTE, 1, 7, 68, 6, 25],
        [END_OF_SONG, 0, 0, 0, 0, 0],
    ]


def test_ties_are_in_the_order_of_programs_not_of_instruments():
    # 19 is instrument 14, 20 is instrument 13.
    assert encode([(0, 60, 12, 20), (0, 60, 12, 19)])[4:6, 5].tolist() == [14, 13]


@given(NOTES)
def test_what_is_encoded_is_what_comes_back(notes):
    """Against plain Python that is written from the paper."""
    known = sorted({(on, key, max(1, long), p) for on, key, long, p in notes if INSTRUMENT_OF[p]})
    start = known[0][0] // 12 * 12 if known else 0
    wanted = [
        (on - start, key, min(DURATIONS, key=lambda d: (abs(d - long), d)), PROGRAM_OF[INSTRUMENT_OF[p]])
        for on, key, long, p in known
        if on - start < 256 * 12
    ]
    assert decode(encode(notes)).tolist() == [list(map(int, note)) for note in wanted]


@given(NOTES)
def test_rows_are_in_order_and_in_range(notes):
    rows = encode(notes)
    assert (as_rows(rows) == rows).all()
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert (rows[0, 0], rows[-1, 0]) == (START_OF_SONG, END_OF_SONG)
    played = rows[rows[:, 0] == NOTE]
    assert (played[:, 1:] > 0).all()
    place = (played[:, 1] * 100 + played[:, 2]) * 1000 + played[:, 3]
    assert (np.diff(place) >= 0).all()
    announced = rows[rows[:, 0] == ANNOUNCEMENT, 5]
    assert announced.tolist() == sorted(set(played[:, 5].tolist()))


@given(NOTES)
def test_decoded_music_is_encoded_to_what_it_was_but_for_merged_programs(notes):
    once = decode(encode(notes))
    twice = decode(encode(once))
    assert twice.tolist() == np.unique(once, axis=0).tolist() == tidy(once).tolist()


def test_nothing_but_whole_notes_before_the_end_is_decoded():
    note = [NOTE, 1, 1, 61, 12, 1]
    undefined = [NOTE, 2, 0, 61, 12, 1]
    rows = np.concatenate([row(ANNOUNCEMENT, 3), [note, undefined], row(END_OF_SONG), [note]])
    assert decode(rows).tolist() == [[0, 60, 12, 0]]
    assert decode([]).shape == (0, 4)


@pytest.mark.parametrize(
    ("notes", "says"),
    [
        ([(0, 128, 1, 0)], "note 0 has the pitch 128"),
        ([(0, 60, 1, 0), (-1, 60, 1, 0)], "note 1 has the onset -1"),
        ([(0, 60, 1)], "a table of whole numbers"),
        ([(0.5, 60.0, 1.0, 0.0)], "a table of whole numbers"),
    ],
)
def test_notes_out_of_range_are_refused(notes, says):
    with pytest.raises(ValueError, match=says):
        encode(notes)


def test_codes_out_of_range_are_refused():
    with pytest.raises(ValueError, match="row 0 has the beat code 257"):
        decode([[NOTE, 257, 1, 61, 12, 1]])
