"""Knobs that are turned at a session that plays."""

import threading

import pytest

from realtime.control.mapping import Mappings, mappings_path
from realtime.ensembles.library import find_ensemble
from realtime.host.midi_ports import PAGE_PORT
from realtime.presets.desk import attach
from realtime.presets.files import read_table
from tests.control.test_serving import homes, playing  # noqa: F401  # fixtures
from tests.live import wait_until

NUMBER, FINE = 20, 52


@pytest.fixture
def session(playing):  # noqa: F811
    playing.said = []
    attach(playing, playing.said.append)
    return playing


@pytest.fixture
def control(session):
    return session.presets.controller


def turn(session, *values, number=NUMBER, status=0xB0):
    for value in values:
        session.engine.link.send(PAGE_PORT, status, number, value)


def map_to(session, name, mode, **more):
    row = {"name": name, "device": "page", "channel": 1, "number": NUMBER, "mode": mode, **more}
    session.mappings.set_all([row])
    wait_until(lambda: session.engine.state["mapping"] == 1)


@pytest.mark.parametrize(("mode", "up", "down"), [("relative", 1, 127), ("offset", 65, 63)])
def test_an_endless_knob_moves_a_level_a_step_at_a_time_from_where_it_is(session, control, mode, up, down):
    control.set("parts/1/volume", 64)
    map_to(session, "parts/1/volume", mode)
    turn(session, *[up] * 10)
    wait_until(lambda: control.get("parts/1/volume") == 74)
    control.set("parts/1/volume", 20)  # as on the page: no jump, no pickup
    turn(session, *[down] * 5)
    wait_until(lambda: control.get("parts/1/volume") == 15)
    turn(session, *[down] * 40)
    wait_until(lambda: control.get("parts/1/volume") == 0)
    assert session.said == []


@pytest.mark.parametrize(("mode", "up", "down"), [("relative", 3, 125), ("offset", 67, 61)])
def test_an_endless_knob_turns_switches_and_calls_by_its_direction(session, control, mode, up, down):
    map_to(session, "parts/2/mute", mode)
    turn(session, up)
    wait_until(lambda: control.get("parts/2/mute") is True)
    turn(session, down)
    wait_until(lambda: control.get("parts/2/mute") is False)
    map_to(session, "panic", mode)
    session.engine.link.send(PAGE_PORT, 0x90, 60, 80)
    wait_until(lambda: session.engine.state["note_count"] == 1)
    turn(session, down)
    map_to(session, "panic", mode)  # the log was read up to here
    assert session.engine.state["note_count"] == 1
    turn(session, up)
    wait_until(lambda: session.engine.state["note_count"] == 0)


def test_a_knob_that_turns_programs_goes_on_while_they_are_loaded(session, control):
    control.set("parts/1/program", 40)
    map_to(session, "parts/1/program", "relative")
    turn(session, *[1] * 9)
    wait_until(lambda: control.get("parts/1/program") == 49)
    wait_until(lambda: (session.watch(), session.loader.loading == 0)[1])
    assert control.get("parts/1/program") == 49


def test_an_endless_knob_steps_through_words(session, control):
    """One step is one word, though they are few."""
    before = control.get("clock")
    map_to(session, "clock", "relative")
    turn(session, 1)
    wait_until(lambda: control.get("clock") != before)
    turn(session, 127)
    wait_until(lambda: control.get("clock") == before)


def test_a_pair_of_controllers_moves_the_tempo_finer_than_one_can(session, control):
    map_to(session, "tempo", "14bit", pickup=False)
    turn(session, 40)
    coarse = wait_until(lambda: control.get("tempo") if control.get("tempo") != 80 else None)
    turn(session, 10, number=FINE)
    wait_until(lambda: control.get("tempo") != coarse)
    assert 0 < control.get("tempo") - coarse < 1
    turn(session, 0, number=FINE)
    wait_until(lambda: control.get("tempo") == coarse)


def test_the_fine_half_of_a_pair_switches_nothing(session, control):
    map_to(session, "parts/1/mute", "14bit")
    turn(session, 100)
    wait_until(lambda: control.get("parts/1/mute") is True)
    turn(session, 3, number=FINE)
    turn(session, 10)
    wait_until(lambda: control.get("parts/1/mute") is False)
    turn(session, 127, number=FINE)
    map_to(session, "parts/1/mute", "14bit")
    assert control.get("parts/1/mute") is False


def test_a_knob_whose_fine_half_follows_at_once_is_learned_as_a_pair(session, control):
    session.mappings.learn("tempo")
    for number, value in ((NUMBER, 64), (FINE, 5)):
        turn(session, value, number=number)
    wait_until(lambda: session.mappings.values() and session.mappings.values()[0]["mode"] == "14bit")
    (row,) = session.mappings.values()
    assert (row["name"], row["number"]) == ("tempo", NUMBER)
    wait_until(lambda: 'mode = "14bit"' in session.mappings.path.read_text())


def test_another_knob_that_follows_is_not_taken_for_its_fine_half(session, control):
    session.mappings.learn("tempo")
    turn(session, 64)
    wait_until(session.mappings.values)
    turn(session, 5, number=21)
    turn(session, 5, number=FINE)
    map_to(session, "panic", "absolute", number=99)
    session.mappings.learn("tempo")
    turn(session, 64)
    wait_until(lambda: len(session.mappings.values()) == 2)
    assert [row["mode"] for row in session.mappings.values()] == ["absolute", "absolute"]


def test_a_knob_that_says_no_sense_is_refused_and_the_old_ones_stay(session, control):
    map_to(session, "tempo", "relative")
    before = session.mappings.values()
    with pytest.raises(ValueError, match="no fine half"):
        control.set("mappings", [before[0] | {"mode": "14bit", "number": 40}])
    assert session.mappings.values() == before


def test_a_mapping_of_a_part_that_the_ensemble_lacks_is_told_and_others_move_on(session, control):
    parts = len(find_ensemble("bach-chorale").parts)
    map_to(session, f"parts/{parts + 1}/volume", "relative")
    turn(session, 1)
    wait_until(lambda: session.said)
    assert f"the ensemble has {parts} parts" in session.said[0]


def test_a_knob_goes_through_the_names_that_can_be_chosen(session, control):
    names = control.session.separator_choices()
    assert len(names) > 2
    control.set("separator", names[0])
    map_to(session, "separator", "absolute", pickup=False)
    turn(session, 127)
    wait_until(lambda: control.get("separator") == names[-1])
    wait_until(lambda: (session.watch(), session.loader.loading == 0)[1])
    assert session.said == []


@pytest.mark.parametrize(
    "name", ["title", "latency", "parts/1/range", "soundfont", "preset/save", "mappings"]
)
def test_what_no_knob_can_move_is_refused_at_once(session, name):
    with pytest.raises(ValueError, match=name):
        session.mappings.learn(name)
    with pytest.raises(ValueError, match=name):
        session.mappings.set_all([{"name": name, "device": "page", "channel": 1, "number": NUMBER}])
    assert session.mappings.values() == []


def test_a_mapping_is_told_in_full_from_the_first_answer_on(session, control):
    told = control.set("mappings", [{"name": "tempo", "device": "page", "channel": 1, "number": NUMBER}])
    assert told == session.mappings.values() == control.get("mappings")
    assert told[0]["knob"] == "CC 20"


@pytest.mark.parametrize("status", [0xB0, 0x90])
def test_a_knob_or_a_key_begins_and_ends_a_take_and_all_goes_on(session, control, status):
    kind = "controller" if status == 0xB0 else "key"
    map_to(session, "record", "absolute", kind=kind, pickup=False)
    turn(session, 127, status=status)
    wait_until(lambda: session.recording)
    turn(session, 0, status=status)
    turn(session, *[127] * (kind == "key"), status=status)
    wait_until(lambda: not session.recording)
    session.engine.link.send(PAGE_PORT, 0x90, 60, 80)
    wait_until(lambda: sum(session.notes.values()) == 1)
    assert session.said == []


GOOD = """[[mappings]]
name = "tempo"
device = "page"
channel = 1
number = 20
"""
BAD = GOOD.replace("tempo", "panic").replace("channel = 1", "channel = 17")


def mapped_from(session, text):
    """Return the mappings of a file with this text, and what was said of it."""
    said = []
    path = mappings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Mappings(session, session.presets.controller, said.append), said


def test_one_wrong_mapping_of_a_file_is_named_and_the_others_move(session):
    mappings, said = mapped_from(session, GOOD + BAD)
    assert [row["name"] for row in mappings.values()] == ["tempo"]
    (told,) = said
    assert "mapping 2 (panic)" in told
    assert "$.channel" in told
    mappings.close()


@pytest.mark.parametrize("text", [GOOD + BAD, GOOD + "[[mappings", "mappings = 3"])
def test_a_file_of_mappings_with_a_fault_is_kept_before_it_is_written_over(session, text):
    mappings, said = mapped_from(session, text)
    row = {"name": "tempo", "device": "page", "channel": 2, "number": 9}
    mappings.set_all([*mappings.values(), row])
    assert mappings.path.with_name("mappings.toml.bad").read_text() == text
    assert "mappings.toml.bad" in said[-1]
    assert read_table(mappings.path)["mappings"][-1]["channel"] == 2
    mappings.set_all([])
    assert mappings.path.with_name("mappings.toml.bad").read_text() == text
    mappings.close()


def test_the_file_holds_the_mappings_that_hold_whoever_set_them(session, control):
    def set_many(first):
        for number in range(first, first + 15):
            session.mappings.set_all([{"name": "tempo", "device": "page", "channel": 1, "number": number}])

    threads = [threading.Thread(target=set_many, args=(first,)) for first in (0, 32, 64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (held,), (kept,) = session.mappings.values(), read_table(session.mappings.path)["mappings"]
    assert held["number"] == kept["number"]
