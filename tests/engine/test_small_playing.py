"""The rules on small cases, found and shrunk by Hypothesis: a failure here is short enough to read."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.engine.codes import CONTROL_PORT, Command, Log
from tests.engine.playing import OUTPUT_COLUMNS, Playing, command, event, is_at_rest, rows
from tests.engine.reference import Reference
from tests.engine.streams import ENSEMBLES, PERIOD
from tests.engine.test_random_playing import canonical

KEYS = st.sampled_from((0, 59, 60, 61, 72, 127))
CONTROLS = st.sampled_from((1, 7, 64, 64, 66, 66, 67, 74, 120, 121, 123))
PORTS, CHANNELS = st.integers(0, 1), st.integers(0, 1)
OFFSETS = st.integers(0, PERIOD - 1)
VALUES = st.sampled_from((0, 1, 63, 64, 100, 127))


def messages(status: int, data1: st.SearchStrategy[int], data2: st.SearchStrategy[int]):
    return st.builds(
        lambda frame, channel, d1, d2, port: event(frame, status | channel, d1, d2, port),
        OFFSETS,
        CHANNELS,
        data1,
        data2,
        PORTS,
    )


EVENTS = st.one_of(
    messages(0x90, KEYS, VALUES),
    messages(0x90, KEYS, st.just(100)),
    messages(0x80, KEYS, st.just(0)),
    messages(0xB0, CONTROLS, VALUES),
    messages(0xA0, KEYS, VALUES),
    messages(0xC0, st.integers(0, 4), st.just(0)),
    messages(0xD0, VALUES, st.just(0)),
    messages(0xE0, VALUES, VALUES),
    st.builds(command, OFFSETS, st.just(Command.RELEASE_PORT), PORTS),
    st.builds(command, OFFSETS, st.just(Command.PANIC)),
    st.builds(command, OFFSETS, st.just(Command.SELECT), st.integers(0, 3)),
)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(EVENTS, max_size=10), max_size=8))
def test_small_playing_is_as_the_rules_say(periods):
    reference = Reference(list(ENSEMBLES))
    playing = Playing(*ENSEMBLES, period=PERIOD)
    ending = [command(0, Command.RELEASE_PORT, port) for port in range(2)]
    for place, events in enumerate([*periods, ending]):
        playing.step_rows(rows(events))
        reference.period(place * PERIOD, PERIOD, events)
    expected = np.array(reference.out, np.int64).reshape(-1, 5)
    found = playing.log(Log.OUTPUT)[:, OUTPUT_COLUMNS]
    np.testing.assert_array_equal(canonical(found), canonical(expected))
    assert is_at_rest(playing.state)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, max_size=60), st.integers(1, 5))
def test_a_keyboard_that_vanishes_at_any_moment_leaves_nothing(events, parts):
    playing = Playing(*ENSEMBLES, period=PERIOD)
    for block in np.array_split(rows(e for e in events if e[1] != CONTROL_PORT), parts):
        playing.step_rows(block)
    playing.engine.link.command(Command.RELEASE_PORT, 0)
    playing.step()
    notes = playing.state["note_source"][: playing.state["note_count"]]
    assert (notes >= 16).all()
    assert (playing.state["held"][:16] == -1).all()
    assert not playing.state["sustain"][:16].any()
    assert not playing.state["sostenuto"][:16].any()
