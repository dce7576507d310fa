import numpy as np
import pytest

from offline.human import EXTRA, MISSING, PERTURBATIONS, SPREAD_MS, UNISON_MS, human_takes, perform
from offline.score import make_piece
from offline.take import NOBODY, take_of


@pytest.fixture
def take(made_up):
    return take_of(made_up(3, chords=200))


def _draws():
    return np.random.default_rng(0)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbation_changes_the_take_and_leaves_it_playable(take, name):
    played = perform(take, [name], _draws())
    assert not np.array_equal(played.start, take.start) or not np.array_equal(played.end, take.end)
    assert played.start.min() >= 0
    assert (played.end > played.start).all()
    assert (played.sound_end >= played.end).all()
    np.testing.assert_array_equal(
        np.lexsort((played.start, played.pitch, played.period)), np.arange(len(played))
    )


def test_the_same_seed_gives_the_same_performance(take):
    first, again = (human_takes([take], list(PERTURBATIONS), seed=5)[0] for _ in range(2))
    np.testing.assert_array_equal(first.start, again.start)
    other = human_takes([take], list(PERTURBATIONS), seed=6)[0]
    assert len(other) != len(first) or not np.array_equal(other.start, first.start)


def test_the_notes_of_a_chord_come_in_any_order_within_30_ms(take):
    played = perform(take, ["spread"], _draws())
    chords = played.start // take_of(make_piece("x", [[(0, 60, 24)]])).end[0]
    orders = set()
    for chord in np.unique(chords):
        notes = played.pick(np.flatnonzero(chords == chord))
        assert np.ptp(notes.start) <= SPREAD_MS
        orders.add(tuple(np.argsort(notes.start[np.argsort(notes.pitch)]).tolist()))
    assert len(orders) > 15


def test_slips_leave_notes_out_and_put_in_some_that_are_nobodys(take):
    played = perform(take, ["slips"], _draws())
    extra = (played.part == NOBODY).sum() / len(take)
    assert extra == pytest.approx(EXTRA, abs=0.015)
    assert (len(take) - (played.part != NOBODY).sum()) / len(take) == pytest.approx(MISSING, abs=0.03)


def test_under_the_pedal_keys_come_up_early_and_the_sound_goes_on(take):
    played = perform(take, ["pedal"], _draws())
    assert (played.end - played.start).mean() < 0.9 * (take.end - take.start).mean()
    assert (played.sound_end - played.end).mean() > 100


def test_a_tempo_is_wrong_by_20_percent_at_most(take):
    for seed in range(20):
        played = perform(take, ["tempo"], np.random.default_rng(seed))
        pace = np.diff(np.unique(take.start)) / np.diff(np.unique(played.start))
        assert 0.79 < pace.min() <= pace.max() < 1.21


def test_voices_in_unison_are_one_key_of_the_voice_that_holds_it_longest():
    take = take_of(make_piece("x", [[(0, 60, 24)], [(0, 60, 48)], [(24, 60, 12)]]))
    played = perform(take, [], _draws())
    assert played.part.tolist() == [1, 2]
    assert played.end[0] < played.start[1]  # and the key comes up before it goes down again
    assert played.start[1] - played.start[0] > UNISON_MS


def test_no_key_is_down_twice(take):
    for seed in range(10):
        played = perform(take, list(PERTURBATIONS), np.random.default_rng(seed), 1.3)
        for pitch in np.unique(played.pitch):
            same = played.pick(np.flatnonzero(played.pitch == pitch))
            assert (same.end[:-1] < same.start[1:]).all()
