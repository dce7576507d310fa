"""What is told to an engine while no audio thread takes it."""

import pytest

from realtime.engine.codes import RING, Command, Sync
from realtime.host.loader import Loader, Wanted
from tests.engine.playing import ON, Playing, ensemble


@pytest.fixture
def playing():
    made = Playing(ensemble(2, name="first"), ensemble(2, name="second"))
    yield made
    made.engine.close()


def test_what_was_played_is_forgotten_and_what_was_asked_for_is_kept(playing):
    link = playing.engine.link
    playing.step()
    for turn in range(3):  # round the ring
        for number in range(RING // 2):
            assert link.send(0, ON, number % 128, 80)
        assert link.command(Command.TEMPO, 90_000 + turn)
        for number in range(RING // 2 - 1):
            assert link.send(0, ON, number % 128, 80)
        assert not link.send(0, ON, 60, 80)
        assert link.command(Command.SELECT, turn % 2) is False
        link.forget_played()
        assert link.waiting() == 1
        assert link.command(Command.SELECT, turn % 2)
        playing.step()
        assert playing.state["bpm"] == 90 + turn / 1000
        assert playing.state["slot"] == turn % 2
    assert playing.counter("notes_on") == 0


def test_a_change_that_the_engine_can_not_take_is_told_and_leaves_all_as_it_was(playing):
    said = []
    loader = Loader(playing.engine, said.append)
    while playing.engine.link.send(0, ON, 60, 80):
        pass
    before = list(loader.choices)
    assert not loader.select(before[1])
    assert said.pop().startswith("second can't be selected: the audio device takes nothing")
    with pytest.raises(ValueError, match="takes nothing"):
        loader.change(0, Wanted(separator="zone")).result()
    assert loader.choices == before
    assert len(said) == 1
    loader.close()


def test_a_period_that_is_handed_over_and_not_counted_yet_begins_where_it_does(playing):
    state, link = playing.state, playing.engine.link
    playing.rest(3)  # nobody hears them
    assert link.sound_frame() == 3 * playing.period
    state["capturing"] = 1
    playing.rest(2)
    assert link.sound_frame() == 3 * playing.period
    state["sync"][8 * Sync.CAPTURE_HEAD] += playing.period  # as it is for a moment within each period
    assert link.sound_frame() == 3 * playing.period
    state["frame"] += playing.period
    assert len(link.read_sound()) == 3 * playing.period
    assert link.sound_frame() == 6 * playing.period
    state["capturing"] = 0
    playing.rest(1)
    assert link.sound_frame() == 7 * playing.period
