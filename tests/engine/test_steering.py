"""What the host changes while playing: it acts at once or on the next note; held notes keep their owner."""

import numpy as np
import pytest

from realtime.engine.codes import (
    ALL_PORTS,
    FRAME,
    MAPPED_CONTROL,
    MAPPED_KEY,
    PARTS,
    PORT,
    SLOTS,
    STATUS,
    Command,
    Log,
    Mode,
    Setting,
)
from tests.engine.playing import (
    CONTROL,
    OFF,
    ON,
    Playing,
    command,
    control,
    ensemble,
    event,
    is_at_rest,
    off,
    on,
)

LOW, HIGH = 40, 80
VOLUME, PAN, REVERB = 7, 10, 91


def setting(frame, part, what, value):
    row = list(command(frame, Command.SET, part + PARTS * int(what)))
    row[4] = value
    return tuple(row)


def more(frame, what, value, extra):
    row = list(command(frame, what, value))
    row[4] = extra
    return tuple(row)


@pytest.fixture
def duo():
    return Playing(ensemble({"volume": 100}, {"volume": 60}), ensemble(2, name="other"))


@pytest.mark.parametrize(
    ("what", "value", "sent"),
    [
        (Setting.VOLUME, 40, (VOLUME, 40)),
        (Setting.PAN, 3, (PAN, 3)),
        (Setting.REVERB, 99, (REVERB, 99)),
        (Setting.MUTE, 1, (VOLUME, 0)),
    ],
)
def test_it_acts_at_once_on_what_sounds(duo, what, value, sent):
    duo.step(on(0, HIGH), on(0, LOW))
    duo.step(setting(9, 0, what, value))
    assert duo.sent(CONTROL) == [(128 + 9, 0, CONTROL, *sent)]
    assert duo.state["note_count"] == 2


def test_a_muted_part_goes_on_to_be_given_notes_and_is_heard_again(duo):
    duo.step(setting(0, 0, Setting.MUTE, 1), on(1, HIGH), control(2, VOLUME, 64))
    assert [row[3:] for row in duo.sent(CONTROL)] == [(VOLUME, 0)]
    duo.step(setting(0, 0, Setting.MUTE, 0))
    assert duo.sent(CONTROL)[-1][1:] == (0, CONTROL, VOLUME, 100 * 64 // 127)
    duo.step(off(0, HIGH))
    assert is_at_rest(duo.state)


def test_solo_silences_the_others_until_none_is_solo(duo):
    duo.step(on(0, HIGH), on(0, LOW), setting(1, 1, Setting.SOLO, 1))
    assert [row[1:] for row in duo.sent(CONTROL)] == [(0, CONTROL, VOLUME, 0)]
    duo.step(setting(0, 1, Setting.SOLO, 0))
    assert duo.sent(CONTROL)[-1][1:] == (0, CONTROL, VOLUME, 100)


def test_a_transposition_is_for_the_next_note(duo):
    duo.step(on(0, HIGH), setting(1, 0, Setting.TRANSPOSE, 12), off(2, HIGH))
    duo.step(on(3, HIGH), off(4, HIGH))
    assert [row[2:4] for row in duo.sent(ON, OFF)] == [
        (ON, HIGH),
        (OFF, HIGH),
        (ON, HIGH + 12),
        (OFF, HIGH + 12),
    ]


def test_a_setting_does_not_part_a_chord():
    playing = Playing(ensemble(2))
    playing.step(on(0, 60), setting(1, 0, Setting.VOLUME, 5), on(2, 60, port=1))
    assert sorted(channel for _, channel, _ in playing.decided()) == [0, 1]


def test_a_slot_that_takes_over_has_the_settings_and_held_notes_end_where_they_began(duo):
    duo.step(setting(0, 0, Setting.VOLUME, 33), setting(0, 1, Setting.MUTE, 1), on(1, HIGH))
    duo.step(command(0, Command.TAKE_OVER, 1 + SLOTS * 0), on(1, HIGH + 1), off(2, HIGH), off(3, HIGH + 1))
    assert [row[1:4] for row in duo.sent(ON, OFF)] == [
        (0, ON, HIGH),
        (16, ON, HIGH + 1),
        (0, OFF, HIGH),
        (16, OFF, HIGH + 1),
    ]
    assert duo.state["part_volume"][16] == 33
    assert duo.state["part_silent"][17] == 1
    assert (duo.state["slot"], duo.state["slot_before"][1]) == (1, 0)


def test_what_is_set_reaches_notes_that_are_held_on_the_slot_before(duo):
    duo.step(on(0, HIGH))
    duo.step(command(0, Command.TAKE_OVER, 1), setting(1, 0, Setting.MUTE, 1))
    assert {row[1] for row in duo.sent(CONTROL) if row[2:] == (CONTROL, VOLUME, 0)} == {0, 16}


def test_a_mono_part_sounds_one_note_across_a_take_over():
    playing = Playing(ensemble({"voices": "mono"}), ensemble({"voices": "mono"}, name="next"))
    playing.step(on(0, 60), command(1, Command.TAKE_OVER, 1), on(2, 62))
    assert [row[1:4] for row in playing.sent(ON, OFF)] == [(0, ON, 60), (0, OFF, 60), (16, ON, 62)]


def test_a_slot_is_freed_only_when_it_neither_plays_nor_sounds(duo):
    generation = int(duo.state["slot_generation"][0])
    duo.step(on(0, HIGH), more(1, Command.FREE, 0, generation))
    assert duo.state["slot_parts"][0] == 2
    duo.step(command(0, Command.SELECT, 1), more(1, Command.FREE, 0, generation))
    assert duo.state["slot_parts"][0] == 2
    duo.step(off(0, HIGH), more(1, Command.FREE, 0, generation + 1))
    assert duo.state["slot_parts"][0] == 2
    duo.step(more(0, Command.FREE, 0, generation))
    assert duo.state["slot_parts"][0] == 0


def test_a_separator_that_takes_over_has_been_told_the_recent_past(witness):
    from realtime.engine.history import replay
    from tests.engine.witness import seen_by

    parts = [{"label": label} for label in ("Soprano", "Alto", "Tenor", "Bass")]
    alone = Playing(ensemble(*parts, separator=witness))
    playing = Playing(ensemble(*parts), ensemble(*parts, separator=witness, name="next"))
    for place, key in enumerate((60, 64, 67, 72, 55, 61)):
        for each in (alone, playing):
            each.step(on(place, key), off(place + 40, key))
    told = replay(playing.engine.address, 1, -1)
    assert told == 6
    for each in (alone, playing):
        each.step(on(0, 70))  # one more, before it takes over
    playing.step(more(0, Command.TAKE_OVER, 1, told))
    alone.step()
    seen, expected = seen_by(playing.state), seen_by(alone.state)
    told_apart = (
        "last_pitch",
        "chord_last_pitch",
        "since_onset",
        "since_release",
        "since_pitch",
        "nearest_pitch",
    )
    assert (
        [row["pitch"] for row in seen] == [row["pitch"] for row in expected] == [60, 64, 67, 72, 55, 61, 70]
    )
    for was, should in zip(seen, expected, strict=True):
        assert {k: v for k, v in was.items() if k not in told_apart} == {
            k: v for k, v in should.items() if k not in told_apart
        }
    playing.step(on(0, 71))
    assert playing.decided()[-1] == (71, 16 + 71 % 4, 0)


def test_what_is_mapped_does_nothing_but_be_told(duo):
    duo.step(
        more(0, Command.MAP, 7, MAPPED_CONTROL),
        more(0, Command.MAP, HIGH, MAPPED_KEY),
        more(0, Command.MAP, 21, MAPPED_CONTROL),
    )
    duo.step(on(0, LOW), on(1, HIGH), control(2, 7, 5), control(3, 21, 5), off(4, HIGH), on(5, HIGH, port=1))
    assert [row[3] for row in duo.sent(ON)] == [LOW, HIGH]
    assert duo.sent(CONTROL) == []
    assert len(duo.log(Log.INPUT)) == 6
    duo.step(command(0, Command.MAP, -1))
    duo.step(control(1, 7, 5))
    assert len(duo.sent(CONTROL)) == 1


def test_a_key_that_is_mapped_while_it_is_down_can_be_let_go(duo):
    duo.step(on(0, HIGH))
    duo.step(more(0, Command.MAP, HIGH, MAPPED_KEY), off(1, HIGH))
    assert is_at_rest(duo.state)


def clocks(playing):
    return [(int(row[0]), int(row[3])) for row in playing.log(Log.CLOCK)]


def test_the_clock_is_sent_to_the_frame():
    playing = Playing(period=100)
    playing.engine.set_tempo(125.0)  # a clock each 960 frames
    playing.step(command(0, Command.SEND_CLOCK, 1))
    playing.rest(99)
    frames = [frame for frame, status in clocks(playing) if status == 0xF8]
    assert len(frames) == 11
    assert set(np.diff(frames)) == {960}


def test_a_start_is_followed_by_its_clock_at_once_and_outputs_stay_in_order():
    playing = Playing(period=4800)
    playing.step(command(0, Command.SEND_CLOCK, 1))
    playing.step(on(100, 60), command(300, Command.SEND_TRANSPORT, 0xFA), off(1500, 60))
    out = playing.state["out"][: int(playing.state["out_count"])]
    assert (np.diff(out[:, FRAME]) >= 0).all()
    assert {0xFA, 0xF8} <= set(out[out[:, PORT] == ALL_PORTS][:, STATUS].tolist())
    told = clocks(playing)
    place = next(i for i, (_, status) in enumerate(told) if status == 0xFA)
    assert told[place + 1] == (told[place][0], 0xF8)


def test_a_clock_that_is_followed_is_passed_on():
    playing = Playing()
    playing.step(command(0, Command.MODE, Mode.CLOCK), command(0, Command.SEND_CLOCK, 1))
    playing.step(event(0, 0xFA), event(5, 0xF8), event(90, 0xF8), event(95, 0xFC))
    assert clocks(playing) == [(128, 0xFA), (133, 0xF8), (218, 0xF8), (223, 0xFC)]


def test_no_clock_is_sent_unasked():
    playing = Playing()
    playing.rest(400)
    assert clocks(playing) == []
