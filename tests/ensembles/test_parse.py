import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.ensembles.parse import EnsembleError, load_ensemble
from realtime.ensembles.schema import Ensemble, Part, allowed

HEAD = 'name = "duo"\ntitle = "Duo"\nseparator = "zone"\n'
DUO = HEAD + '[[parts]]\nname = "A"\n[[parts]]\nname = "B"\n'


@pytest.fixture
def load(tmp_path):
    def load(text: str | bytes) -> Ensemble:
        path = tmp_path / "duo.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_ensemble(path)

    return load


def test_what_a_file_leaves_out_has_a_default(load):
    duo = load(DUO)
    assert [part.channel for part in duo.parts] == [1, 2]
    assert [part.label for part in duo.parts] == ["", ""]
    assert (duo.program, duo.restart_after, duo.parameters) == (None, 8.0, {})
    assert (duo.parts[0].volume, duo.parts[0].pan, duo.parts[0].voices) == (100, 64, "poly")
    assert (duo.parts[0].lowest, duo.parts[0].highest) == (0, 127)


def test_how_a_model_goes_on_is_a_table_of_its_own(load):
    duo = load(HEAD + '[continuation]\nmode = "trade"\nbars = 2\nthreshold = 0.5\n' + DUO.removeprefix(HEAD))
    given = duo.continuation
    assert (given.mode, given.bars, given.threshold) == ("trade", 2, 0.5)
    assert duo.continuation.temperature is None
    assert load(DUO).continuation is None


def test_ranges_may_be_note_names(load):
    part = load(DUO + 'lowest = "C4"\nhighest = "b♭5"\n').parts[1]
    assert (part.lowest, part.highest) == (60, 82)


def test_parameters_are_lists_of_numbers(load):
    duo = load(HEAD + "[parameters]\nboundaries = [60, 48.5]\n" + DUO.removeprefix(HEAD))
    assert duo.parameters == {"boundaries": (60.0, 48.5)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DUO + "volum = 3", "parts[1].volum: there is no such key; did you mean volume?"),
        ("qwz = 3\n" + DUO, "qwz: there is no such key; the keys are name, title"),
        ("continuation.bar = 0\n" + DUO, "continuation.bar is 0; it must be a whole number from 1 to 16"),
        (
            "continuation.threshold = 2\n" + DUO,
            "continuation.threshold is 2; it must be a number from 0 to 1",
        ),
        ("continuation.mod = 0\n" + DUO, "continuation.mod: there is no such key; did you mean mode?"),
        ("continuation = 3\n" + DUO, "continuation is 3; it must be a table [continuation]"),
        (DUO + "volume = 200", "parts[1].volume is 200; it must be a whole number from 0 to 127"),
        (DUO + "volume = 1.5", "parts[1].volume is 1.5; it must be a whole number"),
        (DUO + "volume = true", "parts[1].volume is True; it must be a whole number"),
        (DUO + 'voices = "duo"', 'parts[1].voices is \'duo\'; it must be "poly" or "mono"'),
        (DUO + "transpose = 49", "parts[1].transpose is 49; it must be a whole number from -48 to 48"),
        (DUO + 'lowest = "H4"', "parts[1].lowest is 'H4'; it must be a key from 0 to 127, or a note name"),
        (DUO + 'highest = "C10"', "parts[1].highest is 'C10'; it must be a key"),
        (DUO + 'lowest = 61\nhighest = "C4"', "parts[1].lowest is 61, above parts[1].highest (60)"),
        (DUO + "channel = 17", "parts[1].channel is 17; it must be a whole number from 1 to 16"),
        (DUO + "channel = 1", "parts[1].channel is 1, as is parts[0].channel; each part needs its own"),
        (DUO + '[[parts]]\nname = "A"', "parts[2].name is 'A', as is parts[0].name"),
        (DUO + "[[parts]]\nprogram = 3", "parts[2].name is missing; it must be a text"),
        (DUO.replace("Duo", ""), "title is ''; it must be a text of 1 to 80"),
        (DUO.replace('"duo"', '"Duo 1"'), "name is 'Duo 1'; it must be up to 64 lower-case"),
        (DUO.replace('separator = "zone"\n', ""), "separator is missing; it must be the name"),
        (DUO.replace("zone", "split:"), "separator is 'split:'; it must be the name"),
        ("tempo = nan\n" + DUO, "tempo is nan; it must be a number from 10 to 480"),
        ('tempo = "fast"\n' + DUO, "tempo is 'fast'; it must be a number"),
        ("program = 128\n" + DUO, "program is 128; it must be a whole number from 0 to 127"),
        ("parameters = {a = []}\n" + DUO, "parameters is {'a': []}; it must be a list of numbers for each"),
        ("parameters = {a = [inf]}\n" + DUO, "parameters.a is [inf]; it must hold finite numbers"),
        (HEAD, "parts: there must be 1 to 16 tables [[parts]]"),
        (HEAD + "parts = []", "parts: there must be 1 to 16"),
        (HEAD + "parts = [3]", "parts[0] is 3; it must be a table [[parts]]"),
        (HEAD + "".join(f'[[parts]]\nname = "{n}"\n' for n in range(17)), "parts: there must be 1 to 16"),
        ("name = duo", "not valid TOML"),
        (b"\xff", "byte 0 is not UTF-8 text"),
        ("x = " + "[" * 100_000, "not valid TOML: nested too deeply"),
        ("tempo = " + "9" * 5000, "not valid TOML: Exceeds the limit"),
        (DUO + "volume = 0x" + "f" * 5000, "not valid TOML: Exceeds the limit"),
    ],
)
def test_a_wrong_file_is_refused_with_key_reason_and_what_is_allowed(load, tmp_path, text, reason):
    with pytest.raises(EnsembleError) as refused:
        load(text)
    assert str(refused.value).startswith(f"{tmp_path / 'duo.toml'}: {reason}")
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=60), st.integers(0, len(DUO)))
def test_no_content_raises_anything_but_a_refusal(tmp_path_factory, junk, place):
    path = tmp_path_factory.mktemp("e") / "e.toml"
    path.write_bytes(DUO.encode()[:place] + junk + DUO.encode()[place:])
    try:
        load_ensemble(path)
    except EnsembleError:
        return


@pytest.mark.parametrize("struct", [Ensemble, Part])
def test_every_key_says_what_it_allows(struct):
    assert all(allowed(struct, field) for field in struct.__struct_fields__)


def test_a_pipe_is_refused_before_it_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(EnsembleError, match="no file but a folder, pipe or device"):
        load_ensemble(tmp_path / "pipe.toml")
