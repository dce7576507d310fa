import json

import pytest
from typer.testing import CliRunner

from offline.corpora.catalog import CORPORA
from offline.data_cli import app
from offline.split import load_split
from realtime.cli.program import app as concertino
from tests.offline.corpora.conftest import tune, write_midi


@pytest.fixture
def run():
    def call(*words, code=0):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output
        return result.output

    return call


def test_the_command_is_one_of_concertinos_and_its_help_teaches():
    result = CliRunner().invoke(concertino, ["data", "get", "--help"])
    assert result.exit_code == 0
    for word in ("--from", "concertino data get quartets", "lilypond"):
        assert word in result.output


def test_every_corpus_is_listed_with_licence_and_how_to_get_it(run, tmp_path):
    text = run("list", "--data", tmp_path)
    for key, corpus in CORPORA.items():
        assert f"{key}: {corpus.title}" in text
        assert corpus.licence in text
    assert "concertino data get quartets" in text
    assert "download nesmdb_midi.tar.gz" in text


def test_statistics_count_what_is_there(run, quartets):
    rows = json.loads(run("list", "--stats", "--json", "-", "--data", quartets, "--quiet"))
    row = next(row for row in rows if row["key"] == "quartets")
    assert row["stats"]["files"] == 4
    assert row["stats"]["notes"] == 4 * 4 * 40
    assert row["stats"]["hours"] == round(4 * 20 / 3600, 2)
    assert row["stats"]["parts"] == dict.fromkeys(CORPORA["quartets"].parts, 160)
    assert row["stats"]["most_common"] == "violin 1"
    absent = next(row for row in rows if row["key"] == "nes")
    assert absent["stats"] is None
    assert "download" in absent["problem"]


def test_the_chorales_last_as_long_as_in_the_paper():
    pytest.importorskip("music21", reason="the chorales are in music21: pip install 'concertino[offline]'")
    from offline.corpora.stats import corpus_stats

    stats = corpus_stats("bach", progress=False)
    assert stats.hours == pytest.approx(3.23, abs=0.01)
    assert stats.files == 409
    assert stats.most_common == "bass"


def test_check_finds_a_corpus_that_lacks_pieces_of_the_split(run, quartets):
    text = run("check", "quartets", "--data", quartets, "--quiet", code=1)
    assert "190 pieces of the committed split are missing" in text


def test_check_of_all_ends_well_where_nothing_is_there(run, tmp_path):
    text = run("check", "--data", tmp_path, "--quiet")
    assert "none         lakh" in text
    assert text.splitlines()[-1].endswith(" not there")
    run("check", "lakh", "--data", tmp_path, "--quiet", code=1)


def test_what_no_list_of_sums_tells_of_is_not_called_ok(run, tmp_path):
    write_midi(tmp_path / "nesmdb_midi" / "a.mid", [(n, p, c, tune(c)) for c, (n, p) in enumerate(VOICES)])
    lines = run("check", "nes", "--data", tmp_path, "--quiet").splitlines()
    assert lines[0].startswith("not checked  nes        nesmdb_midi: 1 files; no list of sums")
    assert lines[-1] == "1 not checked (no list of sums)"
    (found,) = json.loads(run("check", "nes", "--data", tmp_path, "--quiet", "--json", "-"))["nes"]
    assert (found["checked"], found["problem"]) == (False, "")
    run("get", "nes", "--from", tmp_path / "nesmdb_midi", "--data", tmp_path, "--quiet")
    lines = run("check", "nes", "--data", tmp_path, "--quiet").splitlines()
    assert lines[0].startswith("ok           nes        nesmdb_midi: 1 files; as they were got")
    assert lines[-1] == "1 ok"


def test_get_takes_a_folder_of_the_user_and_says_what_it_holds(run, tmp_path):
    voices = (("p1", 80), ("p2", 81), ("tr", 38))
    write_midi(tmp_path / "own" / "a.mid", [(n, p, c, tune(c)) for c, (n, p) in enumerate(voices)])
    text = run("get", "nes", "--from", tmp_path / "own", "--data", tmp_path / "data", "--quiet")
    assert "nes: 1 pieces, 120 notes" in text


def test_a_folder_with_other_music_is_refused(tmp_path):
    write_midi(tmp_path / "own" / "a.mid", [("Piano", 0, 0, tune(0))])
    words = ["get", "nes", "--from", str(tmp_path / "own"), "--data", str(tmp_path / "data"), "--quiet"]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, ValueError)
    assert "is it the right folder?" in str(error)


VOICES = (("p1", 80), ("p2", 81), ("tr", 38))


def _get(own, data):
    return CliRunner().invoke(app, ["get", "nes", "--from", str(own), "--data", str(data), "--quiet"])


def test_a_folder_that_is_refused_leaves_nothing_and_stays_itself(run, tmp_path):
    own, data = tmp_path / "own", tmp_path / "data"
    path = write_midi(own / "a.mid", [("Piano", 0, 0, tune(0))])
    assert isinstance(_get(own, data).exception, ValueError)
    assert list(data.iterdir()) == []
    assert list(own.iterdir()) == [path]
    assert "holds no MIDI files" in run("check", "nes", "--data", data, "--quiet", code=1)


def test_a_folder_that_is_refused_leaves_the_one_before_in_its_place(run, tmp_path):
    good, wrong, data = tmp_path / "good", tmp_path / "wrong", tmp_path / "data"
    write_midi(good / "a.mid", [(n, p, c, tune(c)) for c, (n, p) in enumerate(VOICES)])
    write_midi(wrong / "b.mid", [("Piano", 0, 0, tune(0))])
    assert _get(good, data).exit_code == 0
    assert isinstance(_get(wrong, data).exception, ValueError)
    assert (data / "nesmdb_midi").resolve() == good.resolve()
    assert "as they were got" in run("check", "nes", "--data", data, "--quiet")


def test_the_folder_that_is_linked_to_already_can_be_given_again(run, tmp_path):
    good, data = tmp_path / "good", tmp_path / "data"
    write_midi(good / "a.mid", [(n, p, c, tune(c)) for c, (n, p) in enumerate(VOICES)])
    for own in (good, data / "nesmdb_midi", data):
        assert _get(own, data).exit_code == 0
    assert (data / "nesmdb_midi").resolve() == good.resolve()


def test_check_tells_that_no_file_is_a_piece(run, tmp_path):
    write_midi(tmp_path / "nesmdb_midi" / "a.mid", [("Piano", 0, 0, tune(0))])
    text = run("check", "nes", "--data", tmp_path, "--quiet", code=1)
    assert (
        f"no file in {tmp_path / 'nesmdb_midi'} is a piece of Game music of NES-MDB: is it the right" in text
    )
    write_midi(tmp_path / "nesmdb_midi" / "b.mid", [(n, p, c, tune(c)) for c, (n, p) in enumerate(VOICES)])
    assert "wrong" not in run("check", "nes", "--data", tmp_path, "--quiet")


def test_split_writes_what_is_made(run, quartets, tmp_path):
    run("split", "quartets", "--into", tmp_path / "s.toml", "--data", quartets, "--quiet")
    split = load_split(tmp_path / "s.toml")
    assert sorted(name for side in split for name in side) == ["free", "quartet-0", "quartet-1", "quartet-2"]
