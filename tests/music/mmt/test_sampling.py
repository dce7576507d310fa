"""Drawing rows: the published filter, and no invalid order at any temperature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.music.mmt.prompts import instruments_given
from realtime.music.mmt.representation import (
    ANNOUNCEMENT,
    BEATS,
    END_OF_SONG,
    NOTE,
    SIZES,
    START_OF_NOTES,
    as_rows,
    encode,
)
from realtime.music.mmt.sampling import GREEDY, SCORES, SPANS, Sampler, Sampling, kept_codes

TEMPERATURES = st.one_of(st.sampled_from([0.0, 1e-300, 1.0, 1e300, np.inf]), st.floats(0.01, 100))
SCORE_SIZES = st.sampled_from([0.0, 1.0, 30.0, 1e30, np.inf])


def drawn(sampler: Sampler, seed: int, scale: float, rows: int = 60) -> np.ndarray:
    draws, found = np.random.default_rng(seed), []
    while not sampler.ended and len(found) < rows:
        with np.errstate(invalid="ignore"):
            scores = draws.standard_normal(SCORES) * scale
        found.append(sampler.draw(scores))
    return np.array(found)


def test_the_filter_keeps_as_many_codes_as_published():
    assert [kept_codes(size, 0.9) for size in SIZES] == [1, 26, 2, 13, 4, 7]
    assert Sampling().kept == (1, 26, 2, 13, 4, 7)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 999),
    temperature=TEMPERATURES,
    scale=SCORE_SIZES,
    threshold=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    strict=st.booleans(),
    ends=st.booleans(),
)
def test_no_order_is_ever_invalid(seed, temperature, scale, threshold, strict, ends):
    sampling = Sampling(temperature, threshold, strict=strict, ends=ends)
    rows = drawn(Sampler(sampling, seed), seed, scale)
    types, notes = rows[:, 0], rows[rows[:, 0] == NOTE]
    assert (as_rows(rows) == rows).all()
    assert types[0] >= ANNOUNCEMENT, "a start of song was drawn"
    assert (np.diff(types) >= 0).all()
    assert (np.diff(notes[:, 1]) >= 0).all()
    assert (notes[:, 1:] > 0).all()
    assert (rows[types == ANNOUNCEMENT, 5] > 0).all()
    assert not rows[types != NOTE, 1:5].any()
    assert ends or END_OF_SONG not in types
    if strict:
        assert (np.diff(rows[types == ANNOUNCEMENT, 5]) > 0).all()
        assert np.count_nonzero(types == START_OF_NOTES) == 1 or types[-1] == ANNOUNCEMENT
        place = notes[:, 1] * 100 + notes[:, 2]
        assert (np.diff(place) >= 0).all()


def test_it_goes_on_from_the_beat_of_the_prompt():
    sampler = Sampler(Sampling(threshold=0.0, ends=False), 1)
    sampler.observe(encode([(12 * 200, 60, 12, 0), (0, 60, 12, 0)])[:-1])
    rows = drawn(sampler, 1, 3.0)
    assert rows[:, 1].min() >= 201
    assert rows[:, 1].max() <= BEATS


def test_only_the_best_codes_are_drawn():
    scores = np.random.default_rng(3).standard_normal(SCORES)
    best = {
        field: set(np.argsort(-scores[span][1:])[:k] + 1)
        for field, (span, k) in enumerate(zip(SPANS, Sampling().kept, strict=True))
        if field
    }
    scores[3] = 100
    drawn_codes = [Sampler(Sampling(), seed).draw(scores) for seed in range(200)]
    for field, allowed in best.items():
        assert {row[field] for row in drawn_codes} <= allowed
    assert {row[2] for row in drawn_codes} == best[2]


def test_the_filter_comes_after_what_is_forbidden():
    scores = np.zeros(SCORES)
    scores[:5] = [9, 8, 7, 6, 5]
    sampler = Sampler(Sampling())
    sampler.observe(instruments_given([1]))
    # The best types are forbidden by now: the best of the others is drawn, not the end of everything.
    assert sampler.draw(scores)[0] == START_OF_NOTES


def test_greedy_takes_the_best_of_each_field():
    scores = np.random.default_rng(5).standard_normal(SCORES)
    scores[3] = 9
    row = Sampler(GREEDY).draw(scores)
    assert row.tolist() == [NOTE, *(1 + int(scores[span][1:].argmax()) for span in SPANS[1:])]


def test_low_temperature_is_greedy_and_high_is_even():
    scores = np.zeros(SCORES)
    scores[3], scores[SPANS[2]][5] = 9, 1
    counts = {}
    for temperature in (0.01, 1.0, np.inf):
        rows = [Sampler(Sampling(temperature), seed).draw(scores) for seed in range(300)]
        counts[temperature] = sum(row[2] == 5 for row in rows)
    assert counts[0.01] == 300
    assert counts[1.0] == pytest.approx(300 * np.e / (1 + np.e), abs=30)
    assert counts[np.inf] == pytest.approx(150, abs=30)


def test_notes_keep_to_the_announced_instruments_when_asked():
    for announced, wanted in ((True, {7, 30}), (False, None)):
        sampler = Sampler(Sampling(threshold=0.0, announced=announced, ends=False), 2)
        sampler.observe(instruments_given([7, 30]))
        found = set(drawn(sampler, 2, 1.0)[:, 5].tolist()) - {0}
        assert found == wanted if announced else len(found) > 10


def test_the_same_seed_draws_the_same():
    first, second, other = (
        drawn(Sampler(Sampling(threshold=0.0, ends=False), seed), 9, 1.0).tolist() for seed in (4, 4, 5)
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": -1.0}, {"threshold": 1.5}, {"temperature": (1.0, 1.0)}, {"threshold": float("nan")}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="is a number from 0"):
        Sampling(**wrong)


def test_damaged_scores_and_a_song_that_ended_are_refused():
    sampler = Sampler(Sampling())
    with pytest.raises(ValueError, match="no numbers"):
        sampler.draw(np.full(SCORES, np.nan))
    sampler.observe(encode([]))
    with pytest.raises(ValueError, match="has ended"):
        sampler.draw(np.zeros(SCORES))


def test_the_compiled_draw_is_that_of_the_paper():
    draws = np.random.default_rng(11)
    for _ in range(30):
        scores = np.round(draws.standard_normal(SCORES) * 2, 1)  # rounded: some are equal
        scores[3] = 99
        sampler, chances = Sampler(Sampling(), 7), np.random.default_rng(7).random(6)
        row = sampler.draw(scores)
        for field, (span, k) in enumerate(zip(SPANS[1:], Sampling().kept[1:], strict=True), 1):
            own = scores[span][1:]
            kept = np.sort(np.argsort(-own, kind="stable")[:k])
            shares = np.exp(own[kept]).cumsum()
            wanted = 1 + kept[np.searchsorted(shares, chances[field] * shares[-1], "right")]
            assert row[field] == wanted


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), beat=st.integers(1, BEATS + 50), position=st.integers(1, 12))
def test_nothing_begins_before_the_bound_and_nobody_plays_who_may_not(seed, beat, position):
    sampler = Sampler(Sampling(threshold=0.0), seed)
    sampler.observe(encode([(0, 60, 12, 0), (40, 60, 12, 0)])[:-1])
    sampler.not_before(beat, position)
    sampler.allow([5, 60])
    rows = drawn(sampler, seed, 1.0, 20)
    notes = rows[rows[:, 0] == NOTE]
    assert ((notes[:, 1] > beat) | (notes[:, 1] == BEATS) | (notes[:, 2] >= position)).all()
    assert (notes[:, 1] >= min(beat, BEATS)).all()
    assert set(notes[:, 5].tolist()) <= {5, 60}
    with pytest.raises(ValueError, match="one or more codes"):
        sampler.allow([65])


def test_only_instruments_that_may_play_are_announced():
    for seed in range(20):
        sampler = Sampler(Sampling(threshold=0.0, strict=True), seed)
        sampler.allow([30, 31])
        rows = drawn(sampler, seed, 1.0, 30)
        assert set(rows[rows[:, 0] == ANNOUNCEMENT, 5].tolist()) <= {30, 31}


def test_a_draw_can_be_taken_back():
    sampler = Sampler(Sampling(ends=False, announced=True), 3)
    sampler.observe(instruments_given([7]))
    for length in (1, 70, 5):
        before = sampler.clone()
        first = drawn(sampler, 1, 1.0, length).tolist()
        assert drawn(before.clone(), 1, 1.0, length).tolist() == first
        assert drawn(before, 1, 1.0, length).tolist() == first
