"""The chord window: what waits, and for how long; and nothing is lost, stuck or doubled."""

import numpy as np
import pytest

from realtime.engine.codes import (
    CONTROL_PORT,
    EVENTS,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    MAPPED_KEY,
    Command,
    Log,
)
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
    now,
    off,
    on,
)
from tests.engine.streams import ENSEMBLES, PERIOD, STYLES, let_go, stream
from tests.engine.test_random_playing import doubled_or_stuck, lost_or_misplaced

WINDOW = 1000
SUSTAIN, SOSTENUTO, MODULATION = 64, 66, 1


def waiting(window: int = WINDOW, *ensembles) -> Playing:
    playing = Playing(*(ensembles or (ensemble(4),)))
    playing.state["chord_window"] = window
    return playing


def heard(playing: Playing) -> list[tuple[int, str, int]]:
    """Return (frame, on or off or other, data1) of what keyboards said, when it was handled."""
    names = {ON: "on", OFF: "off"}
    found = playing.log(Log.INPUT)
    return [
        (int(row[LOG_FRAME]), names.get(row[LOG_STATUS] & 0xF0, "other"), int(row[LOG_DATA1]))
        for row in found
    ]


def test_without_a_window_nothing_waits():
    playing = waiting(0)
    playing.step(on(7, 60), off(90, 60))
    assert heard(playing) == [(7, "on", 60), (90, "off", 60)]


def test_a_spread_chord_begins_at_once_when_no_note_has_come_for_a_window():
    playing = waiting()
    playing.play([on(10, 67), on(300, 60), on(1009, 64)], 4000)
    assert heard(playing) == [(2009, "on", 67), (2009, "on", 60), (2009, "on", 64)]


def test_a_chord_waits_for_two_windows_at_most():
    playing = waiting()
    playing.play([on(0, 60), on(900, 64), on(1800, 67), on(1999, 72), on(2000, 76)], 5000)
    assert [frame for frame, _, _ in heard(playing)] == [2000, 2000, 2000, 2000, 3000]


def test_a_spread_chord_is_decided_as_one_that_is_struck():
    spread, struck = waiting(), waiting(0)
    for chord in ((48, 55, 64, 72), (50, 57, 65, 69), (47, 59, 62, 67)):
        frame = int(spread.state["frame"])
        assert frame == struck.state["frame"]
        keys = (chord[2], chord[0], chord[3], chord[1])
        spread.play([on(i * 250, key) for i, key in enumerate(keys)], 20 * 128)
        struck.play([on(0, key) for key in keys], 20 * 128)
        for playing in (spread, struck):
            playing.play([off(0, key) for key in chord], 20 * 128)
    assert spread.decided() == struck.decided()


def test_a_note_after_the_window_begins_another_chord():
    playing = waiting()
    playing.play([on(0, 60), on(1000, 64), on(1900, 67)], 4000)
    assert heard(playing) == [(1000, "on", 60), (2900, "on", 64), (2900, "on", 67)]


def test_everything_else_is_late_by_the_window():
    playing = waiting()
    playing.play([on(5, 60), control(100, MODULATION, 9), off(1700, 60)], 3000)
    assert heard(playing) == [(1005, "on", 60), (1100, "other", 1), (2700, "off", 60)]


def test_a_key_that_comes_up_while_its_note_waits_is_down_as_long_as_it_was():
    playing = waiting()
    playing.play([on(0, 60), off(600, 60), on(700, 64)], 3000)
    assert heard(playing) == [(1700, "on", 60), (1700, "on", 64), (2300, "off", 60)]


def test_a_key_that_comes_up_while_a_chord_is_waited_for_is_up_when_it_begins():
    playing = waiting()
    playing.play([on(0, 60), on(3000, 64), off(3200, 60), on(3400, 67)], 6000)
    assert heard(playing)[1:] == [(4200, "off", 60), (4400, "on", 64), (4400, "on", 67)]
    playing = waiting()
    playing.play([on(0, 60), on(3000, 64), off(3200, 60), off(5000, 64)], 7000)
    assert heard(playing)[1:] == [(4000, "off", 60), (4000, "on", 64), (6000, "off", 64)]


def test_as_written_a_note_ends_before_the_next_one_begins():
    playing = waiting()
    playing.play([on(0, 60), off(4000, 60), on(4000, 64)], 6000)
    assert heard(playing)[1:] == [(5000, "off", 60), (5000, "on", 64)]


def test_a_key_of_the_chord_before_that_is_struck_again_has_come_up():
    playing = waiting()
    playing.play([on(0, 60), on(3000, 64), off(3100, 60), on(3200, 60), off(4200, 60)], 7000)
    assert [said[1:] for said in heard(playing)] == [
        ("on", 60), ("off", 60), ("on", 64), ("on", 60), ("off", 60)
    ]  # fmt: skip


def test_a_key_struck_again_in_the_window_is_two_notes():
    playing = waiting()
    playing.play([on(0, 60), off(100, 60), on(200, 60), on(300, 64), off(400, 60), off(400, 64)], 4000)
    assert [said for said in heard(playing) if said[2] == 60] == [
        (1000, "on", 60), (1100, "off", 60), (1300, "on", 60), (1500, "off", 60)
    ]  # fmt: skip
    assert playing.counter("retriggered") == playing.counter("stray_offs") == 0


@pytest.mark.parametrize("between", [control(100, SOSTENUTO, 127), event(100, PROGRAM, 3)])
def test_a_note_after_a_pedal_or_a_program_change_does_not_begin_before_it(between):
    playing = waiting()
    playing.play([on(0, 60), between, on(200, 64)], 4000)
    assert [said[1] for said in heard(playing)] == ["on", "other", "on"]


def test_an_expression_pedal_does_not_part_a_chord():
    playing = waiting()
    playing.play([on(0, 60), control(100, 11, 99), on(200, 64)], 4000)
    assert [frame for frame, what, _ in heard(playing) if what == "on"] == [1200, 1200]


def test_a_pedal_comes_after_all_that_was_said_before_it():
    playing = waiting()
    said = [on(0, 60), on(400, 64), off(500, 60), control(600, SUSTAIN, 127), off(700, 64), on(800, 67)]
    playing.play(said, 5000)
    assert [said[1:] for said in heard(playing)] == [
        ("on", 60), ("on", 64), ("on", 67), ("off", 60), ("other", SUSTAIN), ("off", 64)
    ]  # fmt: skip
    assert playing.state["note_count"] == 2


def test_a_pedal_that_was_pressed_before_a_key_came_up_holds_its_note():
    playing = waiting()
    playing.play([on(0, 60), control(3000, SUSTAIN, 127), off(3000, 60), on(3000, 64)], 6000)
    assert playing.state["note_count"] == 2
    playing = waiting()
    said = [on(0, 60), on(900, 62), off(910, 60), control(920, SOSTENUTO, 127), off(930, 62), on(940, 62)]
    playing.play(said, 6000)
    held = [said[1] for said in heard(playing) if said[2] in (SOSTENUTO, 62)]
    assert held == ["on", "other", "off", "on"]


def test_a_pedal_that_is_lifted_with_a_chord_does_not_part_it():
    playing = waiting()
    said = [control(0, SUSTAIN, 127), on(0, 60), off(500, 60), on(3000, 62), control(3100, SUSTAIN, 0)]
    playing.play([*said, on(3200, 65)], 6000)
    assert [said for said in heard(playing) if said[0] > 3000] == [
        (4100, "other", SUSTAIN), (4200, "on", 62), (4200, "on", 65)
    ]  # fmt: skip
    assert playing.state["note_count"] == 2


def test_what_comes_before_every_note_of_some_keyboards_does_not_part_a_chord():
    playing = waiting()
    playing.play([e for at in (0, 200, 400) for e in (control(at, 88, 9), on(at, 60 + at // 50))], 4000)
    assert {frame for frame, what, _ in heard(playing) if what == "on"} == {1400}


def test_a_keys_pressure_does_not_keep_it_down():
    playing = waiting()
    playing.play([on(0, 60), on(3000, 64), event(3100, 0xA0, 60, 9), off(3200, 60)], 6000)
    assert heard(playing)[1:3] == [(4000, "off", 60), (4000, "on", 64)]


def test_clock_messages_do_not_wait():
    playing = waiting()
    playing.play([on(0, 60), event(50, 0xF8)], 2000)
    assert heard(playing)[0] == (50, "other", 0)


def test_two_keyboards_make_one_chord_and_own_their_notes():
    playing = waiting()
    playing.play([on(0, 60, port=0), on(400, 60, port=1), off(2000, 60, port=0)], 4000)
    assert [frame for frame, _, _ in heard(playing)] == [1400, 1400, 3000]
    assert playing.state["note_count"] == 1
    assert playing.state["held"][16, 60] == 0


@pytest.mark.parametrize("period", [32, 128, 1000])
@pytest.mark.parametrize("late", [1, 500, 872, 990, 999, 1000, 1001, 1100])
@pytest.mark.parametrize("what", ["panic", "release", "reset"])
def test_whenever_it_comes_after_a_panic_and_without_a_keyboard_nothing_sounds(period, late, what):
    ends = {
        "panic": command(late, Command.PANIC),
        "release": command(late, Command.RELEASE_PORT, 0),
        "reset": event(late, 0xFF),
    }
    playing = Playing(ensemble(4), period=period)
    playing.state["chord_window"] = WINDOW
    playing.play([on(0, 60), ends[what]], 4000)
    assert is_at_rest(playing.state)
    assert playing.counter("notes_on") == (1 if late > 1000 else 0)


def test_a_panic_drops_the_notes_that_wait_and_those_after_it_play():
    playing = waiting()
    playing.play([on(0, 60), control(10, SUSTAIN, 127), command(500, Command.PANIC), on(600, 64)], 4000)
    assert [said[1:] for said in heard(playing)] == [("other", SUSTAIN), ("on", 64)]
    playing.play([off(0, 60), off(0, 64), control(1, SUSTAIN, 0)], 4000)
    assert is_at_rest(playing.state)


def test_a_keyboard_that_vanishes_takes_with_it_what_it_said():
    playing = waiting()
    said = [on(0, 60, port=0), on(0, 64, port=1), control(9, SUSTAIN, 127)]
    playing.play([*said, command(500, Command.RELEASE_PORT)], 4000)
    assert heard(playing) == [(1000, "on", 64)]


def test_a_key_that_is_mapped_while_its_note_waits_is_let_go():
    playing = waiting()
    mapped = (500, CONTROL_PORT, int(Command.MAP), 60, MAPPED_KEY, -1, 0, 0)
    playing.play([on(0, 60), mapped, off(700, 60)], 4000)
    assert playing.counter("notes_on") == 1
    assert is_at_rest(playing.state)


def test_a_window_that_is_changed_keeps_the_order():
    playing = waiting()
    said = [on(0, 60), off(50, 60), on(90, 60)]
    playing.play([*said, command(100, Command.CHORD_WINDOW, 0), off(128, 60), on(140, 62)], 4000)
    assert [what for _, what, key in heard(playing) if key == 60] == ["on", "off", "on", "off"]
    playing.play([on(128, 64), command(200, Command.CHORD_WINDOW, 480), on(256, 65)], 2000)
    assert [frame - 4096 for frame, _, _ in heard(playing)[-2:]] == [128, 256 + 480]


def test_a_window_that_is_set_again_changes_nothing():
    playing = waiting()
    playing.play([on(0, 60), command(300, Command.CHORD_WINDOW, WINDOW), on(500, 64)], 4000)
    assert [frame for frame, _, _ in heard(playing)] == [1500, 1500]


def test_what_it_costs_is_told_as_latency_and_not_as_the_keyboards():
    playing = waiting(960)
    playing.step((0, 0, ON, 60, 100, -1, now(playing), 0))
    playing.rest(20)
    told = playing.engine.latency()
    assert 20_000 <= told["key_to_sound"]["max"] < 23_000
    assert told["input"]["max"] < 10_000


def test_more_than_there_is_room_for_waits_less_and_nothing_is_lost():
    playing = waiting(100_000)
    for start in range(0, 128, 2):
        playing.step(*(on(0, key, port=port) for key in (start, start + 1) for port in range(16)))
    for _ in range(4):
        playing.step(*(on(0, key % 128, channel=1 + key // 128) for key in range(1000)))
    playing.step(command(0, Command.CHORD_WINDOW, 0))
    playing.rest(3 * 100_000 // 128)
    assert playing.state["waiting_count"] == 0
    assert len(playing.log(Log.INPUT)) == 128 * 16 + 4000
    assert playing.state["waiting"].shape[0] == 2 * EVENTS


def in_order(log: np.ndarray) -> dict[tuple[int, int, int], list[int]]:
    """Return what each key of each keyboard said: the velocity of each strike, 0 where it came up."""
    said: dict[tuple[int, int, int], list[int]] = {}
    for row in log:
        if row[LOG_STATUS] & 0xF0 in (ON, OFF):
            key = int(row[LOG_SOURCE]), int(row[LOG_STATUS]) & 0x0F, int(row[LOG_DATA1])
            velocity = int(row[LOG_DATA2]) if row[LOG_STATUS] & 0xF0 == ON else 0
            if velocity or not said.get(key) or said[key][-1]:  # it comes up once, however often that is said
                said.setdefault(key, []).append(velocity)
    return said


def pedals_before(log: np.ndarray) -> dict[tuple[int, int], list[int]]:
    """Return, for each key, how many moves of its keyboard's pedals came before each time it came up."""
    moved: dict[int, int] = {}
    found: dict[tuple[int, int], list[int]] = {}
    for row in log.tolist():
        status, source = row[LOG_STATUS] & 0xF0, row[LOG_SOURCE] * 16 + (row[LOG_STATUS] & 0x0F)
        if status == CONTROL and row[LOG_DATA1] in (SUSTAIN, SOSTENUTO):
            moved[source] = moved.get(source, 0) + 1
        elif status == OFF or (status == ON and not row[LOG_DATA2]):
            found.setdefault((source, row[LOG_DATA1]), []).append(moved.get(source, 0))
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["one keyboard", "few keys, much pedal", "many sources"])
def test_what_a_pedal_holds_is_what_it_would_have_held(name: str, seed: int):
    waited, plain = (Playing(*ENSEMBLES, period=PERIOD) for _ in range(2))
    waited.state["chord_window"] = 100 + 300 * seed
    for period in stream(STYLES[name], seed, 3000):
        for part in np.array_split(period, len(period) // 900 + 1):
            kept = part[~np.isin(part[:, 2], [int(Command.RELEASE_PORT), 0xFF]) | (part[:, 1] >= 0)]
            waited.step_rows(kept)
            plain.step_rows(kept)
    waited.rest(3 * 3000 // PERIOD)
    assert pedals_before(waited.log(Log.INPUT)) == pedals_before(plain.log(Log.INPUT))


@pytest.mark.parametrize("name", STYLES)
def test_whatever_is_played_nothing_is_lost_stuck_or_doubled(name: str):
    style, draws = STYLES[name], np.random.default_rng(len(name))
    playing, plain = (Playing(*ENSEMBLES, period=PERIOD) for _ in range(2))
    playing.state["chord_window"] = 700
    for period in [*stream(style, 7, 20_000), let_go(style, 7)]:
        for part in np.array_split(period, len(period) // 900 + 1):
            playing.step_rows(part)
            plain.step_rows(part)
            if draws.random() < 0.01:
                playing.step(command(0, Command.CHORD_WINDOW, int(draws.integers(0, 3000))))
    playing.rest(3 * 3000 // PERIOD)
    log = playing.log()
    assert playing.state["waiting_count"] == 0
    assert lost_or_misplaced(log) == 0
    assert doubled_or_stuck(log[log[:, LOG_KIND] == Log.OUTPUT]) == 0
    assert is_at_rest(playing.state)
    if not style.weights[9] + style.weights[10] + style.weights[11]:  # no panic, no vanished keyboard
        assert in_order(playing.log(Log.INPUT)) == in_order(plain.log(Log.INPUT))


def test_what_is_played_does_not_depend_on_the_periods_length():
    events = [on(i * 97, 40 + i * 5 % 50) for i in range(60)] + [
        off(9000 + i * 31, 40 + i * 5 % 50) for i in range(60)
    ]
    found = []
    for period in (64, 100, 512):
        playing = Playing(ensemble(4), period=period)
        playing.state["chord_window"] = 333
        playing.play(events, 14_000)
        found.append(heard(playing))
    assert found[0] == found[1] == found[2]
