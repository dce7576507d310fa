import numpy as np
import pytest

from offline.score import TICKS, make_piece
from offline.whole.past import ENDS, INTERVALS, NEVER, OF_PART, PART_FACTS, PART_ROWS, past_rows
from offline.whole.relations import FARTHEST, FIRST, JOINED, NONE, PICKED, ROWS, SIZES, SOUNDING, note_rows

HELD = make_piece(
    "held",
    [
        [(0, 72, 24), (24, 74, 24)],
        [(0, 64, 48)],
        [(24, 60, 24)],
        [(0, 48, 12), (12, 50, 36)],
    ],
)
"""48, 64 and 72 at 0; 50 at 12; 60 and 74 at 24."""


@pytest.fixture
def facts():
    return note_rows(HELD) - FIRST


def test_every_fact_has_rows_of_its_own(made_up):
    rows = note_rows(made_up(0, chords=60))
    assert rows.shape == (240, PICKED)
    ends = np.append(FIRST[1:], ROWS)
    assert (rows >= FIRST).all()
    assert (rows < ends).all()
    assert (np.diff(np.append(FIRST, ROWS)) == SIZES).all()


def test_a_note_is_told_its_place_in_the_chord_and_among_all_that_sounds(facts):
    chord, sounding = facts[:, 4], facts[:, 5]
    assert chord.tolist() == [2, 8 + 1, 16, 0, 1, 8]  # 8 to the note below, 1 to the note above
    assert sounding.tolist() == [2, 8 + 1, 16, 2, 8 + 2, 24]  # the last chord sounds over 50 and 64


def test_intervals_to_what_sounds_say_whether_it_is_held(facts):
    last = facts[5, 6 : 6 + 2 * SOUNDING].reshape(2, SOUNDING)
    assert last.tolist() == [[2 * 10 + 1, 2 * 14, 2 * 24 + 1], [2 * NONE] * SOUNDING]


def test_notes_that_join_are_told_by_their_interval(facts):
    joined = facts[:, 6 + 2 * SOUNDING :].reshape(-1, 4, JOINED)
    assert joined[5].tolist() == [[2, NONE], [NONE] * 2, [NONE] * 2, [NONE] * 2]  # 72 ends where 74 begins
    assert joined[0].tolist() == [[NONE] * 2, [NONE] * 2, [NONE] * 2, [2, NONE]]  # 50 begins where 48 ends


def test_far_intervals_and_long_notes_keep_to_their_rows():
    piece = make_piece("wide", [[(0, 127, 5000)], [(0, 0, 5000)]])
    facts = note_rows(piece) - FIRST
    assert (facts < SIZES).all()
    assert facts[0, 3] == 4 * TICKS
    assert facts[0, 6 + SOUNDING] == 2 * FARTHEST


def test_what_a_part_played_last_is_told_by_interval_and_state():
    rows = past_rows(HELD.onset, HELD.pitch, HELD.duration, HELD.part, 4).reshape(6, 4, PART_FACTS)
    rows = rows - PART_ROWS * np.arange(4)[:, None]
    none = np.cumsum(OF_PART) - 1
    assert (rows[0] == none).all()  # nobody has played
    soprano, alto, tenor, bass = rows[5]
    assert soprano[0] == 2 * INTERVALS + FARTHEST + 2  # ended just now, 2 below
    assert alto[0] == 1 * INTERVALS + FARTHEST + 10  # still sounds
    assert tenor[0] == 0 * INTERVALS + FARTHEST + 14  # began at this onset
    assert bass[2] == OF_PART[0] + OF_PART[1] + FARTHEST + min(74 - 48, FARTHEST)  # the note before
    assert alto[1] == OF_PART[0] + 3 * ENDS + 2  # 24 ticks ago, ends with this note
    waiting = rows[4, 0, 3] - sum(OF_PART[:3])
    assert waiting == FARTHEST + 2  # 74 is yet to be labelled, 2 above the soprano's last


def test_only_the_labels_before_a_note_are_told(made_up):
    piece = made_up(0, chords=20)
    changed = piece.part.copy()
    changed[40:] = (changed[40:] + 1) % 4
    columns = piece.onset, piece.pitch, piece.duration
    before, after = past_rows(*columns, piece.part, 4), past_rows(*columns, changed, 4)
    np.testing.assert_array_equal(before[:41], after[:41])
    assert (before[41:] != after[41:]).any()
    assert NEVER < 0
