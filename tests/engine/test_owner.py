"""Who plays a key and who lets it go: retriggers, pedals, collisions, mono parts, switches, pulled plugs."""

import pytest

from realtime.engine.codes import NOTES, Command
from tests.engine.playing import (
    OFF,
    ON,
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

SOLO = ensemble(1)
SUSTAIN, SOSTENUTO, SOFT, SOUND_OFF, RESET, NOTES_OFF = 64, 66, 67, 120, 121, 123


def strikes(playing: Playing) -> list[tuple[str, int, int]]:
    """Return (on or off, synth channel, key) of what was sent."""
    return [("on" if s == ON else "off", c, k) for _, c, s, k, _ in playing.sent(ON, OFF)]


def test_a_note_ends_on_the_part_that_began_it():
    playing = Playing(ensemble(4))
    playing.step(on(0, 40), on(0, 55), on(0, 65), on(0, 78))
    playing.step(off(0, 65))
    began = {key: channel for what, channel, key in strikes(playing)[:4]}
    assert sorted(began.values()) == [0, 1, 2, 3]
    assert strikes(playing)[4:] == [("off", began[65], 65)]


def test_velocity_0_is_a_note_off():
    playing = Playing(SOLO)
    playing.step(on(0, 60), on(5, 60, 0))
    assert strikes(playing) == [("on", 0, 60), ("off", 0, 60)]
    assert is_at_rest(playing.state)


def test_a_key_struck_again_is_let_go_first():
    playing = Playing(SOLO)
    playing.step(on(0, 60), on(5, 60), off(9, 60))
    assert strikes(playing) == [("on", 0, 60), ("off", 0, 60), ("on", 0, 60), ("off", 0, 60)]
    assert playing.counter("retriggered") == 1


def test_a_note_off_for_no_note_is_counted_and_does_nothing():
    playing = Playing(SOLO)
    playing.step(off(0, 60))
    assert strikes(playing) == []
    assert playing.counter("stray_offs") == 1


def test_two_keyboards_on_one_key_of_one_part_let_it_go_with_the_last():
    playing = Playing(SOLO)
    playing.step(on(0, 60, port=0), on(1, 60, port=1), off(2, 60, port=0))
    assert strikes(playing) == [("on", 0, 60), ("off", 0, 60), ("on", 0, 60)]
    playing.step(off(0, 60, port=1))
    assert strikes(playing)[3:] == [("off", 0, 60)]


def test_the_same_key_on_two_channels_is_two_notes():
    playing = Playing(ensemble(2))
    playing.step(on(0, 60, channel=0), on(0, 60, channel=5), off(1, 60, channel=5))
    assert playing.state["note_count"] == 1
    assert playing.state["held"][0, 60] == 0


def test_the_damper_pedal_holds_the_notes_of_its_own_keyboard_only():
    playing = Playing(SOLO)
    playing.step(control(0, SUSTAIN, 127, port=0), on(0, 60, port=0), on(0, 64, port=1))
    playing.step(off(0, 60, port=0), off(0, 64, port=1))
    assert strikes(playing)[2:] == [("off", 0, 64)]
    playing.step(control(0, SUSTAIN, 0, port=1))
    assert playing.state["note_count"] == 1
    playing.step(control(0, SUSTAIN, 63, port=0))
    assert is_at_rest(playing.state)


def test_a_pedalled_key_struck_again_sounds_once():
    playing = Playing(SOLO)
    playing.step(control(0, SUSTAIN, 127), on(0, 60), off(1, 60), on(2, 60), off(3, 60), on(4, 60))
    assert [s[0] for s in strikes(playing)] == ["on", "off", "on", "off", "on"]
    assert playing.state["note_count"] == 1


def test_sostenuto_holds_only_what_was_down_when_it_was_pressed():
    playing = Playing(SOLO)
    playing.step(on(0, 60), control(1, SOSTENUTO, 127), on(2, 64), off(3, 60), off(3, 64))
    assert strikes(playing)[2:] == [("off", 0, 64)]
    playing.step(control(0, SOSTENUTO, 0))
    assert is_at_rest(playing.state)


def test_sostenuto_hands_over_to_the_damper_pedal():
    playing = Playing(SOLO)
    playing.step(on(0, 60), control(1, SOSTENUTO, 127), off(2, 60))
    playing.step(control(0, SUSTAIN, 127), control(1, SOSTENUTO, 0))
    assert playing.state["note_count"] == 1
    playing.step(control(0, SUSTAIN, 0))
    assert is_at_rest(playing.state)


def test_the_soft_pedal_plays_at_two_thirds_and_never_silent():
    playing = Playing(SOLO)
    playing.step(control(0, SOFT, 127), on(0, 60, 90), on(0, 62, 1), control(1, SOFT, 0), on(2, 64, 90))
    assert [row[4] for row in playing.sent(ON)] == [60, 1, 90]


def test_a_mono_part_ends_its_note_before_the_next():
    playing = Playing(ensemble({"voices": "mono"}))
    playing.step(on(0, 60), on(3, 64), off(5, 60), off(6, 64))
    assert strikes(playing) == [("on", 0, 60), ("off", 0, 60), ("on", 0, 64), ("off", 0, 64)]
    assert is_at_rest(playing.state)


@pytest.mark.parametrize(
    ("key", "transpose", "sounds"),
    [(60, 12, 72), (120, 12, 120), (5, -12, 5), (127, 48, 127), (100, 48, 124)],
)
def test_a_transposed_part_stays_on_the_keyboard(key, transpose, sounds):
    playing = Playing(ensemble({"transpose": transpose}))
    playing.step(on(0, key), off(5, key))
    assert strikes(playing) == [("on", 0, sounds), ("off", 0, sounds)]


def test_held_notes_end_on_the_ensemble_on_which_they_began():
    playing = Playing(ensemble(1, program=0), ensemble(1, name="other", program=1))
    playing.step(on(0, 60), event(1, 0xC0, 1), on(2, 64), off(3, 60), off(3, 64))
    assert strikes(playing) == [("on", 0, 60), ("on", 16, 64), ("off", 0, 60), ("off", 16, 64)]


def test_a_program_that_selects_nothing_changes_nothing():
    playing = Playing(ensemble(1, program=0), ensemble(1, name="other", program=1))
    playing.step(event(0, 0xC0, 99), on(2, 64))
    assert strikes(playing) == [("on", 0, 64)]


def test_all_notes_off_leaves_the_pedal_its_notes():
    playing = Playing(SOLO)
    playing.step(on(0, 60), control(1, SUSTAIN, 127), control(2, NOTES_OFF, 0))
    assert playing.state["note_count"] == 1
    assert playing.state["held"][0, 60] == -1
    playing.step(control(0, SUSTAIN, 0))
    assert is_at_rest(playing.state)


def test_all_sound_off_silences_what_still_rings_of_its_keyboard():
    playing = Playing(ensemble(2))
    playing.step(on(0, 40, port=0), on(0, 75, port=1), off(1, 40, port=0))
    playing.step(control(0, SOUND_OFF, 0, port=0))
    assert playing.sent(0xB0) == [(128, 1, 0xB0, SOUND_OFF, 0)]
    assert playing.state["note_count"] == 1


def test_reset_all_controllers_lifts_the_pedals():
    playing = Playing(SOLO)
    playing.step(control(0, SUSTAIN, 127), on(0, 60), off(1, 60), control(2, RESET, 0), on(3, 62), off(4, 62))
    assert is_at_rest(playing.state)


def test_a_vanished_keyboard_lets_go_of_keys_and_pedals_and_of_no_one_elses():
    playing = Playing(SOLO)
    playing.step(control(0, SUSTAIN, 127, port=3), on(0, 60, port=3), on(0, 62, port=3, channel=7))
    playing.step(on(0, 64, port=4), off(0, 60, port=3), command(5, Command.RELEASE_PORT, 3))
    assert playing.state["note_count"] == 1
    playing.step(on(0, 60, port=3), off(1, 60, port=3), off(2, 64, port=4))
    assert is_at_rest(playing.state)


def test_a_keyboard_that_vanishes_in_the_period_of_its_last_note_leaves_no_note():
    # The last note waits for its own frame, the release has none: it must not overtake the note.
    playing = Playing(SOLO)
    link = playing.engine.link
    link.send(2, ON, 60, 100, stamp=now(playing))
    link.command(Command.RELEASE_PORT, 2)
    playing.step()
    assert [s[0] for s in strikes(playing)] == ["on", "off"]
    assert is_at_rest(playing.state)


def test_what_a_host_sends_acts_in_the_order_in_which_it_was_sent():
    playing = Playing(ensemble(1, program=0), ensemble(1, name="other", program=1), period=1024)
    link = playing.engine.link
    link.send(2, ON, 60, 100, stamp=now(playing))
    link.command(Command.SELECT, 1)
    link.send(2, ON, 62, 100, stamp=now(playing) - 10_000_000)
    link.send(2, OFF, 62)
    playing.step()
    assert strikes(playing) == [("on", 0, 60), ("on", 16, 62), ("off", 16, 62)]


def test_a_full_note_table_ends_the_oldest_note():
    playing = Playing(SOLO)
    playing.step(
        *(on(0, key, port=port, channel=c) for port in range(2) for c in range(3) for key in range(88))
    )
    assert playing.state["note_count"] == NOTES
    assert playing.counter("stolen") == 2 * 3 * 88 - NOTES
    assert playing.state["held"][0, 0] == -1
    assert playing.state["held"][16 + 2, 87] >= 0


def test_panic_silences_everything_and_leaves_the_host_playing():
    playing = Playing(ensemble(2), ensemble(1, name="other"))
    playing.step(control(0, SUSTAIN, 127), on(0, 60), on(0, 72, port=9))
    playing.step(command(0, Command.PANIC))
    assert is_at_rest(playing.state)
    assert [row[1] for row in playing.sent(0xB0)] == [0, 1, 16]
    playing.step(on(0, 60), off(5, 60))
    assert [s[0] for s in strikes(playing)[-2:]] == ["on", "off"]
    assert is_at_rest(playing.state)


def test_a_system_reset_message_is_a_panic():
    playing = Playing(SOLO)
    playing.step(on(0, 60), event(3, 0xFF))
    assert is_at_rest(playing.state)
