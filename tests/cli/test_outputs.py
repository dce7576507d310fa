"""What a command writes: never over a file that it reads, and told before the work where it can't be."""

import os
import shutil
from pathlib import Path

import pytest

from realtime.cli.main import run
from realtime.cli.outputs import check_folder, check_outputs, check_place, check_suffix
from tests.live import ROOT, SOUNDFONT

CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"
LOST = {
    "render in.mid -o in.mid": "-o in.mid: this file is read",
    "render in.mid -o link.mid": "-o link.mid: this file is read",
    "render in.mid --midi ../here/in.mid": "--midi ../here/in.mid: this file is read",
    "render in.mid --json in.mid": "--json in.mid: this file is read",
    "render in.mid -o a.wav --midi a.wav": "--midi a.wav: -o writes the same file",
    "render in.mid --midi a.mid --json ./a.mid": "--json a.mid: --midi writes the same file",
    "render in.mid -o o.wav --json font.sf2 --soundfont font.sf2": "--json font.sf2: this file is read",
    "render in.mid --midi o.mid --json own.toml --ensemble own.toml": "--json own.toml: this file is read",
    "render in-1.mid --midi in.mid --alternatives 2": "--midi in-1.mid: this file is read",
    "continue in.mid -o in.mid": "-o in.mid: this file is read",
    "continue in.mid -o o.mid --json in.mid": "--json in.mid: this file is read",
    "continue in.mid -o o.mid --wav o.mid": "--wav o.mid: -o writes the same file",
    "play --midi-in file:in.mid --audio file:in.mid": "--audio in.mid: this file is read",
    "play --midi-in file:in.mid --audio null --json in.mid": "--json in.mid: this file is read",
    "play --audio file:o.wav --json o.wav": "--json o.wav: --audio writes the same file",
    "play --audio null --soundfont font.sf2 --json font.sf2": "--json font.sf2: this file is read",
}


@pytest.mark.parametrize("arguments", LOST)
def test_a_file_that_is_read_or_written_already_is_refused_and_kept(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("in.mid", "in-1.mid"):
        shutil.copy(CHORALE, name)
    shutil.copy(SOUNDFONT, "font.sf2")
    shutil.copy(ROOT / "realtime" / "ensembles" / "choir.toml", "own.toml")
    Path("link.mid").symlink_to("in.mid")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(arguments.split()) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"concertino: {LOST[arguments]}")
    assert said.err.count("\n") == 1
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_one_file_by_two_names_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "a.mid").write_bytes(b"notes")
    os.link(tmp_path / "a.mid", tmp_path / "b.mid")
    with pytest.raises(ValueError, match="is read"):
        check_outputs([tmp_path / "a.mid"], [("-o", tmp_path / "b.mid")])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="--midi writes the same file"):
        check_outputs([], [("--midi", tmp_path / "new"), ("--json", "new")])


def test_what_loses_nothing_is_let_through(tmp_path):
    null = Path(os.devnull)
    check_outputs(
        [tmp_path / "a.mid", None], [("-o", null), ("--midi", null), ("--json", "-"), ("--x", None)]
    )


@pytest.mark.parametrize(
    ("path", "error"),
    [("absent/x.json", FileNotFoundError), (".", IsADirectoryError), ("file/x.json", FileNotFoundError)],
)
def test_a_place_where_no_file_can_be_is_refused(path, error, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(error):
        check_place(tmp_path / path)
    check_place(tmp_path / "new.json")
    assert not (tmp_path / "new.json").exists()


@pytest.mark.parametrize(
    ("path", "error"), [("absent/x", FileNotFoundError), ("file", NotADirectoryError), ("file/x", OSError)]
)
def test_a_place_where_no_folder_can_be_is_refused(path, error, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(error):
        check_folder(tmp_path / path)
    for taken in (tmp_path, tmp_path / "new", None):
        check_folder(taken)
    assert not (tmp_path / "new").exists()


def test_a_name_that_promises_another_kind_of_file_is_refused():
    for name in ("a.wav", "a.WAV", "a.b.wave", "a", "/dev/null"):
        check_suffix("-o", Path(name), "WAV")
    for name in ("a.mp3", "a.wav.flac", "a.mid"):
        with pytest.raises(ValueError, match=r"only WAV files are written here; name it \.wav or \.wave"):
            check_suffix("-o", Path(name), "WAV")
