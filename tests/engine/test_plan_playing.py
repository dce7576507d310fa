"""Random plans, take-backs, playing, panics, switches: nothing stuck, doubled or late, all by the rules."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.engine.codes import (
    AT_ONCE,
    DATA1,
    DATA2,
    ENTRIES,
    FRAME,
    GENERATION,
    PLAN_PORT,
    PORT,
    STATUS,
    Command,
    Log,
)
from tests.engine.plan_reference import PlanReference
from tests.engine.planning import back, begin, came, end, plan_counts
from tests.engine.playing import (
    OFF,
    ON,
    OUTPUT_COLUMNS,
    Playing,
    Row,
    command,
    control,
    is_at_rest,
    off,
    on,
    rows,
)
from tests.engine.streams import ENSEMBLES, PERIOD, STYLES, let_go, stream
from tests.engine.test_random_playing import canonical, doubled_or_stuck

COUNT = 4_000
"""Events of each style in the bulk test."""
PITCHES, GENERATIONS = st.sampled_from((59, 60, 61, 95)), st.integers(0, 3)
PARTS, OFFSETS = st.integers(0, 5), st.integers(0, PERIOD - 1)
FRAMES = st.one_of(st.integers(0, 8 * PERIOD), st.just(AT_ONCE))
WISHES = st.one_of(
    st.builds(
        lambda frame, part, pitch, generation, slot: begin(
            frame, part, pitch, generation=generation, slot=slot
        ),
        FRAMES,
        PARTS,
        PITCHES,
        GENERATIONS,
        st.sampled_from((0, 0, 1, 2)),
    ),
    st.builds(
        lambda frame, part, pitch, generation: end(frame, part, pitch, generation=generation),
        FRAMES,
        PARTS,
        PITCHES,
        GENERATIONS,
    ),
)
EVENTS = st.one_of(
    st.builds(on, OFFSETS, PITCHES),
    st.builds(off, OFFSETS, PITCHES),
    st.builds(control, OFFSETS, st.sampled_from((64, 66, 67, 120, 123)), st.sampled_from((0, 127))),
    st.builds(back, OFFSETS, GENERATIONS, st.sampled_from((0, 0, 100, 200, 300))),
    st.builds(command, OFFSETS, st.sampled_from((Command.PANIC, Command.SELECT)), st.integers(0, 3)),
)
PERIODS = st.lists(st.tuples(st.lists(WISHES, max_size=8), st.lists(EVENTS, max_size=5)), max_size=8)


def play(periods) -> tuple[Playing, PlanReference]:
    """Play periods of (wishes, events), then take all back and let go."""
    reference, playing = PlanReference(list(ENSEMBLES)), Playing(*ENSEMBLES, period=PERIOD)
    ending = [back(0, 9), command(0, Command.RELEASE_PORT, 0)]
    for wishes, events in [*periods, ([], ending)]:
        given_, frame = rows(events), int(playing.state["frame"])
        planned = rows(wishes)
        reference.plan(map(tuple, planned.tolist()))
        assert playing.engine.link.plan(planned) == len(planned)
        playing.step_rows(given_)
        reference.period(frame, PERIOD, map(tuple, given_.tolist()))
    return playing, reference


def assert_it_is_as_the_rules_say(playing: Playing, reference: PlanReference) -> None:
    expected = np.array(reference.out, np.int64).reshape(-1, 5)
    found = playing.log(Log.OUTPUT)[:, OUTPUT_COLUMNS]
    np.testing.assert_array_equal(canonical(found), canonical(expected))
    assert sorted(came(playing)) == sorted(reference.played)
    counters = playing.engine.counters()
    assert {name: counters[name] for name in reference.counts} == dict(reference.counts)


def assert_nothing_is_left(playing: Playing) -> None:
    assert is_at_rest(playing.state)
    assert playing.engine.link.planned() == 0
    outputs = playing.log(Log.OUTPUT)
    assert not len(playing.sent(ON)) or doubled_or_stuck(outputs) == 0
    assert playing.counter("notes_on") == playing.counter("notes_off")


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(PERIODS)
def test_small_plans_are_played_as_the_rules_say(periods: list[tuple[list[Row], list[Row]]]):
    playing, reference = play(periods)
    assert_it_is_as_the_rules_say(playing, reference)
    assert_nothing_is_left(playing)
    asked = {(row[2] & 15, row[3], row[0]) for wishes, _ in periods for row in wishes if row[2] & 0xF0 == ON}
    for frame, part, begins, pitch in came(playing):
        at_its_own = (part, pitch, frame) in asked
        at_once = (part, pitch, AT_ONCE) in asked and frame % PERIOD == 0
        assert at_its_own or at_once or not begins


def dense_plan(seed: int, lowest: int, highest: int) -> Iterator[np.ndarray]:
    """Yield what is planned in period after period, in time order, some of it too late; column 5 is 0."""
    rng = np.random.default_rng(seed)
    for place in itertools.count():
        count = rng.poisson(3)
        wishes = np.zeros((count, ENTRIES), np.int64)
        wishes[:, FRAME] = (place + 8) * PERIOD + np.sort(rng.integers(0, PERIOD, count))
        wishes[rng.random(count) < 0.05, FRAME] -= 12 * PERIOD
        wishes[:, PORT] = PLAN_PORT
        wishes[:, STATUS] = rng.choice((ON, ON, OFF), count) | rng.integers(0, 5, count)
        wishes[:, DATA1] = rng.integers(lowest, highest + 1, count)
        wishes[:, DATA2] = rng.integers(0, 128, count)
        yield wishes


@pytest.mark.parametrize("name", ["few keys, much pedal", "many sources", "trouble"])
def test_a_plan_beside_dense_playing_is_as_the_rules_say(name):
    style, seed = STYLES[name], len(name)
    rng = np.random.default_rng(seed)
    generation, periods = 0, []
    plans = dense_plan(seed, style.lowest, style.highest)
    for place, (events, wishes) in enumerate(zip(stream(style, seed, COUNT), plans, strict=False)):
        if rng.random() < 0.02:
            generation += 1
            first = int(rng.choice((0, (place + 3) * PERIOD)))
            events = np.concatenate([rows([back(int(rng.integers(PERIOD)), generation, first)]), events])
        wishes[:, GENERATION] = generation
        periods.append((wishes, events))
    periods.append((np.zeros((0, ENTRIES), np.int64), let_go(style, 5)))
    playing, reference = play(periods)
    assert_it_is_as_the_rules_say(playing, reference)
    counts = plan_counts(playing)
    assert counts["planned"] > 100
    assert min(counts["plan_late"], counts["plan_taken_back"], counts["plan_refused"]) > 5
    assert_nothing_is_left(playing)
