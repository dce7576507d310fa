"""The bundled performance is played to its end, or until someone plays."""

import pytest

from realtime.engine.codes import CONTROL_PORT, LOG_DATA2, LOG_STATUS, PLAN_PORT, Log
from realtime.host.bundled import AHEAD_SECONDS, BUNDLED_PORT, DEMO, Bundled
from realtime.host.midi_ports import FIRST_PORT, PAGE_PORT
from realtime.host.options import Options
from realtime.host.session import Session
from realtime.music.smf import NOTE_ON, read_performance
from tests.engine.playing import CONTROL, RATE, Playing, control, ensemble, event, is_at_rest, off, on
from tests.live import SOUNDFONT, wait_until

KEY = 100
"""Above all that the performance plays."""
SOON = int(AHEAD_SECONDS * RATE)


@pytest.fixture
def playing():
    playing = Playing(ensemble(4), period=1024)
    yield playing
    playing.engine.close()


@pytest.fixture
def bundled(playing):
    said = []
    bundled = Bundled(playing.engine.link, RATE, 0, said.append)
    bundled.said = said
    return bundled


def play(playing, bundled, frames, *rows):
    """Play on for so long, with these events at once, as the pump and the audio thread do."""
    for place in range(-(-frames // playing.period)):
        bundled.feed()
        before = len(playing.log())
        playing.step(*(rows if place == 0 else ()))
        bundled.listen(playing.log()[before:])


def begun(playing):
    found = playing.log(Log.INPUT)
    return int(((found[:, LOG_STATUS] & 0xF0 == NOTE_ON) & (found[:, LOG_DATA2] > 0)).sum())


def test_nobody_plays_and_it_is_played_to_its_end_with_every_note(playing, bundled):
    while not bundled.done:
        play(playing, bundled, RATE)
    events = read_performance(DEMO).events
    assert begun(playing) == int(((events["status"] == NOTE_ON) & (events["data2"] > 0)).sum())
    assert not bundled.gave_way
    assert bundled.said == []
    assert is_at_rest(playing.state)


@pytest.mark.parametrize("port", [0, 1, FIRST_PORT, PAGE_PORT])
def test_a_key_of_any_input_stops_it_and_only_that_key_sounds_on(playing, bundled, port):
    play(playing, bundled, 5 * RATE)
    assert int(playing.state["note_count"]) > 0
    play(playing, bundled, 2 * SOON, on(0, KEY, port=port))
    before = begun(playing)
    play(playing, bundled, 5 * RATE)
    assert begun(playing) == before
    assert int(playing.state["note_count"]) == 1
    assert bundled.done
    assert len(bundled.said) == 1
    playing.step(off(0, KEY, port=port))
    assert is_at_rest(playing.state)


def test_it_gives_way_before_it_has_begun(playing):
    said = []
    bundled = Bundled(playing.engine.link, RATE, RATE, said.append)
    play(playing, bundled, 3 * RATE, on(0, KEY, port=PAGE_PORT))
    assert begun(playing) == 1
    assert bundled.done
    assert len(said) == 1


@pytest.mark.parametrize(
    "row",
    [
        off(0, KEY, port=PAGE_PORT),
        event(0, NOTE_ON, KEY, 0, port=PAGE_PORT),
        control(0, 1, 64, port=PAGE_PORT),
        event(0, CONTROL, 64, 0, port=FIRST_PORT),
    ],
)
def test_what_is_no_key_does_not_stop_it(playing, bundled, row):
    play(playing, bundled, 3 * RATE, row)
    assert not bundled.gave_way


def test_what_a_model_plays_on_its_own_does_not_stop_it(playing, bundled):
    play(playing, bundled, RATE)
    log = playing.log(Log.INPUT)[-1:].copy()
    log[:, 2], log[:, LOG_STATUS], log[:, LOG_DATA2] = PLAN_PORT, NOTE_ON, 80
    bundled.listen(log)
    assert not bundled.gave_way


def test_its_port_is_nobody_elses():
    assert BUNDLED_PORT not in (0, PAGE_PORT, PLAN_PORT, CONTROL_PORT)
    assert BUNDLED_PORT < FIRST_PORT


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))
    for name in ("CONFIG_HOME", "STATE_HOME", "DATA_HOME"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path))
    session = Session(Options(audio="null", separator="zone"), [].append)
    session.start()
    yield session
    session.close()


def test_a_session_without_a_keyboard_plays_it_until_the_page_plays_and_then_goes_on(session):
    if session.keyboards():
        pytest.skip("a MIDI keyboard is attached")
    state, send = session.engine.state, session.engine.link.send
    wait_until(lambda: state["note_count"] > 0)
    assert session.watch()
    send(PAGE_PORT, NOTE_ON, KEY, 80)
    wait_until(lambda: session.player.done)
    wait_until(lambda: int(state["note_count"]) == 1)  # its notes end in the audio thread's next period
    send(PAGE_PORT, 0x80, KEY)
    wait_until(lambda: state["note_count"] == 0)
    session.player.end = 0  # as long after it as may be
    assert session.watch()
