"""The separator on a thread of its own: the same answers, and no harm when they are late.

Budgets here are far from the tests' own times, so that a busy machine does not change what is asserted.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from realtime.engine.codes import CONTROL_PORT, DATA2, PORT, REQUESTS, STATUS, Command, Sync
from realtime.engine.separation import brings_notes
from realtime.host.engine import Engine
from tests.engine.playing import RATE, Playing, ensemble, off, on
from tests.engine.witness import FAILS, seen_by

PERIOD = 1024
PATIENT, SHARE = 50.0, 0.4
"""Shares of a period for its decisions: a second, and what the host gives."""
SLOW = 127
"""Velocity that costs the witness some hundred milliseconds."""


@pytest.fixture
def threaded(witness) -> Iterator[Callable[..., Playing]]:
    made: list[Playing] = []

    def make(share: float, separator: str = witness) -> Playing:
        playing = Playing(ensemble(4, separator=separator), period=PERIOD)
        playing.engine.start_worker()
        playing.state["deadline_share"] = share
        made.append(playing)
        return playing

    yield make
    for playing in made:
        playing.engine.close()


def settle(playing: Playing) -> None:
    """Wait until the thread has answered everything."""
    until = time.monotonic() + 60
    while playing.state["sync"][8 * Sync.ANSWERED] < playing.state["awaited"]:
        assert time.monotonic() < until
        time.sleep(0.005)


def callback_ms(playing: Playing) -> float:
    return playing.engine.latency()["callback"]["max"] / 1000


PERIOD_MS = PERIOD / RATE * 1000


def test_its_labels_are_those_of_the_separator_in_line(threaded):
    chords = [[on(0, 40 + (7 * i + k * k) % 60, 90) for k in range(1 + i % 5)] for i in range(80)]
    alone, beside = Playing(ensemble(4, separator="bach-lstm"), period=PERIOD), threaded(PATIENT, "bach-lstm")
    for place, chord in enumerate(chords):
        for playing in (alone, beside):
            playing.step(*chord, *(off(900, row[3]) for row in chord))
        if place % 7 == 0:
            time.sleep(0.003)  # the thread goes to sleep
    assert beside.counter("late") == 0
    assert beside.decided() == alone.decided()
    assert not any(ruled for _, _, ruled in beside.decided())


def test_a_slow_separator_costs_its_budget_and_the_rule_decides(threaded):
    playing = threaded(SHARE)
    playing.step(on(0, 60, SLOW), on(0, 61, SLOW), on(0, 62, SLOW))
    assert callback_ms(playing) < 5 * PERIOD_MS
    assert [ruled for _, _, ruled in playing.decided()] == [1, 1, 1]
    assert playing.counter("late") == playing.counter("fallback") == 3
    settle(playing)
    assert playing.state["step_ns"][0] > 3 * SHARE * PERIOD_MS * 1e6, "the witness is too quick for this test"


def test_notes_after_a_slow_one_wait_for_nothing(threaded):
    playing = threaded(PATIENT)
    playing.state["step_ns"][0] = 10**12  # what a very slow step would leave
    playing.step(*(on(0, key, SLOW) for key in range(40, 60)))
    assert callback_ms(playing) < 5 * PERIOD_MS
    assert playing.counter("late") == 20


def test_a_slow_separator_still_sees_every_note(threaded):
    playing = threaded(SHARE)
    playing.step(on(0, 60, SLOW), on(0, 61), on(0, 62))
    playing.step(on(0, 64), on(0, 65))
    settle(playing)
    assert [row["pitch"] for row in seen_by(playing.state)] == [60, 61, 62, 64, 65]
    assert [row["chord_index"] for row in seen_by(playing.state)] == [0, 1, 2, 0, 1]


def test_a_separator_that_is_quick_again_decides_again(threaded):
    playing = threaded(SHARE)
    playing.step(on(0, 61, SLOW))
    settle(playing)
    playing.state["deadline_share"] = PATIENT
    playing.state["step_ns"][0] = 10**12
    playing.step(on(0, 62))
    assert playing.decided()[-1][2] == 1
    settle(playing)
    playing.step(on(0, 63))
    assert playing.decided()[-1] == (63, 3, 0)


def test_a_note_does_not_wait_for_a_slow_separator_that_runs_for_nothing(threaded):
    playing = threaded(SHARE)
    shares = []
    for _ in range(10):  # the best of ten: other processes have their share of the machine
        playing.state["deadline_share"] = SHARE
        playing.step(on(0, 61, SLOW))
        settle(playing)
        slow = playing.state["step_ns"][0] / 1000
        playing.engine.reset_measurements()
        playing.rest(3)
        playing.state["deadline_share"] = PATIENT
        playing.step(on(0, 62))
        assert playing.decided()[-1] == (62, 2, 0)
        shares.append(playing.engine.latency()["decision"]["max"] / slow)
    assert min(shares) < 0.3


def test_a_full_ring_of_requests_loses_no_note_and_starts_the_state_afresh(threaded):
    playing = threaded(SHARE)
    playing.step(*(on(0, key, SLOW if key < 24 else 90) for key in range(20, 20 + REQUESTS + 20)))
    assert len(playing.decided()) == REQUESTS + 20
    assert playing.counter("late") == REQUESTS + 20
    assert int(playing.state["awaited"]) == REQUESTS
    settle(playing)
    playing.state["deadline_share"] = PATIENT
    playing.step(on(0, 10))
    playing.step(on(0, 11))
    settle(playing)
    assert [row["pitch"] for row in seen_by(playing.state)] == [10, 11]


def test_a_step_that_fails_on_the_thread_is_counted(threaded):
    playing = threaded(PATIENT)
    playing.step(on(0, FAILS), on(0, 61))
    assert playing.decided() == [(61, 1, 0), (FAILS, 0, 1)]
    assert (playing.counter("failed"), playing.counter("late")) == (1, 0)


def test_the_thread_ends_and_the_engine_plays_on_in_line(threaded):
    playing = threaded(PATIENT)
    playing.step(on(0, 61))
    playing.engine.close()
    playing.step(on(0, 62))
    assert [row["pitch"] for row in seen_by(playing.state)] == [61, 62]
    assert playing.counter("fallback") == 0


@pytest.mark.parametrize(
    ("port", "status", "velocity", "wakes"),
    [
        (0, 0x90, 80, True),
        (0, 0x90, 0, False),
        (0, 0xB0, 80, False),
        (CONTROL_PORT, Command.TEMPO, 80, False),
    ],
)
def test_only_a_note_that_a_part_is_chosen_for_wakes_the_thread(port, status, velocity, wakes):
    state = Engine(48000, None).state
    state["events"][0][[PORT, STATUS, DATA2]] = port, status, velocity
    state["event_count"] = 1
    assert brings_notes(state) is wakes
