"""Which part plays a note: what the separator is told, when it starts afresh, and when the rule decides."""

import math

import numpy as np
import pytest

from realtime.contract.features import MAX_BEAT, NO_PITCH, NO_TIME, RECENT_MS
from realtime.engine.codes import CONTROL_PORT, LOG_DATA2, LOG_VALUE, Command, Log, Mode
from realtime.host.engine import Engine
from tests.engine.playing import RATE, Playing, Row, command, control, ensemble, event, off, on
from tests.engine.witness import (
    ALL_RULED_OUT,
    FAILS,
    INFINITE,
    LABELS,
    NOT_A_NUMBER,
    PREFERENCE,
    seen_by,
)

SURE = math.exp(PREFERENCE) / (math.exp(PREFERENCE) + 3)


def played(*parts, separator: str, **more) -> Playing:
    return Playing(ensemble(*(parts or (4,)), separator=separator, **more))


def column(playing: Playing, name: str) -> list:
    return [row[name] for row in seen_by(playing.state)]


# What the separator is told.


def test_the_notes_of_a_period_are_told_from_low_to_high(witness):
    playing = played(separator=witness)
    playing.step(on(90, 71), on(3, 64, 50), on(40, 40, 9), on(0, 67))
    assert column(playing, "pitch") == [40, 64, 67, 71]
    assert column(playing, "chord_index") == [0, 1, 2, 3]
    assert column(playing, "velocity") == [9, 50, 100, 100]
    assert [pitch for pitch, _, _ in playing.decided()] == [40, 64, 67, 71]


def test_notes_around_a_program_change_are_no_chord(witness):
    playing = Playing(
        ensemble(4, separator=witness, program=0), ensemble(4, separator=witness, name="b", program=1)
    )
    playing.step(on(0, 71), on(1, 60), event(2, 0xC0, 1), on(3, 66), on(4, 65))
    assert [row[:2] for row in playing.decided()] == [(60, 0), (71, 3), (65, 17), (66, 18)]


def test_the_labels_are_those_of_the_graph(witness):
    playing = played(separator=witness)
    playing.step(*(on(0, key) for key in (60, 61, 62, 63)))
    assert playing.decided() == [(60, 0, 0), (61, 1, 0), (62, 2, 0), (63, 3, 0)]
    assert playing.counter("fallback") == 0


def test_the_confidence_is_the_probability_of_the_part(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60))
    assert playing.log(Log.DECISION)[0, LOG_VALUE] / 1e6 == pytest.approx(SURE, abs=1e-6)


def test_labels_are_matched_with_parts_by_name(witness):
    parts = [{"label": label} for label in reversed(LABELS)]
    playing = played(*parts, separator=witness)
    playing.step(*(on(0, key) for key in (60, 61, 62, 63)))
    assert [channel for _, channel, _ in playing.decided()] == [3, 2, 1, 0]


def test_a_label_without_a_part_goes_to_the_best_that_has_one(witness):
    playing = played({"label": "Tenor"}, {"label": "Alto"}, separator=witness)
    playing.step(*(on(0, key) for key in (60, 61, 62)))
    # Alto comes before Tenor among the labels, and both have the same score for 60.
    assert playing.decided() == [(60, 1, 0), (61, 1, 0), (62, 0, 0)]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([{"label": "Tuba"}], r"parts\[0\]\.label 'Tuba' is not one of Soprano, Alto"),
        ([{"label": "Alto"}, {"label": "alto"}], r"parts\[0\] and parts\[1\] both stand for Alto"),
        ([{"label": "Alto"}, {}], r"parts\[0\] and parts\[1\] both stand for Alto"),
    ],
)
def test_labels_that_fit_no_part_or_two_are_refused(witness, parts, reason):
    with pytest.raises(ValueError, match=reason):
        played(*parts, separator=witness)


def test_a_part_that_is_switched_off_is_given_no_note_from_the_next_one_on(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60))
    playing.step(command(0, Command.SWITCH, 0), on(1, 64))  # data2 is 0: off
    assert [part for _, part, _ in playing.decided()] == [0, 1]
    playing.step(event(0, int(Command.SWITCH), 0, 1, port=CONTROL_PORT), on(1, 68))
    assert [part for _, part, _ in playing.decided()][-1] == 0
    assert playing.state["note_count"] == 3  # what it held goes on


@pytest.mark.parametrize("by_rule", [False, True])
def test_notes_are_kept_to_some_parts_until_they_are_let_go_or_another_ensemble_plays(witness, by_rule):
    separator = "none-such" if by_rule else witness
    playing = Playing(ensemble(4, separator=separator), ensemble(4, separator=separator, name="b"))

    def parts(*first: Row) -> set[int]:
        """Return the parts that a chord of four goes to."""
        before = len(playing.decided())
        playing.step(*first, *(on(1 + place, 60 + place) for place in range(4)))
        playing.step(*(off(place, 60 + place) for place in range(4)))
        return {channel % 16 for _, channel, _ in playing.decided()[before:]}

    assert parts() == {0, 1, 2, 3}
    assert parts(command(0, Command.KEEP_TO, 0b1010)) == {1, 3}
    assert parts(command(0, Command.KEEP_TO, 0b0100)) == {2}
    assert parts(command(0, Command.KEEP_TO, -1)) == {0, 1, 2, 3}
    assert parts(command(0, Command.KEEP_TO, 0b0001)) == {0}
    assert parts(command(0, Command.SELECT, 1)) == parts(command(0, Command.SELECT, 0)) == {0, 1, 2, 3}


def test_a_note_is_not_lost_where_all_parts_are_switched_off(witness):
    playing = played(separator=witness)
    playing.step(*(command(0, Command.SWITCH, part) for part in range(4)), on(1, 61))
    assert [part for _, part, _ in playing.decided()] == [1]


def test_a_range_that_is_changed_acts_on_the_next_note(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60))
    playing.step(event(0, int(Command.RANGE), 0, 72 + 128 * 90, port=CONTROL_PORT), on(1, 64), on(2, 76))
    assert [part for _, part, _ in playing.decided()] == [0, 1, 0]


def test_an_ensemble_may_begin_with_a_part_switched_off(witness):
    playing = played({"plays": False}, {}, {}, {}, separator=witness)
    playing.step(on(0, 60))
    assert [part for _, part, _ in playing.decided()] == [1]


def test_the_rule_passes_over_parts_that_are_switched_off():
    playing = Playing(ensemble(2, separator="none-such"))
    playing.step(on(0, 80), on(0, 40))
    playing.step(command(0, Command.SWITCH, 0), on(1, 81))
    assert [part for _, part, _ in playing.decided()] == [1, 0, 1]


@pytest.mark.parametrize(("what", "value"), [(Command.SWITCH, 0), (Command.RANGE, 5 + 128 * 6)])
@pytest.mark.parametrize("part", [4, 16, -1])
def test_commands_for_parts_that_are_not_there_change_nothing(witness, what, value, part):
    playing = played(separator=witness)
    before = {name: playing.state[name].copy() for name in ("part_plays", "part_lowest", "part_highest")}
    playing.step(event(0, int(what), part, value, port=CONTROL_PORT))
    for name, kept in before.items():
        np.testing.assert_array_equal(playing.state[name], kept)


def test_labels_for_another_separator_give_way_to_the_order_of_the_parts(witness):
    engine = Engine(RATE, None)
    engine.load(ensemble({"label": "Viola"}, {"label": "Alto"}, separator="none-such"), witness)
    engine.load(ensemble({"label": "Alto"}, {"label": "Bass"}, separator="none-such", name="b"), witness)
    labels = engine.state["slot_label_part"][:2, :4].tolist()
    engine.close()
    assert labels == [[0, 1, -1, -1], [-1, 0, -1, 1]]


def test_a_part_without_a_label_is_left_to_the_rule(witness):
    playing = played(4, {}, separator=witness)
    playing.step(*(on(0, key) for key in range(60, 72)))
    assert {channel for _, channel, _ in playing.decided()} == {0, 1, 2, 3}


def test_last_pitches_are_told_by_label(witness):
    playing = played(*({"label": label} for label in reversed(LABELS)), separator=witness)
    playing.step(on(0, 60), on(0, 65))
    playing.step(on(0, 67), on(0, 64))
    none = NO_PITCH
    assert column(playing, "last_pitch") == [
        [none, none, none, none],
        [60, none, none, none],
        [60, 65, none, none],
        [64, 65, none, none],
    ]
    assert column(playing, "chord_last_pitch")[1:] == [[none] * 4, [60, 65, none, none], [60, 65, none, none]]


def test_sounding_counts_the_notes_that_are_held_and_those_that_the_chord_has_given(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60), on(0, 64), on(0, 61))
    playing.step(off(0, 64), on(5, 63))
    playing.step(control(0, 64, 127), off(1, 61), on(2, 62))
    given = [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]]
    assert column(playing, "sounding") == [*given, [1, 1, 0, 0], [1, 1, 0, 1]]


def test_keys_that_are_down_are_counted_whatever_a_pedal_holds(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60), on(0, 61), on(0, 65))
    playing.step(control(0, 64, 127), off(1, 61), on(2, 62))
    assert column(playing, "down")[-1] == [1, 1, 0, 0]
    assert column(playing, "sounding")[-1] == [1, 2, 0, 0]


def test_the_chords_next_notes_are_told_low_to_high(witness):
    playing = played(separator=witness)
    playing.step(*(on(frame, key) for frame, key in enumerate((67, 60, 64, 60, 72, 76, 79))))
    assert column(playing, "chord_above") == [
        [60, 64, 67, 72],
        [64, 67, 72, 76],
        [67, 72, 76, 79],
        [72, 76, 79, NO_PITCH],
        [76, 79, NO_PITCH, NO_PITCH],
        [79, NO_PITCH, NO_PITCH, NO_PITCH],
        [NO_PITCH] * 4,
    ]


def test_times_are_told_in_milliseconds_since_each_part_last_did_something(witness):
    playing = Playing(ensemble(4, separator=witness))
    ms = RATE // 1000
    playing.play([on(0, 60), on(10 * ms, 61), off(25 * ms, 60), on(40 * ms, 62), on(43 * ms, 60)], 4096)
    never = NO_TIME
    assert column(playing, "since_note") == [never, 10, 30, 3]
    assert column(playing, "since_onset") == [
        [never] * 4,
        [10, never, never, never],
        [40, 30, never, never],
        [43, 33, 3, never],
    ]
    assert column(playing, "since_release")[2:] == [[15, never, never, never], [18, never, never, never]]


def test_each_parts_nearest_note_is_told_and_when_it_last_played_this_pitch(witness):
    playing = Playing(ensemble(4, separator=witness))
    ms = RATE // 1000
    keys = [(0, 60), (20, 72), (40, 64), (50, 68), (80, 60), (90, 66)]  # all but the last of the first part
    playing.play([on(at * ms, key) for at, key in keys], 8192)
    never, none = NO_TIME, NO_PITCH
    assert [seen[0] for seen in column(playing, "since_pitch")] == [never, never, never, never, 80, never]
    assert [seen[0] for seen in column(playing, "nearest_pitch")] == [none, 60, 60, 64, 60, 64]
    assert {tuple(seen[1:]) for seen in column(playing, "nearest_pitch")} == {(none,) * 3}


def test_notes_of_long_ago_are_nobodys_nearest(witness):
    playing = Playing(ensemble(4, separator=witness))
    later = RATE * RECENT_MS // 1000 + 100
    playing.play([on(0, 60), on(200, 64), on(later, 60)], later + 4096)
    assert column(playing, "since_pitch")[-1][0] == NO_TIME
    assert column(playing, "nearest_pitch")[-1][0] == 64


def test_a_new_piece_knows_nothing_of_the_old_one(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60), on(0, 61))
    playing.step(off(0, 60), off(0, 61), command(0, Command.RESTART), on(1, 62))
    last = seen_by(playing.state)[-1]
    assert last["since_note"] == NO_TIME
    for name in ("last_pitch", "since_onset", "since_release", "since_pitch", "nearest_pitch"):
        assert last[name] == [-1] * 4


def test_beat_and_position_are_those_of_the_score(witness):
    playing = played(separator=witness)
    for place, tick in enumerate((0, 23, 24, 60)):
        playing.step(on(0, 60 + place, tick=tick))
    assert column(playing, "tick") == [0, 23, 24, 60]
    assert column(playing, "beat") == [0, 0, 1, 2]
    assert column(playing, "position") == [0, 23, 0, 12]


def test_late_beats_are_clipped_to_the_last_row_of_the_table(witness):
    playing = played(separator=witness)
    playing.step(on(0, 60, tick=24 * (MAX_BEAT + 10) + 5))
    assert column(playing, "beat") == [MAX_BEAT]
    assert column(playing, "position") == [5]


@pytest.mark.parametrize(("name", "resolution"), [("coarse-witness", 4), ("fine-witness", 480)])
def test_a_separator_is_told_ticks_of_its_own_resolution(witness, name, resolution):
    playing = played(separator=name)
    playing.step(on(0, 60, tick=24 * 3 + 12))
    assert column(playing, "tick") == [int(3.5 * resolution)]
    assert column(playing, "beat") == [3]
    assert column(playing, "position") == [resolution // 2]


def test_a_live_beat_is_as_fine_as_the_separator_wants_it(witness):
    playing = played(separator="fine-witness")
    frames_per_tick = RATE / (120 / 60 * 480)
    playing.play([on(0, 60), on(round(7 * frames_per_tick), 62)], 512)
    assert column(playing, "tick") == [0, 7]


# When it starts afresh.


def test_the_state_is_carried_from_note_to_note(witness):
    playing = played(separator=witness)
    for key in range(40, 80):
        playing.step(on(0, key), off(50, key))
    assert column(playing, "pitch") == list(range(40, 80))


def restarted(playing: Playing) -> bool:
    """Play a note; return whether the separator had forgotten all before it."""
    playing.step(on(0, 60), off(64, 60))
    last = seen_by(playing.state)
    assert last[-1]["pitch"] == 60
    return len(last) == 1 and last[0]["last_pitch"] == [NO_PITCH] * 4 and last[0]["tick"] == 0


@pytest.fixture
def warm(witness) -> Playing:
    """Return an ensemble that starts afresh after a second, and has played."""
    playing = Playing(
        ensemble(4, separator=witness, restart_after=1.0, program=0),
        ensemble(4, separator=witness, name="other", program=1),
    )
    playing.step(on(0, 62), off(100, 62))
    return playing


@pytest.mark.parametrize(
    "messages",
    [
        [command(0, Command.PANIC)],
        [event(0, 0xFF)],
        [command(0, Command.RESTART)],
        [event(0, 0xC0, 1)],
        [command(0, Command.SELECT, 1)],
    ],
    ids=["panic", "system reset", "restart", "program change", "select"],
)
def test_the_separator_starts_afresh(warm, messages):
    warm.step(*messages)
    assert restarted(warm)


def test_the_separator_starts_afresh_with_the_daws_transport(warm):
    warm.state["mode"] = Mode.CLOCK
    warm.step(event(0, 0xFA), event(0, 0xF8))
    assert restarted(warm)


def test_a_note_after_a_panic_of_its_own_period_starts_afresh(warm):
    warm.step(on(0, 65), command(1, Command.PANIC), on(2, 70))
    assert column(warm, "pitch") == [70]


def test_the_separator_starts_afresh_after_silence(warm):
    warm.rest(int(1.1 * RATE) // warm.period)
    assert restarted(warm)


def test_a_pause_that_is_short_enough_changes_nothing(warm):
    warm.rest(int(0.9 * RATE) // warm.period)
    assert not restarted(warm)


def test_silence_is_counted_from_the_end_of_the_last_note(warm):
    warm.step(on(0, 64))
    warm.rest(int(1.5 * RATE) // warm.period)
    assert warm.state["note_count"] == 1
    warm.step(off(0, 64))
    warm.rest(10)
    assert not restarted(warm)
    warm.rest(int(1.1 * RATE) // warm.period)
    assert restarted(warm)


def test_silence_under_the_pedal_is_none(warm):
    warm.step(control(0, 64, 127), on(0, 64), off(1, 64))
    warm.rest(int(1.5 * RATE) // warm.period)
    assert not restarted(warm)


def test_a_select_of_the_same_ensemble_changes_nothing(warm):
    warm.step(command(0, Command.SELECT, 0))
    assert not restarted(warm)


# When the rule decides, and within which range.


def test_a_part_takes_no_note_out_of_its_range_while_another_can(witness):
    playing = played({"lowest": 61}, {"highest": 50}, 2, separator=witness)
    playing.step(on(0, 60), on(0, 64))
    # 60 is the first part's favourite and below its range; the second is too low for it.
    assert playing.decided() == [(60, 2, 0), (64, 0, 0)]


def test_a_note_that_no_part_reaches_is_played_all_the_same(witness):
    playing = played(*({"highest": 50} for _ in range(4)), separator=witness)
    playing.step(on(0, 63))
    assert playing.decided() == [(63, 3, 0)]


@pytest.mark.parametrize("pitch", [NOT_A_NUMBER, ALL_RULED_OUT, INFINITE])
def test_scores_that_say_nothing_leave_the_note_to_the_rule(witness, pitch):
    playing = played(separator=witness)
    playing.step(on(0, pitch), on(5, 60))
    # The closest part to so low a note is the last; a step that fails is something else.
    assert playing.decided() == [(pitch, 3, 1), (60, 0, 0)]
    assert playing.counter("fallback") == 1
    assert playing.counter("failed") == 0
    assert playing.log(Log.DECISION)[0, LOG_VALUE] == 0


def test_a_step_that_fails_leaves_the_note_to_the_rule_and_the_state_as_it_was(witness):
    playing = played(separator=witness)
    playing.step(on(0, 61))
    playing.step(on(0, FAILS), off(3, FAILS))
    playing.step(on(0, 62))
    assert playing.decided() == [(61, 1, 0), (FAILS, 0, 1), (62, 2, 0)]
    assert (playing.counter("failed"), playing.counter("fallback")) == (1, 1)
    assert column(playing, "pitch") == [61, 62]


def test_without_a_separator_a_chord_is_spread_over_the_parts():
    playing = Playing(ensemble(4))
    playing.step(on(0, 48), on(1, 52), on(2, 55), on(3, 60))
    assert sorted(channel for _, channel, _ in playing.decided()) == [0, 1, 2, 3]
    assert playing.counter("fallback") == 4


def test_the_rule_follows_each_part_by_its_last_pitch():
    playing = Playing(ensemble(2))
    for high, low in ((72, 50), (68, 48), (63, 53), (58, 46)):
        playing.step(on(0, high), off(1, high))
        playing.step(on(0, low), off(1, low))
    assert [channel for _, channel, _ in playing.decided()] == [0, 1] * 4


def test_each_label_is_the_graphs_own_over_a_long_line(witness):
    playing = played(separator=witness)
    keys = np.random.default_rng(4).integers(20, 110, 500)
    for key in keys:
        playing.step(on(0, int(key)), off(99, int(key)))
    assert [channel for _, channel, _ in playing.decided()] == (keys % 4).tolist()
    assert not playing.log(Log.DECISION)[:, LOG_DATA2].any()


# Each MIDI channel plays a part.


def test_each_channel_plays_the_part_of_its_number():
    playing = Playing(ensemble(4, separator="channel"))
    playing.step(*(on(0, 60, channel=channel) for channel in (2, 0, 3, 1)))
    assert playing.decided() == [(60, part, 0) for part in (2, 0, 3, 1)]
    assert playing.state["note_count"] == 4


def test_a_channel_without_a_part_or_with_one_that_suits_less_leaves_it_to_the_rule():
    playing = Playing(ensemble({"lowest": 70}, {}, {"plays": False}, separator="channel"))
    playing.step(on(0, 69, channel=0), on(0, 70, channel=0))
    playing.step(on(0, 60, channel=2), on(0, 50, channel=9))
    assert playing.decided() == [(69, 1, 1), (70, 0, 0), (50, 1, 1), (60, 1, 1)]


def test_a_channel_is_obeyed_where_no_part_suits():
    playing = Playing(ensemble({"lowest": 70}, {"lowest": 70}, separator="channel"))
    playing.step(on(0, 40, channel=1))
    assert playing.decided() == [(40, 1, 0)]
