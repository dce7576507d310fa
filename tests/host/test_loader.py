"""Loading while playing: held notes sound on as if nothing had happened, and what was left is given back."""

import ctypes

import numpy as np
import pytest
from msgspec import structs

from realtime.engine.codes import LOG_CHANNEL, LOG_DATA1, LOG_KIND, LOG_STATUS, SYNTHS, Command, Log
from realtime.host.loader import Loader, Wanted
from tests.engine.playing import OFF, ON, Playing, command, ensemble, is_at_rest, off, on
from tests.live import SOUNDFONT

QUIET_PERIODS = 700
"""More than a synth takes to fall asleep after its last note has died away."""


@pytest.fixture
def started():
    made = []

    def start(*ensembles, **more):
        said = []
        playing = Playing(*ensembles, soundfont=SOUNDFONT, **more)
        loader = Loader(playing.engine, said.append)
        made.append((playing, loader))
        return playing, loader, said

    yield start
    for playing, loader in made:
        loader.close()
        playing.engine.close()


def rest_until_tidy(playing, loader):
    for _ in range(QUIET_PERIODS // 10):
        playing.rest(10)
        loader.tidy()


def organ(program=19):
    return ensemble({"program": program}, {"program": program})


def test_held_notes_sound_on_to_the_sample_while_a_part_gets_another_program(started):
    """FluidSynth's voices have no part in a switch: what is held sounds as in an engine without one."""
    playing, loader, _ = started(organ())
    alone, _, _ = started(organ())
    for each in (playing, alone):
        each.step(on(0, 60), on(0, 72))
        each.rest(20)
    loader.change(0, Wanted(parts=((0, "program", 73), (1, "program", 40)))).result()
    sounds = [np.concatenate([each.rest(200)], axis=1) for each in (playing, alone)]
    assert playing.state["slot"] == 1
    assert np.abs(sounds[1]).max() > 0.01
    np.testing.assert_allclose(sounds[0], sounds[1], atol=2e-5)


def test_new_notes_play_the_new_program_and_old_ones_end_on_the_old(started):
    playing, loader, _ = started(organ())
    playing.step(on(0, 60))
    loader.change(0, Wanted(parts=((0, "program", 73),))).result()
    playing.step()
    playing.step(on(0, 80), off(64, 60))
    playing.step(off(0, 80))
    assert [(row[1] // 16, row[2]) for row in playing.sent(ON, OFF)] == [(0, ON), (1, ON), (0, OFF), (1, OFF)]
    assert is_at_rest(playing.state)


def test_what_was_left_is_given_back_when_it_is_silent_and_not_before(started):
    playing, loader, _ = started(organ())
    playing.step(on(0, 60))
    for program in (73, 40, 56):
        loader.change(loader.playing().index, Wanted(parts=((0, "program", program),))).result()
        playing.step()
        loader.tidy()
        playing.rest(2)
    assert playing.engine.taken >= {0, loader.playing().index}
    rest_until_tidy(playing, loader)
    assert 0 in playing.engine.taken  # the key is still down
    playing.step(off(0, 60))
    rest_until_tidy(playing, loader)
    assert playing.engine.taken == {loader.playing().index}
    assert set(playing.engine.synths) == {0, loader.playing().synth}


def test_changes_that_follow_quickly_are_made_together(started):
    playing, loader, _ = started(organ())
    changes = [loader.change(0, Wanted(parts=((0, "program", program),))) for program in range(30)]
    for change in changes:
        change.result()
        playing.step()
    assert loader.playing().ensemble.parts[0].program == 29
    assert len(playing.engine.slots) < 16


def test_more_changes_than_slots_while_a_note_is_held_wait_for_no_one_and_lose_nothing(started):
    playing, loader, _ = started(organ())
    playing.step(on(0, 60))
    for place in range(24):
        loader.change(loader.playing().index, Wanted(parts=((1, "program", place),))).result()
        playing.step(on(0, 70), off(60, 70))
        for _ in range(45):  # between two turns of a knob, what is silent is given back
            playing.rest(10)
            loader.tidy()
            if len(playing.engine.taken) < 12:
                break
    playing.step(off(0, 60))
    assert loader.playing().ensemble.parts[1].program == 23
    assert is_at_rest(playing.state)


def test_a_broken_separator_changes_nothing_and_is_told(started):
    playing, loader, said = started(organ())
    change = loader.change(0, Wanted(separator="no-such"))
    with pytest.raises(ValueError, match="no-such"):
        change.result()
    assert "no-such" in said[0]
    playing.step(on(0, 60))
    assert playing.state["slot"] == 0
    assert playing.sent(ON)


def test_a_separator_is_swapped_under_a_dense_stream_with_nothing_stuck_lost_or_doubled(started):
    playing, loader, said = started(ensemble(4, separator="bach-chorale", name="swapped"))
    rng = np.random.default_rng(3)
    held: list[int] = []
    for turn, name in enumerate(["bach-lstm", "closest", "bach-chorale", "zone"]):
        change = loader.change(loader.playing().index, Wanted(separator=name))
        for place in range(60):
            rows = [on(0, key) for key in rng.choice(np.arange(40, 84), 3, replace=False) if key not in held]
            ends = [off(100, key) for key in held]
            held = [row[3] for row in rows]
            playing.step(*rows, *ends) if place % 2 else playing.step(*ends, *rows)
            if place == 30 and turn < 4:
                change.result()
    playing.step(*(off(0, key) for key in held))
    log = playing.log()
    played = log[(log[:, LOG_KIND] == Log.OUTPUT) & np.isin(log[:, LOG_STATUS], (ON, OFF))]
    sounding: set[tuple[int, int]] = set()
    for row in played.tolist():
        key = (row[LOG_CHANNEL], row[LOG_DATA1])
        assert (key in sounding) == (row[LOG_STATUS] == OFF)
        sounding ^= {key}
    assert not sounding
    assert is_at_rest(playing.state)
    assert said == []
    assert playing.counter("fallback") == 0
    assert playing.counter("notes_on") == playing.counter("notes_off") > 400
    assert loader.playing().separator == "zone"


def test_another_soundfont_is_taken_without_a_gap(started, tmp_path):
    playing, loader, _ = started(organ())
    other = tmp_path / "other.sf2"
    other.symlink_to(SOUNDFONT)
    playing.step(on(0, 60))
    playing.rest(20)
    before = np.abs(playing.rest(20)).max()
    loader.change(0, Wanted(soundfont=other)).result()
    after = playing.rest(20)
    assert np.abs(after).max() > before / 2
    playing.step(on(0, 72), off(0, 60))
    assert loader.playing().soundfont == other
    assert np.abs(playing.rest(20)).max() > before / 2


def test_each_ensemble_that_lacks_its_separator_is_told_of_and_nothing_twice(started):
    lacking = structs.replace(organ(), separator="no-such")
    _, loader, said = started(structs.replace(lacking, name="first"))
    for name in ("second", "third"):
        other = structs.replace(lacking, name=name)
        loader.submit(lambda other=other: loader.load(other)).result()
        (told,) = said
        assert told.endswith(f"the closest-pitch rule plays {name}")
        said.clear()
    loader.change(0, Wanted(parts=((0, "program", 20),))).result()
    assert said == []


def test_a_separator_that_plays_is_not_touched_when_another_ensemble_is_given_it(started):
    by_model = ensemble(4, separator="bach-chorale", name="plays")
    playing, loader, _ = started(by_model, ensemble(4, separator="zone", name="waits"))
    playing.state["slot_family"][:2] = 7
    playing.step(on(0, 60), on(0, 64))
    number = playing.state["slot_separator"][0]
    where, size = int(playing.state["state_to"][number, 0]), int(playing.state["state_bytes"][number, 0])
    ctypes.memset(where, 1, size)  # nothing that the model would say
    loader.change(1, Wanted(separator="bach-chorale")).result()
    playing.step()
    new = loader.choices[1].index
    assert playing.state["slot_separator"][new] == number
    assert ctypes.string_at(where, size) == b"\1" * size
    playing.step(command(0, Command.SELECT, new))
    assert playing.state["slot"] == new
    assert playing.state["restart"] == 1  # it begins afresh with the next note


def test_a_load_while_all_synths_sound_is_refused_in_a_sentence(started):
    playing, loader, said = started(organ())
    for number in range(1, SYNTHS):
        playing.engine.synths[number] = playing.engine.synths[0]
    with pytest.raises(ValueError, match="all synths still sound"):
        loader.change(0, Wanted(parts=((0, "program", 73),))).result()
    assert said == [
        "all synths still sound: try again when what was played has died away; playing goes on as before"
    ]
    for number in range(1, SYNTHS):
        del playing.engine.synths[number]


def test_a_job_that_fails_in_whatever_way_is_told(started):
    _, loader, said = started(organ())
    with pytest.raises(ZeroDivisionError):
        loader.submit(lambda: 1 // 0).result()
    (told,) = said
    assert "ZeroDivisionError" in told
    assert loader.loading == 0
