"""The three modes begin from what the paper gives them, also where the piece is shorter."""

import numpy as np
import pytest

from realtime.music.mmt.prompts import continuation, instrument_informed, instruments_given, unconditioned
from realtime.music.mmt.representation import END_OF_SONG, START_OF_NOTES, encode, row

PIECE = encode([(12 * beat, 60 + beat, 12, program) for beat in range(8) for program in (40, 73)])


def test_unconditioned_is_the_start_of_a_song():
    assert unconditioned().tolist() == [[0] * 6]


def test_instruments_come_with_the_start_of_notes():
    prompt = instrument_informed(PIECE)
    assert prompt[:, 5].tolist() == [0, 25, 50, 0]
    assert prompt[-1, 0] == START_OF_NOTES
    assert prompt.tolist() == instruments_given([50, 25, 25]).tolist()


def test_a_continuation_has_the_beats_that_were_asked_for():
    prompt = continuation(PIECE, 4)
    assert len(prompt) == 4 + 2 * 4
    assert prompt[-1, 1] == 4
    assert (PIECE[len(prompt) :, 1] != 4).all()


def test_a_continuation_of_a_shorter_piece_is_all_of_it_but_its_end():
    assert continuation(PIECE, 100).tolist() == PIECE[:-1].tolist()
    assert continuation(PIECE[:-1], 100).tolist() == PIECE[:-1].tolist()


@pytest.mark.parametrize("nothing", [[], row(END_OF_SONG), encode([])])
def test_a_piece_without_notes_still_gives_a_prompt(nothing):
    for prompt in (continuation(nothing, 4), instrument_informed(nothing)):
        assert prompt[0, 0] == 0
        assert not np.any(prompt[:, 0] >= 3)


def test_wrong_prompts_are_refused():
    with pytest.raises(ValueError, match="at least one beat"):
        continuation(PIECE, 0)
    with pytest.raises(ValueError, match="codes from 1 to 64"):
        instruments_given([65])
