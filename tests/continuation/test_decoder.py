"""Rows read in any way, taken back, and going on beyond the context, give the scores that they should."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from realtime.continuation.decoder import Decoder
from realtime.continuation.windows import Windows
from realtime.contract.plugin import Plugin
from realtime.contract.row_stepper import RowStepper
from realtime.music.mmt.representation import BEAT, BEATS, NOTE, SIZES, announce

CONTEXT = 128
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing case runs the model thousands of times: it is told as it was found."""


def music(notes: int, seed: int = 0, beats: float = 0.3) -> np.ndarray:
    """Return announcements and that many notes, whose beats go on and on."""
    draws = np.random.default_rng(seed)
    rows = draws.integers(1, SIZES, (notes, 6))
    rows[:, 0] = NOTE
    rows[:, BEAT] = 1 + np.cumsum(draws.random(notes) < beats)
    return np.concatenate([announce([3, 9]), rows])


def test_rows_at_once_and_one_by_one_give_the_same_scores(tiny: Plugin):
    rows = music(90)
    whole, single = Decoder(tiny, "fp32"), Decoder(tiny, "fp32", steady=True)
    np.testing.assert_allclose(single.read(rows), whole.read(rows), atol=1e-5)
    assert single.length == whole.length == len(rows)


def test_what_was_taken_back_leaves_no_trace(tiny: Plugin):
    rows, other = music(60), music(60, seed=1)
    plain, tried = (Decoder(tiny, "int8", threads=1, steady=True) for _ in range(2))
    tried.read(rows[:40])
    tried.read(other[:20])
    tried.rewind(40)
    assert tried.length == 40
    assert (tried.read(rows[40:]) == plain.read(rows)).all()
    tried.reset()
    plain.reset()
    assert (tried.read(other) == plain.read(other)).all()
    with pytest.raises(ValueError, match="taken back"):
        tried.rewind(1000)


def test_beyond_the_context_it_sees_the_announcements_and_the_latest_rows(tiny: Plugin):
    rows = music(400)
    decoder = Decoder(tiny, "fp32", threads=1)
    stepper = RowStepper(tiny, "fp32")
    past = stepper.past()
    for end in range(1, len(rows) + 1):
        scores = decoder.read(rows[end - 1 : end])
        if end % 37 and end < len(rows):
            continue
        window = decoder._windows.current
        seen = rows[window.rows(0, window.place(end))]
        assert (seen[:4] == rows[:4]).all()
        assert (seen[-20:] == rows[max(0, end - 20) : end]).all() or end < 24
        seen[:, BEAT] -= np.where(seen[:, 0] == NOTE, decoder.origin, 0)
        np.testing.assert_allclose(scores, stepper.run(past, seen, 0)[-1], atol=1e-5)


@settings(max_examples=5, deadline=None, phases=NO_SHRINKING)
@given(data=st.data(), seed=st.integers(0, 99), beats=st.sampled_from([0.1, 0.9, 30.0]))
def test_the_same_rows_give_the_same_scores_whatever_was_tried_on_the_way(tiny, data, seed, beats):
    rows, other = music(330, seed), music(330, seed + 100)
    if beats > 1:
        rows[4:, BEAT] *= int(beats)
    plain, tried = (Decoder(tiny, "int8", threads=1, steady=True) for _ in range(2))
    at = 0
    while at < len(rows):
        step = data.draw(st.integers(1, 60))
        kept = tried.read(rows[at : at + step])
        at = min(len(rows), at + step)
        if data.draw(st.booleans()):
            wrong = other[4:][: data.draw(st.integers(1, 90))].copy()
            wrong[:, BEAT] += rows[at - 1, BEAT]
            tried.read(wrong)
            at = max(0, at - data.draw(st.integers(0, 50)))
            tried.rewind(at)
            if data.draw(st.booleans()):
                tried.prepare(data.draw(st.integers(0, 40)))
            continue
        if data.draw(st.booleans()):
            plain.reset()
            assert (plain.read(rows[:at]) == kept).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), jump=st.sampled_from([1, 5, 90, 300, 5000]), notes=st.integers(1, 700))
def test_windows_hold_what_comes_in_codes_that_the_model_knows(seed, jump, notes):
    rows = music(notes, seed)
    draws = np.random.default_rng(seed)
    rows[4:, BEAT] += np.cumsum((draws.random(notes) < 0.05) * draws.integers(0, jump + 1, notes))
    windows = Windows(CONTEXT)
    windows.extend(rows, 0)
    by_row = Windows(CONTEXT)
    for end in range(1, len(rows) + 1):
        by_row.extend(rows[:end], end - 1)
        window = by_row.current
        last = end - 1
        assert window.place(last) < CONTEXT
        assert window.place(last) >= min(last, 3), "too little is kept"
        seen = rows[window.rows(0, window.place(end))]
        codes = seen[seen[:, 0] == NOTE, BEAT] - window.origin
        assert not len(codes) or (codes.min() >= 1 and codes.max() <= BEATS)
    assert by_row.current == windows.current
    by_row.rewind(rows[: len(rows) // 2])
    half = Windows(CONTEXT)
    half.extend(rows[: len(rows) // 2], 0)
    assert (by_row.current, by_row.next) == (half.current, half.next)


def test_an_hour_of_rows_goes_on_evenly(tiny: Plugin):
    rows = music(2500, beats=0.7)
    decoder = Decoder(tiny, "fp32", threads=1)
    runs: list[int] = []
    run = decoder._stepper.run
    decoder._stepper.run = lambda past, rows, begin: runs.append(len(rows)) or run(past, rows, begin)
    most = 0
    for row in rows:
        before = len(runs)
        assert np.isfinite(decoder.read(row[None])).all()
        most = max(most, sum(runs[before:]))
    assert most <= 1 + 2 * 8, "a row took the reading of many"
    assert decoder.length == len(rows)
    assert decoder.origin > 1500


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 6), int), np.zeros(6, int), np.full((1, 6), -1), np.array([[3, 1, 1, 999, 1, 1]])]
)
def test_rows_that_are_none_are_refused(tiny: Plugin, wrong: np.ndarray):
    with pytest.raises(ValueError, match=r"rows are read|out of range"):
        Decoder(tiny, "fp32").read(wrong)
    with pytest.raises(ValueError, match="choose one of fp32, int8, int4"):
        Decoder(tiny, "bf16")
