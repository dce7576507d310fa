import numpy as np

from bench.performance import NOTE_OFF, NOTE_ON, SHORTEST_GAP_MS, perform, with_preamble

RATE = 48000.0


def test_the_same_seed_plays_the_same_notes():
    first, again, other = perform(50, RATE, 3), perform(50, RATE, 3), perform(50, RATE, 4)
    assert (first.messages == again.messages).all()
    assert len(first.messages) != len(other.messages) or (first.messages != other.messages).any()


def test_every_note_on_has_its_note_off_before_the_next_note():
    messages, first = perform(500, RATE, 1)
    for begin, end in zip(first, [*first[1:], len(messages)], strict=True):
        group = messages[begin:end]
        on, off = group[group[:, 1] == NOTE_ON], group[group[:, 1] == NOTE_OFF]
        assert sorted(on[:, 2]) == sorted(off[:, 2])
        assert len(set(on[:, 2])) == len(on)
    assert (np.diff(messages[:, 0]) >= 0).all()


def test_gaps_are_a_players_with_pauses_and_fall_anywhere_in_a_period():
    messages, first = perform(2000, RATE, 1)
    begins = messages[first, 0]
    gaps = np.diff(begins) / RATE * 1000
    assert gaps.min() >= SHORTEST_GAP_MS - 1
    assert 100 < np.median(gaps) < 200
    assert gaps.max() > 1000
    assert len(set(begins % 128)) == 128


def test_some_notes_are_chords():
    messages, first = perform(500, RATE, 1)
    sizes = np.diff(np.append(first, len(messages))) // 2
    assert set(sizes) == {1, 2, 3, 4}


def test_a_preamble_moves_the_notes_indices_along():
    performance = perform(5, RATE, 1)
    longer = with_preamble(performance, [(0xC0, 124, 0), (0xB0, 7, 127)])
    assert (longer.messages[longer.first] == performance.messages[performance.first]).all()
