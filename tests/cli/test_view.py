"""The live view of a session that plays, and the taps of its tempo key."""

import re
import time

import pytest
from rich.console import Console

from realtime.cli.view import View, note_name
from realtime.host.options import Options
from realtime.host.session import Session
from realtime.host.taps import Taps
from tests.live import ROOT, SOUNDFONT, wait_until

CHORALE = f"file:{ROOT / 'realtime' / 'demo' / 'chorale.mid'}"


@pytest.fixture(scope="module")
def playing():
    """A session that plays the chorale, and its view."""
    session = Session(
        Options(audio="null", midi_in=CHORALE, separator="zone", soundfont=SOUNDFONT), [].append
    )
    view = View(session)
    session.listeners.append(view)
    session.start()
    yield session, view
    session.close()


def shown(view, width=110):
    console = Console(record=True, width=width, file=open("/dev/null", "w"))  # noqa: SIM115 - until the end
    console.print(view)
    return console.export_text()


def row(view, part):
    return next(line for line in shown(view).splitlines() if part in line)


def test_parts_notes_confidence_latency_and_load_are_shown(playing):
    _, view = playing
    wait_until(lambda: re.search(r"Soprano +[A-G]", shown(view)) and re.search(r"Bass +[A-G]", shown(view)))
    text = shown(view)
    for name in ("Soprano", "Alto", "Tenor", "Bass", "key to sound", "callback", "xruns", "CPU", "q quit"):
        assert name in text
    assert re.search(r"\d+%", row(view, "Soprano"))


@pytest.mark.parametrize("width", [20, 40, 80, 250])
def test_any_terminal_will_do(playing, width):
    _, view = playing
    assert all(len(line) <= width for line in shown(view, width).splitlines())


def test_it_can_be_drawn_while_notes_come_in(playing):
    session, view = playing
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        for pitch in range(40, 90):
            session.engine.link.send(3, 0x90, pitch, 90)
            session.engine.link.send(3, 0x80, pitch, 0)
        shown(view)
    wait_until(lambda: sum(session.notes.values()) > 1000)


def test_a_panic_leaves_nothing_lit(playing):
    session, view = playing
    session.player = None
    for pitch in (50, 60, 70, 80):
        session.engine.link.send(3, 0x90, pitch, 90)
    wait_until(lambda: re.search(r"Soprano +[A-G]", shown(view)))
    wait_until(lambda: session.engine.link.scheduled() or True)
    session.panic()
    wait_until(lambda: not view._sounding)


def test_another_ensemble_shows_its_own_title_and_parts(playing):
    session, view = playing
    place = next(s.index for s in session.engine.slots if s.ensemble.name == "string-quartet")
    session.select(place)
    wait_until(lambda: "String quartet" in shown(view))
    assert "Viola" in shown(view)
    session.select(0)
    wait_until(lambda: "Bach chorale" in shown(view))


def test_taps_set_the_tempo_by_their_middle_interval(playing, monkeypatch):
    session, _ = playing
    times = iter([10.0, 10.5, 11.0, 11.9, 12.4, 30.0])
    monkeypatch.setattr("realtime.host.taps.time.monotonic", lambda: next(times))
    taps = Taps(session.engine.link)
    for _ in range(5):
        taps.tap()
    monkeypatch.undo()
    wait_until(lambda: session.engine.state["bpm"] == 120)
    monkeypatch.setattr("realtime.host.taps.time.monotonic", lambda: 30.0)
    taps.tap()  # long after: the first of a new series
    assert len(taps._times) == 1


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (0, "C-1"), (127, "G9"), (69, "A4"), (70, "Bb4")])
def test_pitches_are_named_as_musicians_do(pitch, name):
    assert note_name(pitch) == name


def quiet(session):
    """Wait until nothing more comes from the file."""
    session.player = None
    wait_until(lambda: session.engine.link.scheduled() == 0)
    time.sleep(0.1)  # and is counted


def test_a_part_that_is_switched_off_gets_no_more_notes_until_it_is_switched_on(playing):
    session, _ = playing
    quiet(session)
    slot = session.engine.slots[int(session.engine.state["slot"])]
    low = len(slot.ensemble.parts) - 1
    name = slot.ensemble.parts[low].name
    assert session.switch(low) is False
    wait_until(lambda: session.engine.state["part_plays"][16 * slot.index + low] == 0)
    before, others = session.notes[name], sum(session.notes.values())
    for _ in range(5):
        session.engine.link.send(3, 0x90, 36, 90)
        session.engine.link.send(3, 0x80, 36, 0)
    wait_until(lambda: sum(session.notes.values()) == others + 5)
    assert session.notes[name] == before
    assert session.switch(low) is True
    wait_until(lambda: session.engine.state["part_plays"][16 * slot.index + low] == 1)
    session.engine.link.send(3, 0x90, 36, 90)
    session.engine.link.send(3, 0x80, 36, 0)
    wait_until(lambda: session.notes[name] == before + 1)


def test_a_range_acts_on_the_next_note_and_must_be_one(playing):
    session, _ = playing
    quiet(session)
    slot = session.engine.slots[int(session.engine.state["slot"])]
    high = slot.ensemble.parts[0].name
    session.set_range(0, 100, 127)
    wait_until(lambda: session.engine.state["part_lowest"][16 * slot.index] == 100)
    before, everyone = session.notes[high], sum(session.notes.values())
    session.engine.link.send(3, 0x90, 96, 90)
    session.engine.link.send(3, 0x80, 96, 0)
    wait_until(lambda: sum(session.notes.values()) == everyone + 1)
    assert session.notes[high] == before
    for lowest, highest in ((60, 59), (-1, 20), (0, 128)):
        with pytest.raises(ValueError, match="a range goes from one key to another"):
            session.set_range(0, lowest, highest)
