"""Music to train on: read from files, split by rule, and never a test piece of a separator."""

import os
from pathlib import Path

import numpy as np
import pytest

from offline.corpora import cache as corpora_cache
from offline.corpora.reading import Entry
from offline.mmt.music import MUSIC, find_music, is_piece, load_music, notes_of
from offline.mmt.report import load_side
from offline.mmt.runs import load_sides
from offline.mmt.split import COMMITTED, by_work, guarded, load_music_split, make_music_split
from offline.score import Piece
from offline.split import load_split
from realtime.music.mmt.midi import write_notes
from realtime.music.mmt.representation import tidy

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def folder(tmp_path, monkeypatch, made_up):
    """A user's folder of MIDI files, one of which is damaged and one too short."""
    monkeypatch.setattr(corpora_cache, "cache_folder", lambda: tmp_path / "cache")
    where = tmp_path / "data" / "lmd_full" / "0"
    where.mkdir(parents=True)
    for number in range(12):
        write_notes(where / f"{number:02}.mid", made_up(number))
    write_notes(where / "short.mid", made_up(1, beats=5))
    (where / "damaged.mid").write_bytes(b"MThd")
    return tmp_path / "data"


def entry(seed: int, side: str = "", work: str = "", source: str = "openscore-lieder") -> Entry:
    """A piece of a tune that only pieces of the same seed share."""
    draws = np.random.default_rng(seed)
    notes = tidy([(12 * beat, int(draws.integers(60, 84)), 12, 0) for beat in range(60)])
    return Entry(Piece(str(seed), *notes.T), 0.0, source, work, side)


def test_files_become_tables_of_notes_and_stay_read(folder, made_up, monkeypatch):
    entries = load_music("lmd", data=folder, progress=False)
    assert list(entries) == [f"lmd_full/0/{number:02}" for number in range(12)]
    assert notes_of(entries["lmd_full/0/03"].piece).tolist() == tidy(made_up(3)).tolist()
    monkeypatch.setattr("offline.mmt.music.read_pieces", None)
    assert list(load_music("lmd", data=folder, progress=False)) == list(entries)


def test_a_folder_that_is_not_there_is_asked_for(tmp_path):
    with pytest.raises(OSError, match=r"lmd_full.*download lmd_full\.tar\.gz"):
        load_music("lmd", data=tmp_path)
    with pytest.raises(ValueError, match="no music 'jazz'"):
        find_music(["jazz"])


def test_a_users_own_lists_are_the_split(folder):
    entries = load_music("lmd", data=folder, progress=False)
    by_rule = load_music_split("lmd", entries, data=folder)
    assert sorted(sum(by_rule, ())) == sorted(entries)
    names = {"train": ["0/00.mid", "0/01"], "valid": ["0/02"], "test": ["0/03"]}
    for side, listed in names.items():
        (folder / "lmd_full" / f"{side}-names.txt").write_text("\n".join(listed))
    split = load_music_split("lmd", entries, data=folder)
    assert split == (("lmd_full/0/00", "lmd_full/0/01"), ("lmd_full/0/02",), ("lmd_full/0/03",))


def listed(data: Path, source: str, train: str, valid: str, test: str) -> None:
    """Write the three lists of a source, of a name each."""
    (data / source).mkdir(exist_ok=True)
    for side, name in (("train", train), ("valid", valid), ("test", test)):
        (data / source / f"{side}-names.txt").write_text(f"{name}\n", "utf-8")


def test_a_title_with_dots_is_listed_with_or_without_suffix(tmp_path):
    titles = ("Concerto Grosso No.3  2.3.Adagio, Allegro_orch", "Über No.1", "No. 2.mid")
    entries = {f"SOD/A/{number}/{title}": entry(number) for number, title in enumerate(titles)}
    listed(tmp_path, "SOD", f"A/0/{titles[0]}", f"A/1/{titles[1]}.MID", f"A/2/{titles[2]}.mid")
    assert load_music_split("sod", entries, data=tmp_path) == tuple((name,) for name in entries)


def test_the_authors_own_names_are_known_where_they_name_one_piece(tmp_path, caplog):
    names = ("A/1/First No.1_orch", "A/2/Second_orch", "A/3/Third_orch", "A/4/Fourth_orch", "A/4/Fourth_solo")
    entries = {f"SOD/{name}": entry(number) for number, name in enumerate(names)}
    listed(tmp_path, "SOD", "A/A-1", "A/A-2\nA/A-4\nA/A-5", "A/A-3")
    split = load_music_split("sod", entries, data=tmp_path)
    assert split == (("SOD/A/1/First No.1_orch",), ("SOD/A/2/Second_orch",), ("SOD/A/3/Third_orch",))
    assert "2 names of its lists are of no piece" in caplog.text
    symphonies = {f"SymphonyNet_Dataset/classical/{name}": entry(1) for name in ("a_(c)b", "c", "d")}
    listed(
        tmp_path, "SymphonyNet_Dataset", "classical/classical-a_(c)b", "classical/classical-c", "classical/d"
    )
    assert load_music_split("symphonynet", symphonies, data=tmp_path) == tuple((name,) for name in symphonies)


def test_lists_that_name_nothing_are_refused_by_name(tmp_path):
    entries = {f"SOD/A/{number}/Title": entry(number) for number in range(3)}
    listed(tmp_path, "SOD", "A/0/Title", "A/7/Title", "A/Title")
    with pytest.raises(
        ValueError, match=r"a name of valid-names\.txt or test-names\.txt; a line is the path"
    ):
        load_music_split("sod", entries, data=tmp_path)


def test_a_side_without_a_piece_is_named(folder):
    for path in sorted((folder / "lmd_full" / "0").glob("*.mid"))[1:]:
        path.unlink()
    refused = r"lmd: no piece is on the train side.*train-names\.txt, valid-names\.txt"
    with pytest.raises(ValueError, match=refused):
        load_side(["lmd"], "train", data=folder, progress=False)
    with pytest.raises(ValueError, match=refused):
        load_sides(["lmd"], data=folder, progress=False)


def test_the_rule_keeps_works_together_and_gives_a_tenth_to_each_side():
    piece = entry(0).piece
    entries = {f"lmd_full/{n}": Entry(piece, 0.0, "lmd_full", f"{n // 2}", "") for n in range(2000)}
    split = by_work(entries)
    side = {name: s for s, names in split._asdict().items() for name in names}
    assert all(side[f"lmd_full/{n}"] == side[f"lmd_full/{n + 1}"] for n in range(0, 2000, 2))
    assert len(split.test) == pytest.approx(200, abs=50)
    assert len(split.validation) == pytest.approx(200, abs=50)


def test_what_is_like_a_test_piece_is_not_trained_on():
    entries = {
        "openscore-lieder/own-test": entry(1, "test"),
        "openscore-lieder/the-same-tune": entry(1, "train"),
        "openscore-lieder/the-same-work": entry(2, "valid", "w"),
        "openscore-lieder/as-this": entry(3, "train", "w"),
        "openscore-lieder/a-chorale": entry(4, "train"),
        "openscore-lieder/other": entry(5, "train"),
    }
    test_chorale = next(name for name in guarded({}) if name.startswith("music21/"))
    on = "test" if guarded({})[test_chorale] == "test" else "validation"
    split = make_music_split(entries, {test_chorale.removeprefix("music21/"): entry(4).piece})
    side = {
        name.removeprefix("openscore-lieder/"): s for s, names in split._asdict().items() for name in names
    }
    assert side == {
        "own-test": "test",
        "the-same-tune": "test",
        "the-same-work": "validation",
        "as-this": "validation",
        "a-chorale": on,
        "other": "train",
    }


def test_no_test_piece_of_a_separator_is_trained_on_or_chosen_by():
    split, sides = load_split(COMMITTED), guarded({})
    test = {name for name, side in sides.items() if side == "test"}
    assert len(test) > 300
    assert not test & {*split.train, *split.validation}
    assert not {name for name, side in sides.items() if side == "validation"} & set(split.train)
    assert sum(map(len, split)) == len(set(sum(split, ())))
    assert {name.split("/")[0] for name in split.train} == {
        source.key for music in MUSIC.values() if music.committed for source in music.sources
    }


def test_the_real_pieces_are_those_of_the_committed_split():
    data = Path(os.environ.get("CONCERTINO_DATA", SHARED))
    if not (data / "freedoom-game-music").is_dir():
        pytest.skip("the corpora are not here: concertino data get, or the variable CONCERTINO_DATA")
    from realtime.music.mmt.midi import read_notes

    split = load_split(COMMITTED)
    named = {name for name in sum(split, ()) if name.startswith("freedoom-game-music/")}
    for name in sorted(named)[::25]:
        (path,) = (data / "freedoom-game-music").glob(f"**/{Path(name).name}.mid")
        assert is_piece(tidy(read_notes(path)))
