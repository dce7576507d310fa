from offline.score import make_piece


def test_notes_are_sorted_by_onset_then_pitch_then_duration():
    piece = make_piece("x", [[(24, 60, 24), (0, 72, 24)], [(0, 60, 48), (0, 60, 24)]])
    assert list(zip(piece.onset, piece.pitch, piece.duration, strict=True)) == [
        (0, 60, 24),
        (0, 60, 48),
        (0, 72, 24),
        (24, 60, 24),
    ]
    assert piece.part.tolist() == [1, 1, 0, 0]


def test_unisons_keep_the_order_of_the_parts():
    unison = [(0, 60, 24)]
    assert make_piece("x", [unison, unison, unison]).part.tolist() == [0, 1, 2]


def test_repeated_and_empty_notes_of_a_part_are_dropped():
    assert len(make_piece("x", [[(0, 60, 24), (0, 60, 24), (24, 62, 0)]])) == 1


def test_chords_are_the_notes_of_one_onset():
    piece = make_piece("x", [[(0, 72, 24), (24, 71, 24)], [(0, 60, 48)]])
    assert list(piece.chords()) == [(0, 2), (2, 3)]


def test_position_and_beat_come_from_the_onset():
    piece = make_piece("x", [[(0, 60, 6), (25, 60, 6), (95, 60, 6)]])
    assert piece.position.tolist() == [0, 1, 23]
    assert piece.beat.tolist() == [0, 1, 3]
