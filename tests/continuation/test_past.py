"""The score and what the model has read of it: only what changed is read again, for as long as it plays."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.continuation.past import Past, row_of
from realtime.continuation.score import KEPT, Note, Score


class Shelf:
    """A reader that keeps the rows and how often it read one."""

    origin = 0

    def __init__(self) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.reads = 0

    @property
    def length(self) -> int:
        return len(self.rows)

    def read(self, rows: np.ndarray) -> np.ndarray:
        self.rows += [tuple(row) for row in rows.tolist()]
        self.reads += len(rows)
        return np.zeros(502, np.float32)

    def prepare(self, rows: int) -> int:
        return rows

    def rewind(self, length: int) -> None:
        del self.rows[length:]


def note(onset: int, pitch: int = 60, length: int = 6, own: bool = True) -> Note:
    return Note(onset, pitch, length, 0, 25, 80, own)


def read_all(past: Past, score: Score) -> None:
    while not past.read(score):
        pass


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "length", "cut", "announce", "read"]), st.integers(0, 40), st.booleans()
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_the_model_has_read_the_score_as_it_is(changes):
    score, shelf = Score(), Shelf()
    past = Past(shelf)
    score.announce([25])
    for what, number, own in changes:
        if what == "add":
            score.add(note(number, 50 + number % 7, own=own))
        elif what == "length" and score.notes:
            score.set_length(score.notes[number % len(score.notes)], number + 1)
        elif what == "cut":
            score.cut(number)
        elif what == "announce":
            score.announce([25, 26 + number % 3])
        else:
            past.read(score, 1 + number % 4)
    read_all(past, score)
    assert shelf.rows == score.header + [row_of(each) for each in score.notes]
    onsets = [each.onset for each in score.notes]
    assert onsets == sorted(onsets)


def test_a_note_that_ends_costs_its_own_row_and_those_after_it():
    score, shelf = Score(), Shelf()
    past = Past(shelf)
    score.announce([25])
    notes = [note(place) for place in range(100)]
    for each in notes:
        score.add(each)
    read_all(past, score)
    before = shelf.reads
    score.set_length(notes[97], 12)
    read_all(past, score)
    assert shelf.reads - before == 3
    score.set_length(notes[97], 12)
    read_all(past, score)
    assert shelf.reads - before == 3


def test_what_lies_far_back_is_forgotten_and_the_model_reads_on():
    score, shelf = Score(), Shelf()
    past = Past(shelf)
    score.announce([25])
    for place in range(3 * KEPT):
        score.add(note(place))
        score.forget()
        if place % 50 == 0:
            read_all(past, score)
    read_all(past, score)
    assert len(score.notes) <= 2 * KEPT
    assert shelf.length == len(score.header) + 3 * KEPT
    score.set_length(score.notes[-2], 24)
    before = shelf.reads
    read_all(past, score)
    assert shelf.reads - before == 2
    assert shelf.rows[-1] == row_of(score.notes[-1])
