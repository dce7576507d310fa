"""Several instrumentations of one piece: they differ, convince, stay in range and come again."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replaced

from realtime.ensembles.library import find_ensemble
from realtime.host.alternatives import LONGEST_BEATS, find_alternatives, find_phrases
from realtime.host.decoding import cast
from realtime.host.whole_piece import instrument
from realtime.music.smf import read_performance
from tests.host.test_decoding import ensemble, notes_of
from tests.live import ROOT

COUNT = 4
CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"


def chosen(path: Path = CHORALE, **options):
    return instrument(find_ensemble("bach-chorale"), read_performance(path), count=COUNT, **options)


@pytest.fixture(scope="module")
def found():
    return chosen()


def test_the_first_is_the_plain_decision_and_the_most_convincing(found):
    alone = found.casting.decide()
    assert np.array_equal(found.alternatives[0].parts, alone)
    scores = [each.mean_log_score for each in found.alternatives]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(found.casting.mean_log_score(alone))


def test_each_two_differ_by_a_tenth_of_a_real_piece_and_say_so(found):
    for (i, one), (j, other) in combinations(enumerate(found.alternatives), 2):
        share = (one.parts != other.parts).mean()
        assert share > 0.1
        assert one.differs[j] == other.differs[i] == pytest.approx(share)


def test_ranges_are_respected(found):
    lowest = np.array([part.lowest for part in found.ensemble.parts])
    highest = np.array([part.highest for part in found.ensemble.parts])
    for each in found.alternatives:
        assert (lowest[each.parts] <= found.notes.pitch).all()
        assert (found.notes.pitch <= highest[each.parts]).all()


def test_a_part_that_is_switched_off_plays_in_none():
    whole = find_ensemble("bach-chorale")
    parts = (*whole.parts[:3], replaced(whole.parts[3], plays=False))
    silent = instrument(replaced(whole, parts=parts), read_performance(CHORALE), count=2)
    assert all((each.parts != 3).all() for each in silent.alternatives)


def test_the_same_seed_gives_the_same_and_another_one_others(found):
    again, other = (
        replace(found, alternatives=find_alternatives(found.casting, found.notes, COUNT, seed, 24))
        for seed in (0, 1)
    )
    same = [each.parts.tolist() for each in found.alternatives]
    assert [each.parts.tolist() for each in again.alternatives] == same
    assert [each.parts.tolist() for each in other.alternatives] != same
    assert other.alternatives[0].parts.tolist() == same[0]


def test_nothing_flickers_within_a_phrase():
    """Notes that are alike within a phrase stay together, however they are leaned."""
    notes = notes_of(np.arange(200) * 24, [60] * 200, duration=24)
    casting = cast(np.tile(np.float32([1.0, 0.9, 0.8]), (200, 1)), range(3), notes, ensemble({}, {}, {}))
    firsts = find_phrases(notes, 24)
    for each in find_alternatives(casting, notes, 5, 0, 24):
        changes = np.flatnonzero(np.diff(each.parts)) + 1
        assert set(changes.tolist()) <= set(firsts.tolist())


def test_phrases_begin_after_rests_and_are_not_longer_than_they_may_be():
    tick = np.concatenate([np.arange(24) * 12, 24 * 12 + 48 + np.arange(24) * 12, 700 + np.arange(9) * 12])
    firsts = find_phrases(notes_of(tick, [60] * len(tick), duration=12), 24)
    assert set(firsts.tolist()) == {0, 24, 48}
    steady = notes_of(np.arange(1000) * 12, [60] * 1000, duration=12)
    firsts = find_phrases(steady, 24)
    assert np.diff(np.append(firsts, 1000)).max() * 12 <= LONGEST_BEATS * 24


@pytest.mark.parametrize("count", [0, 17, -1])
def test_a_count_out_of_range_is_refused(found, count):
    with pytest.raises(ValueError, match=f"--alternatives {count}: give a number from 1 to 16"):
        find_alternatives(found.casting, found.notes, count, 0, 24)


def test_more_than_there_are_is_refused_with_what_there_is():
    notes = notes_of([0], [60])
    casting = cast(np.zeros((1, 2), np.float32), [0, 1], notes, ensemble({}, {}))
    assert len(find_alternatives(casting, notes, 2, 0, 24)) == 2
    with pytest.raises(ValueError, match="only 2 instrumentations that differ"):
        find_alternatives(casting, notes, 3, 0, 24)


def test_scores_may_not_be_changed_by_the_search(found):
    frozen = replace(found.casting, log_scores=found.casting.log_scores.copy())
    frozen.log_scores.flags.writeable = False
    assert len(find_alternatives(frozen, found.notes, 2, 0, 24)) == 2
