"""How long the model is told that the player's notes are: bounded work, whatever is held."""

import pytest

from realtime.continuation.held import LAST_CALL, REACH, Held
from realtime.continuation.past import Past
from realtime.continuation.score import HELD, Note, Score
from tests.continuation.test_past import Shelf, read_all

AT_ONCE = 8
"""Rows that a player does not wait for: 20 ms where 400 are read in a second, the slowest machine seen."""


class Hand:
    """Plays notes into a score that a model reads."""

    def __init__(self) -> None:
        self.score, self.shelf = Score(), Shelf()
        self.held, self.past = Held(self.score), Past(self.shelf)

    def press(self, key: int, tick: float) -> Note:
        note = Note(round(tick), key, HELD, 0, 25, 80, True)
        self.score.add(note)
        self.held.begin(0, key, note, tick)
        return note

    def melody(self, notes: int, tick: float) -> float:
        for place in range(notes):
            self.press(70 + place % 12, tick)
            self.held.end(0, 70 + place % 12, tick + 2)
            tick += 3
        return tick

    def cost(self) -> int:
        """Return how many rows the model has to read until it has heard all."""
        before = self.shelf.reads
        read_all(self.past, self.score)
        return self.shelf.reads - before


@pytest.mark.parametrize("notes", [0, 1, REACH, LAST_CALL, 400])
def test_letting_go_of_what_lies_under_a_melody_costs_few_rows_however_long_it_is(notes):
    hand = Hand()
    hand.press(40, 0.0)
    end = hand.melody(notes, 3.0)
    hand.cost()
    hand.held.end(0, 40, end)
    assert hand.cost() <= AT_ONCE


def test_a_note_that_is_pushed_back_costs_few_rows_once():
    hand = Hand()
    hand.press(40, 0.0)
    costs = []
    tick = 3.0
    for _ in range(50):
        tick = hand.melody(1, tick)
        costs.append(hand.cost())
    assert max(costs) <= 2 * AT_ONCE
    assert costs[LAST_CALL:] == [1] * (50 - LAST_CALL)


def test_a_note_among_the_latest_is_told_with_its_length():
    hand = Hand()
    note = hand.press(40, 0.0)
    hand.held.end(0, 40, hand.melody(REACH - 1, 3.0))
    assert note.length == 3 * REACH


def test_a_note_that_is_held_on_is_told_how_long_it_has_lasted_when_others_push_it_back():
    hand = Hand()
    note = hand.press(40, 0.0)
    assert note.length == HELD
    end = hand.melody(REACH, 3.0)
    assert note.length == 3 * REACH
    hand.held.end(0, 40, end + 100)
    assert note.length == 3 * REACH


def test_many_notes_of_others_at_once_leave_a_held_note_as_it_was_told():
    hand = Hand()
    note = hand.press(40, 0.0)
    for place in range(LAST_CALL):  # those of the model
        hand.score.add(Note(3 * place, 60, 3, 1, 26, 80, False))
    hand.press(50, 3.0 * LAST_CALL)
    assert note.length == HELD
    hand.held.end(0, 40, 200.0)
    assert note.length == HELD


def test_a_key_that_is_down_twice_ends_once():
    hand = Hand()
    note = hand.press(40, 0.0)
    hand.held.end(0, 40, 6.0)
    hand.held.end(0, 40, 9.0)
    assert note.length == 6
    hand.press(41, 10.0)
    hand.held.clear()
    hand.held.end(0, 41, 12.0)
    assert hand.score.notes[-1].length == HELD
