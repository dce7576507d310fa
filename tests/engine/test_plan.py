"""Planned notes: when they sound, what drops them, what ends them, and that the player comes first."""

import threading
import time

import numpy as np
import pytest

from realtime.engine.codes import AT_ONCE, NOTES, PLAN_PORT, RING, Command, Log, Sync
from realtime.engine.plan import ROOM
from realtime.host.event_log import EventLog, read_take
from tests.engine.planning import back, begin, came, end, plan, plan_counts, strikes
from tests.engine.playing import (
    CONTROL,
    OFF,
    ON,
    PROGRAM,
    Playing,
    command,
    control,
    ensemble,
    event,
    is_at_rest,
    off,
    on,
    rows,
)

PERIOD = 64
FOUR = ensemble(4, program=0, name="four")
TRIO = ensemble({"transpose": 12}, {"voices": "mono"}, {"lowest": 40, "highest": 60}, program=1, name="trio")
SOLO = ensemble({"voices": "mono"}, name="solo")


def four(*more) -> Playing:
    return Playing(FOUR, *more, period=PERIOD)


def test_a_planned_note_sounds_on_its_part_at_its_frame_whatever_a_separator_would_say():
    playing = four()
    assert plan(playing, begin(70, 2, 90), begin(130, 0, 30), end(200, 2, 90), end(300, 0, 30)) == 4
    playing.rest(5)
    assert strikes(playing) == [(70, 2, ON, 90), (130, 0, ON, 30), (200, 2, OFF, 90), (300, 0, OFF, 30)]
    assert playing.decided() == []
    assert plan_counts(playing) == {"planned": 2}
    assert is_at_rest(playing.state)


def test_a_note_whose_frame_has_passed_is_left_out_and_an_end_acts_at_once():
    playing = four()
    plan(playing, begin(10, 0, 60), begin(60, 1, 60))
    playing.rest(4)
    plan(playing, begin(200, 2, 60), end(220, 0, 60), end(230, 2, 60), begin(256, 3, 60))
    playing.step()
    assert strikes(playing)[2:] == [(256, 0, OFF, 60), (256, 3, ON, 60)]
    assert plan_counts(playing) == {"planned": 3, "plan_late": 1}
    assert playing.counter("stray_offs") == 0


def test_what_is_to_sound_at_once_is_never_late():
    playing = four()
    playing.rest(10)
    plan(playing, begin(AT_ONCE, 1, 60), begin(AT_ONCE, 2, 50), end(700, 1, 60), end(700, 2, 50))
    playing.rest(2)
    assert strikes(playing) == [(640, 1, ON, 60), (640, 2, ON, 50), (700, 1, OFF, 60), (700, 2, OFF, 50)]


def test_taking_back_drops_what_is_to_come_and_ends_what_sounds():
    playing = four()
    plan(playing, begin(0, 0, 60), begin(64, 1, 61), begin(90, 2, 62), begin(150, 3, 63), end(500, 0, 60))
    playing.step()
    playing.engine.link.take_back(1)
    playing.rest(6)
    assert strikes(playing) == [(0, 0, ON, 60), (64, 0, OFF, 60)]
    assert plan_counts(playing) == {"planned": 1, "plan_taken_back": 3}
    assert playing.engine.link.planned() == 0
    assert is_at_rest(playing.state)


def test_a_new_plan_may_begin_in_the_period_that_takes_the_old_one_back():
    playing = four()
    plan(playing, begin(10, 0, 60), *(begin(400 + i, i % 4, 70 + i) for i in range(40)))
    playing.step()
    playing.engine.link.take_back(1)
    plan(playing, begin(65, 1, 50, generation=1), begin(400, 2, 51, generation=1))
    playing.rest(8)
    assert strikes(playing) == [(10, 0, ON, 60), (64, 0, OFF, 60), (65, 1, ON, 50), (400, 2, ON, 51)]


def test_what_comes_too_late_of_a_plan_that_was_taken_back_is_dropped():
    playing = four()
    playing.engine.link.take_back(3)
    playing.step()
    plan(playing, begin(100, 0, 60, generation=2), begin(90, 1, 61, generation=3))
    playing.rest(2)
    assert came(playing) == [(90, 1, True, 61)]
    assert plan_counts(playing) == {"planned": 1, "plan_taken_back": 1}


def test_a_take_back_from_a_frame_on_lets_what_sounds_go_on_until_its_new_end():
    playing = four()
    plan(playing, begin(0, 0, 60), begin(100, 1, 61), begin(300, 2, 62), end(310, 0, 60), end(320, 1, 61))
    playing.step()
    playing.engine.link.take_back(1, 200)
    plan(
        playing,
        begin(250, 2, 62, generation=1),
        end(260, 0, 60, generation=1),
        end(270, 1, 61, generation=1),
        end(280, 2, 62, generation=1),
    )
    playing.rest(6)
    assert strikes(playing) == [
        *((0, 0, ON, 60), (100, 1, ON, 61), (250, 2, ON, 62)),
        *((260, 0, OFF, 60), (270, 1, OFF, 61), (280, 2, OFF, 62)),
    ]
    assert plan_counts(playing) == {"planned": 3, "plan_taken_back": 1}


def test_a_take_back_leaves_the_players_notes_alone():
    playing = four()
    plan(playing, begin(0, 0, 60))
    playing.step(on(1, 72), control(2, 64, 127), on(3, 40), off(4, 40))
    playing.step(back(0, 1))
    assert [row for row in strikes(playing) if row[2] == OFF] == [(64, 0, OFF, 60)]
    assert playing.state["note_count"] == 2


@pytest.mark.parametrize("part", range(4, 16))
def test_a_part_that_the_ensemble_does_not_have_plays_nothing(part):
    playing = four(TRIO)
    plan(playing, begin(0, part, 60), end(10, part, 60))
    playing.step()
    assert strikes(playing) == []
    assert plan_counts(playing) == {"plan_refused": 1}
    assert playing.counter("stray_offs") == 0


def test_a_part_that_is_switched_off_plays_no_more_and_ends_what_it_plays():
    playing = four()
    plan(playing, begin(0, 1, 60), begin(70, 1, 62), begin(70, 2, 62), end(80, 1, 60))
    playing.step()
    playing.step(command(0, Command.SWITCH, 1))
    assert strikes(playing) == [(0, 1, ON, 60), (70, 2, ON, 62), (80, 1, OFF, 60)]
    assert plan_counts(playing) == {"planned": 2, "plan_refused": 1}


def test_a_plan_goes_to_parts_that_the_keyboards_are_kept_from():
    playing = four()
    plan(playing, begin(0, 0, 60), begin(0, 1, 62))
    playing.step(command(0, Command.KEEP_TO, 0b0001))
    assert {part for _, part, _, _ in strikes(playing)} == {0, 1}
    assert plan_counts(playing) == {"planned": 2}


def test_a_key_that_a_part_may_not_be_given_is_left_out():
    playing = Playing(TRIO, period=PERIOD)
    plan(playing, *(begin(0, 2, key) for key in (39, 40, 60, 61)))
    playing.step()
    assert [key for _, _, _, key in strikes(playing)] == [40, 60]
    assert plan_counts(playing) == {"planned": 2, "plan_refused": 2}


def test_a_part_that_transposes_does_so():
    playing = Playing(TRIO, period=PERIOD)
    plan(playing, begin(0, 0, 60), end(9, 0, 60))
    playing.step()
    assert strikes(playing) == [(0, 0, ON, 72), (9, 0, OFF, 72)]


def test_a_mono_part_plays_one_planned_note_at_a_time():
    playing = Playing(SOLO, period=PERIOD)
    plan(playing, begin(0, 0, 60), begin(10, 0, 62), end(20, 0, 60), end(30, 0, 62))
    playing.step()
    assert strikes(playing) == [(0, 0, ON, 60), (10, 0, OFF, 60), (10, 0, ON, 62), (30, 0, OFF, 62)]


def test_a_planned_note_never_ends_the_players_on_a_mono_part_but_the_players_ends_it():
    playing = Playing(SOLO, period=PERIOD)
    plan(playing, begin(0, 0, 60), begin(20, 0, 62))
    playing.step(on(10, 72))
    assert strikes(playing) == [(0, 0, ON, 60), (10, 0, OFF, 60), (10, 0, ON, 72)]
    assert plan_counts(playing) == {"planned": 1, "plan_refused": 1}


@pytest.mark.parametrize("first", ["planned", "player"])
def test_a_key_that_the_player_and_the_plan_share_sounds_until_the_last_lets_go(first):
    playing = Playing(ensemble(1), period=PERIOD)
    ends = (20, 40) if first == "planned" else (40, 20)
    plan(playing, begin(0, 0, 60), end(ends[0], 0, 60))
    playing.step(on(10, 60), off(ends[1], 60))
    assert strikes(playing) == [(0, 0, ON, 60), (10, 0, OFF, 60), (10, 0, ON, 60), (40, 0, OFF, 60)]
    assert is_at_rest(playing.state)


def test_a_switch_of_ensembles_ends_planned_notes_where_they_began_and_drops_those_to_come():
    playing = four(TRIO)
    plan(playing, begin(0, 0, 60), begin(100, 1, 50), end(120, 0, 60))
    playing.step(event(30, PROGRAM, 1))
    plan(playing, begin(110, 0, 62), begin(115, 1, 52, slot=1), begin(115, 2, 52, slot=2))
    playing.rest(2)
    assert [row for row in strikes(playing) if row[2] == OFF] == [(120, 0, OFF, 60)]
    assert [(c, k) for _, c, s, k in strikes(playing) if s == ON] == [(0, 60), (16, 74), (18, 52)]
    assert plan_counts(playing) == {"planned": 3, "plan_refused": 2}


@pytest.mark.parametrize("how", [command(30, Command.PANIC), event(30, 0xFF)])
def test_a_panic_silences_what_is_planned_and_forgets_it(how):
    playing = four()
    plan(playing, begin(0, 0, 60), begin(40, 1, 61), begin(80, 2, 62), end(90, 0, 60))
    playing.step(how)
    playing.rest(2)
    assert strikes(playing) == [(0, 0, ON, 60), (30, 0, OFF, 60)]
    assert plan_counts(playing) == {"planned": 1, "plan_taken_back": 2}
    plan(playing, begin(200, 1, 64))
    playing.rest(1)
    assert came(playing)[-1] == (200, 1, True, 64), "what is planned after a panic sounds"


def test_a_planned_note_is_refused_where_the_players_have_filled_the_table():
    playing = Playing(ensemble(1), period=PERIOD)
    for port in range(5):
        playing.step(*(on(0, key, port=port) for key in range(128)))
    assert playing.state["note_count"] == NOTES
    stolen = playing.counter("stolen")
    plan(playing, begin(AT_ONCE, 0, 60))
    playing.step()
    assert plan_counts(playing) == {"plan_refused": 1}
    assert playing.counter("stolen") == stolen


def test_a_plan_never_takes_the_players_place_in_the_table():
    playing = four()
    plan(playing, *(begin(AT_ONCE, part, key) for key in range(128) for part in range(4)))
    playing.step()
    assert playing.state["note_count"] == ROOM
    assert plan_counts(playing) == {"planned": ROOM, "plan_refused": NOTES - ROOM}


def test_what_finds_no_room_in_the_ring_can_be_given_again():
    playing, notes = four(), RING * 3 // 4
    entries = [row for i in range(notes) for row in (begin(2 * i, 0, i % 128), end(2 * i + 1, 0, i % 128))]
    taken = plan(playing, *entries)
    assert taken == RING
    for _ in range(2 * notes // PERIOD + 1):
        taken += plan(playing, *entries[taken:])
        playing.step()
    assert plan_counts(playing) == {"planned": notes}
    assert is_at_rest(playing.state)


def test_the_keyboard_that_last_played_on_a_part_keeps_its_controllers():
    playing = four()
    playing.step(on(0, 78), control(1, 11, 50), control(2, 1, 30), off(3, 78))
    part = playing.decided()[0][1]
    plan(playing, begin(64, part, 70))
    playing.step()
    playing.step(control(0, 11, 90))
    assert [row[1:] for row in playing.sent(CONTROL)] == [
        *((part, CONTROL, 11, 50), (part, CONTROL, 1, 30), (part, CONTROL, 11, 90)),
    ]


def test_pedals_of_the_player_do_not_hold_planned_notes():
    playing = four()
    playing.step(control(0, 64, 127), control(0, 66, 127))
    plan(playing, begin(64, 0, 60), end(80, 0, 60))
    playing.rest(2)
    assert is_at_rest(playing.state)


def test_a_keyboard_that_vanishes_takes_no_planned_note_along():
    playing = four()
    plan(playing, begin(0, 0, 60))
    playing.step()
    for port in range(PLAN_PORT):
        playing.engine.link.command(Command.RELEASE_PORT, port)
    playing.step()
    assert playing.state["note_count"] == 1


def test_the_separator_sees_what_the_plan_plays_but_counts_the_players_notes():
    playing = Playing(ensemble(2), period=PERIOD)
    playing.step(on(5, 70), off(9, 70))
    plan(playing, begin(64, 1, 90), end(70, 1, 90))
    playing.rest(2)
    assert playing.state["note_onset"] == 5
    playing.step(on(20, 88))
    assert playing.decided() == [(70, 0, 1), (88, 1, 1)], "the part that has just played near it"


def test_a_chord_is_decided_as_one_across_planned_notes_and_take_backs():
    chord = [on(frame, key) for frame, key in ((0, 60), (10, 64), (20, 67), (30, 72))]
    alone, beside = four(), four()
    alone.step(*chord)
    beside.step(chord[0], back(5, 1), *chord[1:])
    assert beside.decided() == alone.decided()


def test_taking_back_waits_for_nothing_that_is_played_in_the_same_period():
    playing = four()
    playing.engine.link.take_back(1)
    plan(playing, begin(3, 1, 60, generation=1))
    playing.step(on(50, 72))
    assert [row[:2] for row in strikes(playing)] == [(3, 1), (50, playing.decided()[0][1])]


def test_a_take_with_planned_notes_plays_again_as_it_was(tmp_path):
    playing = four(TRIO)
    plan(playing, begin(0, 0, 60), begin(70, 1, 61), begin(150, 2, 62), begin(260, 3, 63))
    for events in ([on(5, 50)], [event(40, PROGRAM, 1)], [back(10, 1)], [off(3, 50)], []):
        playing.step(*events)
    playing.engine.link.plan(rows([begin(330, 0, 40, generation=1), end(350, 0, 40, generation=1)]))
    playing.rest(2)
    header = {"rate": 48000, "period": PERIOD, "tempo": 120}
    log = EventLog(tmp_path / "events.jsonl", header, playing.engine.slots)
    log.add(playing.log())
    log.close()
    again = four(TRIO)
    again.play(read_take(tmp_path / "events.jsonl").events, 7 * PERIOD)
    assert again.sent() == playing.sent()
    assert is_at_rest(again.state)


@pytest.mark.parametrize("period", [16, 64, 128, 512])
def test_a_plan_sounds_the_same_whatever_the_period(period):
    entries = [begin(100 * i, i % 4, 40 + i) for i in range(60)]
    entries += [end(100 * i + 250, i % 4, 40 + i) for i in range(60)]
    entries.sort(key=lambda row: row[0])
    playing = Playing(FOUR, period=period)
    plan(playing, *entries)
    playing.rest(6400 // period + 1)
    assert [(f, s & 0xF0, k) for f, _, s, k in strikes(playing)] == [
        (row[0], row[2] & 0xF0, row[3]) for row in entries
    ]


def test_someone_who_waits_for_input_is_woken_by_it():
    playing, woken = four(), []

    def wait() -> None:
        woken.append(playing.engine.link.wait_for_input(60.0))

    for events in ([on(0, 60)], [control(0, 67, 127)], [command(0, Command.PANIC)], [event(0, PROGRAM, 0)]):
        waiting = threading.Thread(target=wait)
        waiting.start()
        while not playing.state["sync"][8 * Sync.LISTENING]:
            time.sleep(0.001)
        playing.step(*events)
        waiting.join(timeout=60)
        assert not waiting.is_alive()
    assert woken == [True] * 4


def test_what_was_played_before_anyone_waited_is_told_at_once_and_once():
    playing = four()
    playing.step(on(0, 60))
    assert playing.engine.link.wait_for_input(60.0)
    assert not playing.engine.link.wait_for_input(0.0)


def test_planned_notes_and_clocks_wake_no_one():
    playing = four()
    plan(playing, begin(0, 0, 60))
    playing.step(event(0, 0xF8), event(0, 0xFE))
    assert len(playing.log(Log.INPUT)) == 3
    assert not playing.engine.link.wait_for_input(0.0)


def test_nothing_planned_is_nothing_taken():
    playing = four()
    assert playing.engine.link.plan(np.zeros((0, 8), np.int64)) == 0
    assert playing.engine.link.planned() == 0
