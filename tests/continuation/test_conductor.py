"""Whose turn it is: pedals, keys, pauses and bars."""

import pytest

from realtime.continuation.conductor import Begin, Conductor, End
from realtime.continuation.settings import SETTLED, Mode, Settings

PEDAL = 67


def pressed(conductor: Conductor, tick: float, number: int = PEDAL):
    actions = conductor.control(tick, 0, number, 127)
    assert conductor.control(tick + 0.1, 0, number, 0) == []
    return actions


def test_the_pedal_begins_a_turn_and_ends_it():
    conductor = Conductor(Settings())
    assert pressed(conductor, 5.0) == [Begin(5.0, None)]
    assert conductor.control(6.0, 0, PEDAL, 127) == [End(6.0)]
    assert conductor.control(6.5, 0, PEDAL, 100) == [], "held is not pressed again"
    assert pressed(conductor, 7.0, 64) == [], "another pedal"


@pytest.mark.parametrize(("controller", "works"), [(11, True), (-1, False)])
def test_any_controller_can_be_the_trigger(controller, works):
    conductor = Conductor(Settings(controller=controller))
    assert pressed(conductor, 1.0) == []
    assert bool(pressed(conductor, 2.0, 11)) == works


def test_a_key_takes_the_turn_back_at_once():
    conductor = Conductor(Settings())
    conductor.begin(5.0)
    assert conductor.key(5.5, 0, 60, True) == [End(5.5)]
    assert not conductor.playing


def test_a_silence_begins_a_turn_once_and_only_after_music():
    conductor = Conductor(Settings(silence_beats=2))
    assert conductor.time(1000.0) == [], "no one has played"
    conductor.key(1000.0, 0, 60, True)
    assert conductor.time(1100.0) == [], "a key is down"
    conductor.control(1101.0, 0, 64, 127)
    conductor.key(1102.0, 0, 60, False)
    assert conductor.time(1200.0) == [], "the damper pedal is down"
    conductor.control(1200.0, 0, 64, 0)
    assert conductor.time(1223.9) == []
    assert conductor.time(1230.0) == [Begin(1224.0, None)], "at the tick, not when someone looked"
    pressed(conductor, 1250.0)
    assert conductor.time(9000.0) == [], "taken back, and not played since"


def test_a_keyboard_that_vanished_holds_nothing():
    conductor = Conductor(Settings(silence_beats=1))
    conductor.key(0.0, 3, 60, True)
    conductor.let_go(10.0)
    assert conductor.time(22.0) == [Begin(22.0, None)]


def test_bars_are_traded():
    conductor = Conductor(Settings(mode=Mode.TRADE, bars=2))
    conductor.key(100.0, 0, 60, True)
    conductor.key(110.0, 0, 60, False)
    assert conductor.time(195.0) == []
    assert conductor.time(195.6) == [Begin(196.0, 196.0, 96)], "a moment before the bar"
    assert conductor.key(197.0, 0, 62, True) == [], "a late key of the call"
    assert conductor.time(291.0) == []
    assert conductor.time(293.0) == [End(292.0)]
    assert conductor.time(900.0) == [], "the next call begins with a key"
    conductor.key(1000.0, 0, 60, True)
    assert conductor.time(1096.0) == [Begin(1096.0, 1096.0, 96)]
    assert conductor.key(1110.0, 0, 60, True) == [End(1110.0)]
    assert conductor.time(1206.0) == [Begin(1206.0, 1206.0, 96)], "that key began a call"


def test_keys_do_not_end_an_accompaniment():
    conductor = Conductor(Settings(mode=Mode.ACCOMPANY))
    assert pressed(conductor, 10.0) == [Begin(10.0, 10.0 + SETTLED)]
    assert conductor.key(12.0, 0, 60, True) == []
    assert pressed(conductor, 20.0) == [End(20.0)]


def test_a_ruling_clock_gives_the_tick_and_takes_the_turn_with_it():
    conductor = Conductor(Settings(), ruled=True)
    conductor.time(99.0)
    assert pressed(conductor, 100.2) == [Begin(100.2, 101.0)]
    assert conductor.time(101.0) == []
    assert conductor.time(480.0) == [End(480.0), Begin(480.0, 481.0)], "the song position moved"
    assert conductor.roll(481.0, False) == [End(481.0)]
    assert conductor.roll(481.0, False) == []
    assert conductor.roll(481.0, True) == [Begin(481.0, 482.0)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"mode": "solo"}, "mode 'solo': choose continue, trade, accompany"),
        ({"temperature": -1}, "temperature is -1; it must be a number from 0 to 10"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"bars": 2.5}, "bars is 2.5; it must be a whole number from 1 to 64"),
        ({"silence_beats": True}, "silence_beats is True"),
        ({"silence_beats": "4"}, "silence_beats is '4'"),
        ({"tempo": 3}, "there is no setting 'tempo'; there are mode, temperature"),
    ],
)
def test_a_wrong_setting_is_one_sentence(values, says):
    with pytest.raises(ValueError, match="continuation: ") as error:
        Settings().changed(**values)
    assert says in str(error.value)


def test_a_clock_that_begins_anew_with_the_players_first_note_takes_the_model_along():
    conductor = Conductor(Settings(mode=Mode.ACCOMPANY))
    conductor.time(400.0)
    conductor.begin(400.0)
    assert conductor.time(0.0) == [End(0.0), Begin(0.0, 3.0)]
    assert conductor.playing
