import json
import shutil
from pathlib import Path

import pytest

from realtime.cli.main import run
from tests.contract.tiny import make_graph, make_manifest, make_sequence, write_plugin


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "made" / "tiny", make_manifest(), make_graph().SerializeToString())


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty user's folder, which is all there is to find models in."""
    monkeypatch.delenv("CONCERTINO_MODELS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("realtime.contract.library.user_folder", lambda: tmp_path / "user")
    monkeypatch.setattr("realtime.contract.library.shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "user"


@pytest.fixture
def both(made: Path, library: Path) -> Path:
    """Return a library of a valid model and a truncated one."""
    shutil.copytree(made, library / "tiny")
    shutil.copytree(made, library / "torn")
    (library / "torn" / "model.onnx").write_bytes(b"")
    return library


def test_list_shows_valid_and_broken_models(both, capsys):
    assert run(["models", "list", "--json"]) == 0
    tiny, torn = json.loads(capsys.readouterr().out)
    assert (tiny["name"], tiny["ok"], tiny["parts"]) == ("tiny", True, ["Soprano", "Alto", "Tenor", "Bass"])
    assert (torn["name"], torn["ok"]) == ("torn", False)
    assert "graph.sha256" in torn["error"]


def test_list_is_a_table_for_people(both, capsys):
    assert run(["models", "list"]) == 0
    table = capsys.readouterr().out
    assert "Pitch modulo four" in table
    assert "broken" in table


def test_an_empty_library_says_where_it_looked(library, capsys):
    assert run(["models", "list"]) == 0
    assert str(library) in capsys.readouterr().out


def test_show_prints_the_manifest(both, capsys):
    assert run(["models", "show", "tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["inputs"][0]["source"] == "pitch"


def test_show_takes_an_authors_words_as_they_are(made, library, capsys):
    manifest = make_manifest() | {"summary": "[red]\x1b[31m[/nonsense]"}
    write_plugin(library / "tiny", manifest, make_graph().SerializeToString())
    assert run(["models", "show", "tiny"]) == 0
    out = capsys.readouterr().out
    assert "[red]" in out
    assert "\x1b[31m" not in out


def test_show_of_a_model_that_is_not_there_is_one_sentence(both, capsys):
    assert run(["models", "show", "other"]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "not found; choose one of tiny" in printed.err
    assert printed.out == ""


def test_verify_times_a_valid_model(both, capsys):
    assert run(["models", "verify", "tiny", "--json"]) == 0
    [result] = json.loads(capsys.readouterr().out)
    assert result["ok"]
    assert result["step_us"]["p50"] > 0


def test_verify_takes_a_folder(made, library, capsys):
    assert run(["models", "verify", str(made)]) == 0
    assert "ok" in capsys.readouterr().out


def test_verify_of_all_names_those_that_fail(both, capsys):
    assert run(["models", "verify", "--json"]) == 2
    printed = capsys.readouterr()
    assert [result["ok"] for result in json.loads(printed.out)] == [True, False]
    assert "graph.sha256" in printed.err


def test_add_keeps_a_model(made, library, capsys):
    assert run(["models", "add", str(made)]) == 0
    assert "--separator tiny" in capsys.readouterr().out
    assert (library / "tiny" / "model.onnx").is_file()


def test_add_twice_needs_replace(made, library, capsys):
    assert run(["models", "add", str(made)]) == 0
    assert run(["models", "add", str(made)]) == 2
    assert "add it with --replace" in capsys.readouterr().err
    assert run(["models", "add", "--replace", str(made)]) == 0


def test_a_model_of_whole_pieces_is_added_told_apart_and_verified(tmp_path, library, capsys):
    model, manifest = make_sequence()
    folder = write_plugin(tmp_path / "made" / "whole", manifest, model.SerializeToString())
    assert run(["models", "add", str(folder)]) == 0
    assert "render IN.mid -o OUT.wav --mode offline --separator whole" in capsys.readouterr().out
    assert run(["models", "list", "--json"]) == 0
    assert [m["kind"] for m in json.loads(capsys.readouterr().out)] == ["sequence-separator"]
    assert run(["models", "show", "whole"]) == 0
    shown = capsys.readouterr().out
    assert "sequence-separator: takes all notes of a whole piece in one run" in shown
    assert "notes x parts" in shown
    assert run(["models", "verify", "whole", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["ok"]


def test_schema_is_json(capsys):
    assert run(["models", "schema"]) == 0
    assert "$defs" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["list", "show", "verify", "add", "schema"])
def test_help_teaches_by_example(command, capsys):
    assert run(["models", command, "--help"]) == 0
    assert f"concertino models {command}" in capsys.readouterr().out
