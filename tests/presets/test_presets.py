"""Presets in a session that plays, without a device."""

import time

import pytest

from realtime.engine.codes import PARTS, Command
from realtime.host.midi_ports import PAGE_PORT
from realtime.host.options import Options
from realtime.host.session import Session
from realtime.presets.desk import attach
from realtime.presets.files import PresetError, presets_folder, read_preset, write_whole
from tests.live import SOUNDFONT, wait_until


@pytest.fixture
def session(monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("CONCERTINO_PRESETS", str(tmp_path / "presets"))
    said = []
    session = Session(
        Options(audio="null", midi_in="virtual", soundfont=SOUNDFONT, separator="zone", control="off"),
        said.append,
    )
    session.start()
    attach(session, said.append)
    session.said = said
    yield session
    session.close()


def settle(session):
    wait_until(lambda: (session.watch(), session.loader.loading == 0)[1])


def play(session, *message):
    session.engine.link.send(PAGE_PORT, *message)


def of_part(session, field, part=0):
    return int(session.engine.state[f"part_{field}"][int(session.engine.state["slot"]) * PARTS + part])


def save_two(session):
    control = session.presets.controller
    control.set("parts/1/program", 19)
    settle(session)
    wait_until(lambda: of_part(session, "program") == 19)
    control.set("tempo", 99)
    control.set("parts/2/mute", True)
    session.presets.save("Dark Verse")
    control.set("parts/1/program", 73)
    control.set("parts/2/mute", False)
    control.set("tempo", 130)
    settle(session)
    wait_until(lambda: of_part(session, "program") == 73)
    session.presets.save("Chorus")
    return control


def test_a_preset_brings_back_everything_while_a_note_is_held(session):
    control = save_two(session)
    play(session, 0x90, 80, 90)
    wait_until(lambda: session.engine.state["note_count"] == 1)
    control.set("preset", "Dark Verse")
    wait_until(lambda: of_part(session, "program") == 19)
    settle(session)
    wait_until(lambda: control.get("tempo") == 99)
    assert of_part(session, "mute", 1) == 1
    assert session.engine.state["note_count"] == 1
    play(session, 0x80, 80, 0)
    wait_until(lambda: session.engine.state["note_count"] == 0)
    control.call("preset/previous")
    wait_until(lambda: of_part(session, "program") == 73)
    settle(session)
    assert (session.presets.current, control.get("parts/2/mute")) == ("Chorus", False)
    counters = session.engine.counters()
    assert counters["notes_on"] == counters["notes_off"] == 1


def test_the_set_list_orders_them_and_a_program_change_recalls_one(session):
    save_two(session)
    folder = presets_folder()
    text = (folder / "dark-verse.toml").read_text()
    (folder / "dark-verse.toml").write_text(text.replace("[controls]", "program = 77\n[controls]"))
    (folder / "set-list.toml").write_text('presets = ["Dark Verse", "Missing", "Chorus"]')
    session.presets.refresh()
    assert session.presets.names() == ["Dark Verse", "Chorus"]
    assert any("Missing" in text for text in session.said)
    play(session, 0xC0, 77)
    wait_until(lambda: of_part(session, "program") == 19)
    settle(session)
    assert session.presets.current == "Dark Verse"


def test_the_next_preset_is_loaded_before_it_is_needed(session):
    save_two(session)
    session.presets.recall("Dark Verse")
    settle(session)
    ready, _ = session.presets._ready["Chorus"]
    session.presets.recall("Chorus")
    wait_until(lambda: session.engine.state["slot"] == ready.index)
    settle(session)


def test_a_preset_that_is_wrong_is_told_once_and_left_out(session):
    folder = presets_folder()
    write_whole(folder / "bad.toml", 'name = "Bad"\n[controls]\n"parts/1/volume" = 900\n')
    session.presets.refresh()
    session.presets.refresh()
    (told,) = [text for text in session.said if "bad.toml" in text]
    assert told.count("parts/1/volume") == 1
    with pytest.raises(PresetError, match="Bad"):
        session.presets.recall("Bad")


def test_what_is_edited_while_playing_counts_and_is_not_lost(session):
    save_two(session)
    changed = []
    session.presets.on_change = lambda: changed.append(session.presets.names())
    file = presets_folder() / "dark-verse.toml"
    session.presets.recall("Chorus")
    settle(session)
    wait_until(lambda: "Dark Verse" in session.presets._ready)
    file.write_text(
        file.read_text().replace("[controls]", "program = 78\n[controls]").replace("= 19", "= 20")
    )
    write_whole(presets_folder() / "third.toml", 'name = "Third"\n[controls]\ntempo = 90\n')
    session.presets.watch()
    assert changed == [["Chorus", "Dark Verse", "Third"]]
    settle(session)
    play(session, 0xC0, 78)
    wait_until(lambda: of_part(session, "program") == 20)
    settle(session)
    session.presets.save("Dark Verse")
    assert read_preset(file).program == 78
    session.presets.watch()
    assert len(changed) == 1  # by our own hand


def test_names_in_any_script_have_a_file_each(session):
    for name in ("日本", "Ünï 日本", "Ünï", "Uni"):
        session.presets.save(name)
    assert sorted(session.presets.names()) == sorted(["日本", "Ünï 日本", "Ünï", "Uni"])
    assert (presets_folder() / "ünï-日本.toml").is_file()


def test_what_was_saved_can_be_read(session):
    save_two(session)
    preset = read_preset(presets_folder() / "dark-verse.toml")
    assert preset.name == "Dark Verse"
    assert preset.controls["parts/1/program"] == 19
    assert preset.controls["ensemble"] == "bach-chorale"


@pytest.mark.parametrize("name", ["", "!!!", "x" * 81, "set list"])
def test_a_name_that_can_be_no_file_is_refused(session, name):
    with pytest.raises(PresetError):
        session.presets.save(name)


def knob(session, number, *values):
    for value in values:
        play(session, 0xB0, number, value)


def test_a_knob_is_learned_picks_up_and_no_longer_acts_as_before(session):
    control = session.presets.controller
    control.set("learn", "parts/1/volume")
    knob(session, 7, 3)
    wait_until(lambda: control.get("mappings"))
    (row,) = control.get("mappings")
    assert (row["name"], row["device"], row["number"]) == ("parts/1/volume", "page", 7)
    before = of_part(session, "volume")
    wait_until(lambda: session.engine.state["mapping"] == 1)
    knob(session, 7, 20, 40)
    session.engine.link.command(Command.SET, 1, 50)
    wait_until(lambda: of_part(session, "volume", 1) == 50)
    assert of_part(session, "volume") == before  # it has not been reached yet
    knob(session, 7, before - 1)
    wait_until(lambda: of_part(session, "volume") == before - 1)
    knob(session, 7, 90)
    wait_until(lambda: of_part(session, "volume") == 90)
    assert session.engine.state["source_cc"][PAGE_PORT * 16, 7] == 127


def test_mappings_are_kept_and_wrong_ones_refused(session):
    control = session.presets.controller
    row = {"name": "panic", "device": "page", "channel": 1, "kind": "key", "number": 36}
    control.set("mappings", [row])
    with pytest.raises(ValueError, match="mappings"):
        control.set("mappings", [row | {"channel": 17}])
    assert 'name = "panic"' in session.mappings.path.read_text()
    play(session, 0x90, 80, 90)
    wait_until(lambda: session.engine.state["note_count"] == 1)
    wait_until(lambda: session.engine.state["mapping"] == 1)
    play(session, 0x90, 36, 90)
    wait_until(lambda: session.engine.state["note_count"] == 0)
    assert session.engine.counters()["notes_on"] == 1


def test_what_is_saved_while_an_ensemble_is_loaded_is_that_ensemble(session):
    session.choose_ensemble("game-trio")
    assert session.loader.loading
    session.presets.save("Trio")
    saved = read_preset(presets_folder() / "trio.toml").controls
    assert saved["ensemble"] == "game-trio"
    assert "parts/3/volume" in saved
    assert "parts/4/volume" not in saved


def test_a_program_change_counts_against_what_is_still_being_loaded(session):
    choir = next(slot for slot in session.loader.choices if slot.ensemble.name == "choir")
    session.loader.submit(lambda: time.sleep(0.5))  # what is loaded before it takes long
    session.choose_ensemble("game-trio")
    play(session, 0xC0, choir.ensemble.program)
    wait_until(lambda: session.loader.playing() is choir)
    settle(session)
    time.sleep(0.1)
    assert session.loader.playing() is choir


def test_the_separator_of_the_command_serves_what_is_loaded_later_too(session):
    assert session.options.separator == "zone"
    session.choose_ensemble("game-trio")
    settle(session)
    wait_until(lambda: session.loader.playing().ensemble.name == "game-trio")
    assert session.loader.playing().separator == "zone"
