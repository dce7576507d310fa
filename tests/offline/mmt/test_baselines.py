"""The representations of the baselines: what is encoded comes back, and nonsense does no harm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.mmt.baselines import BEATS, MMM, REMI, decode_mmm, decode_remi, encode_mmm, encode_remi
from realtime.music.mmt.representation import decode, encode

NOTES = st.lists(
    st.tuples(st.integers(0, BEATS * 12 + 50), st.integers(0, 127), st.integers(0, 400), st.integers(0, 127)),
    max_size=30,
)


def test_a_small_piece_has_these_tokens():
    notes = [(0, 60, 12, 40), (12, 62, 60, 40), (6, 48, 6, 0)]
    words = [MMM.kind(token) for token in encode_mmm(notes)]
    assert words == [
        ("start_of_song", 0),
        *[("start_of_track", 0), ("instrument", 0), ("time_shift", 5), ("note_on", 48)],
        *[("time_shift", 5), ("note_off", 48), ("end_of_track", 0)],
        *[("start_of_track", 0), ("instrument", 24), ("note_on", 60), ("time_shift", 11), ("note_off", 60)],
        *[("note_on", 62), ("time_shift", 47), ("time_shift", 11), ("note_off", 62), ("end_of_track", 0)],
        ("end_of_song", 0),
    ]
    words = [REMI.kind(token) for token in encode_remi(notes)]
    assert words == [
        ("start_of_song", 0),
        *[("beat", 0), ("position", 0), ("instrument", 24), ("pitch", 60), ("duration", 11)],
        *[("position", 6), ("instrument", 0), ("pitch", 48), ("duration", 5)],
        *[("beat", 1), ("position", 0), ("instrument", 24), ("pitch", 62), ("duration", 23)],
        ("end_of_song", 0),
    ]


@given(NOTES)
def test_remi_gives_back_what_the_papers_own_rows_do(notes):
    rows = decode(encode(notes))
    wanted = np.unique(rows[rows[:, 0] < BEATS * 12], axis=0)
    assert np.unique(decode_remi(encode_remi(notes)), axis=0).tolist() == wanted.tolist()


@given(NOTES)
def test_mmm_gives_back_every_note_up_to_the_next_of_its_key(notes):
    found = decode_mmm(encode_mmm(notes))
    rows = decode(encode(notes))
    begins = {(on, key, program) for on, key, _, program in rows.tolist() if on < BEATS * 12}
    assert {(on, key, program) for on, key, _, program in found.tolist()} == begins
    assert len(found) == len(begins)
    assert decode_mmm(encode_mmm(found)).tolist() == found.tolist()


@given(st.lists(st.integers(0, len(MMM) - 1)), st.lists(st.integers(0, len(REMI) - 1)))
def test_any_tokens_give_notes_in_range(mmm, remi):
    for notes in (decode_mmm(mmm), decode_remi(remi)):
        assert (notes[:, 2] > 0).all()
        assert encode(notes).shape[1] == 6


def test_tokens_that_are_none_are_refused():
    with pytest.raises(ValueError, match="out of range"):
        decode_mmm([len(MMM)])
