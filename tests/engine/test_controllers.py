"""Controllers: who is told what, when, and what reset all controllers leaves alone."""

import numpy as np
import pytest

from realtime.engine.codes import Command
from realtime.engine.controllers import CONTROLS, DEFAULTS, NOT_RESET, Policy, defaults, policies, resets
from tests.engine.playing import (
    BEND,
    CONTROL,
    KEY_PRESSURE,
    PRESSURE,
    Playing,
    command,
    control,
    ensemble,
    event,
    off,
    on,
)

MODULATION, VOLUME, EXPRESSION, BRIGHTNESS, RESET = 1, 7, 11, 74, 121
LOW, HIGH = 40, 80
"""Keys that the rule gives to the second and the first of two parts."""


@pytest.fixture
def duo() -> Playing:
    return Playing(ensemble(2), ensemble(2, name="other", program=9))


def test_a_controller_reaches_the_parts_that_its_keyboard_plays(duo):
    duo.step(on(0, HIGH, port=0), on(0, LOW, port=1))
    duo.step(control(7, MODULATION, 90, port=1))
    assert duo.sent(CONTROL) == [(128 + 7, 1, CONTROL, MODULATION, 90)]


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (event(0, BEND, 5, 70), (BEND, 5, 70)),
        (event(0, PRESSURE, 88), (PRESSURE, 88, 0)),
        (control(0, BRIGHTNESS, 3), (CONTROL, BRIGHTNESS, 3)),
        (control(0, EXPRESSION, 30), (CONTROL, EXPRESSION, 30)),
    ],
)
def test_what_bends_one_keyboard_bends_all_parts_that_it_plays_and_no_others(duo, message, sent):
    duo.step(on(0, HIGH), on(0, LOW), on(0, 60, port=5))
    duo.step(message)
    user = duo.state["channel_user"]
    assert duo.sent(sent[0]) == [(128, channel, *sent) for channel in (0, 1) if user[channel] == 0]
    assert duo.state["channel_notes"][:2].sum() == 3


def test_poly_aftertouch_goes_to_the_part_that_owns_the_key():
    playing = Playing(ensemble({"transpose": 12}, {}))
    playing.step(on(0, HIGH), on(0, LOW))
    playing.step(event(3, KEY_PRESSURE, HIGH, 99), event(4, KEY_PRESSURE, 61, 99))
    assert playing.sent(KEY_PRESSURE) == [(131, 0, KEY_PRESSURE, HIGH + 12, 99)]


def test_volume_scales_the_balance_of_the_parts():
    playing = Playing(ensemble({"volume": 100}, {"volume": 60}))
    playing.step(on(0, HIGH), on(0, LOW), control(1, VOLUME, 64))
    assert [row[1:] for row in playing.sent(CONTROL)] == [
        (0, CONTROL, VOLUME, 100 * 64 // 127),
        (1, CONTROL, VOLUME, 60 * 64 // 127),
    ]


def test_a_part_that_is_played_later_gets_the_controllers_with_its_first_note(duo):
    duo.step(control(0, MODULATION, 50), control(0, VOLUME, 127), event(0, BEND, 0, 80), on(0, HIGH))
    assert duo.sent() == [
        (0, 0, CONTROL, MODULATION, 50),
        (0, 0, BEND, 0, 80),
        (0, 0, 0x90, HIGH, 100),
    ]
    duo.step(on(9, LOW))
    assert duo.sent()[3:] == [
        (137, 1, CONTROL, MODULATION, 50),
        (137, 1, BEND, 0, 80),
        (137, 1, 0x90, LOW, 100),
    ]


def test_the_parts_of_the_next_ensemble_get_the_controllers_too(duo):
    duo.step(control(0, MODULATION, 50), on(0, HIGH), event(1, 0xC0, 9), on(2, HIGH))
    assert (2, 16, CONTROL, MODULATION, 50) in duo.sent(CONTROL)


def test_a_held_note_of_the_last_ensemble_still_bends(duo):
    duo.step(on(0, HIGH), event(1, 0xC0, 9), on(2, HIGH))
    duo.step(event(0, BEND, 0, 90))
    assert [row[1] for row in duo.sent(BEND)] == [0, 16]


def test_a_part_takes_the_controllers_of_whoever_plays_it(duo):
    duo.step(control(0, MODULATION, 50, port=1), on(0, HIGH, port=1), off(1, HIGH, port=1))
    duo.step(on(0, HIGH, port=2))
    assert [row[4] for row in duo.sent(CONTROL)] == [50, 0]


def test_nothing_is_sent_twice():
    solo = Playing(ensemble(1))
    solo.step(on(0, HIGH), control(1, MODULATION, 50), control(2, MODULATION, 50), control(3, VOLUME, 127))
    solo.step(on(0, HIGH + 1), on(1, HIGH + 2))
    assert len(solo.sent(CONTROL)) == 1


def test_reset_all_controllers_puts_back_what_rp_015_names_and_no_more(duo):
    duo.step(on(0, HIGH))
    changed = ((MODULATION, 9), (EXPRESSION, 9), (BRIGHTNESS, 9), (VOLUME, 9), (95, 9))
    duo.step(*(control(0, number, value) for number, value in changed))
    duo.step(event(0, BEND, 0, 0), event(0, PRESSURE, 9))
    before = len(duo.sent())
    duo.step(control(0, RESET, 0))
    assert [row[2:] for row in duo.sent()[before:]] == [
        (CONTROL, MODULATION, 0),
        (CONTROL, EXPRESSION, 127),
        (BEND, 0, 64),
        (PRESSURE, 0, 0),
    ]


def test_a_vanished_keyboard_leaves_no_bend_behind(duo):
    duo.step(on(0, HIGH, port=3), event(0, BEND, 0, 0, port=3), control(0, MODULATION, 99, port=3))
    duo.step(command(0, Command.RELEASE_PORT, 3))
    assert [row[2:] for row in duo.sent(BEND, CONTROL)[2:]] == [(CONTROL, MODULATION, 0), (BEND, 0, 64)]


@pytest.mark.parametrize("number", [n for n, (policy, _) in CONTROLS.items() if policy == Policy.IGNORE])
def test_what_belongs_to_the_ensemble_is_not_the_keyboards(duo, number):
    duo.step(on(0, HIGH), control(1, number, 5), on(2, LOW))
    assert duo.sent(CONTROL, 0xC0) == []


def test_the_new_listener_is_told_programs_places_and_the_volume_of_now():
    playing = Playing(ensemble({"program": 40, "bank": 129, "pan": 20, "volume": 100}))
    playing.step(control(0, VOLUME, 64), on(0, 60))
    before = len(playing.sent())
    playing.step(command(0, Command.ANNOUNCE))
    assert [row[2:] for row in playing.sent()[before:]] == [
        (CONTROL, 0, 1),
        (CONTROL, 32, 1),
        (0xC0, 40, 0),
        (CONTROL, VOLUME, 50),
        (CONTROL, 10, 20),
    ]


def test_every_controller_has_a_policy_and_every_policy_a_controller():
    table = policies()
    assert table.shape == (128,)
    assert set(table.tolist()) == {int(policy) for policy in Policy}
    assert all(table[number] == policy for number, (policy, _) in CONTROLS.items())
    assert all(text for _, text in CONTROLS.values())


def test_no_channel_mode_message_is_forwarded():
    assert (policies()[120:] != Policy.FORWARD).all()
    assert (policies()[[64, 66, 67]] == [Policy.SUSTAIN, Policy.SOSTENUTO, Policy.SOFT]).all()


def test_only_what_is_forwarded_is_reset():
    table = resets()
    assert (policies()[np.flatnonzero(table)] == Policy.FORWARD).all()
    assert not table[list(NOT_RESET)].any()
    assert table[[MODULATION, EXPRESSION, 2, 5, 65]].all()


def test_controllers_rest_where_they_should():
    table = defaults()
    assert {number: int(table[number]) for number in DEFAULTS} == DEFAULTS
    assert table.sum() == sum(DEFAULTS.values())
