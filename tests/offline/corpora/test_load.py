import logging

import numpy as np
import pytest

from offline.corpora import load as module
from offline.corpora.load import load_corpus, load_corpus_split, load_entries_of
from offline.score import TICKS, make_piece
from tests.offline.corpora.conftest import QUARTET, tune, write_index, write_midi, write_quartet


def test_quartets_come_from_all_sources_without_share_alike_pieces_and_duos(quartets):
    pieces = load_corpus("quartets", data=quartets, progress=False)
    assert list(pieces) == ["free", "quartet-0", "quartet-1", "quartet-2"]


def test_a_piece_is_what_its_file_says(quartets):
    piece = load_corpus("quartets", data=quartets, progress=False)["quartet-1"]
    parts = [
        [(on * TICKS, pitch, length * TICKS) for on, pitch, length in tune(4 + place, low=low)]
        for place, (_, _, low) in enumerate(QUARTET)
    ]
    for found, true in zip(piece.columns, make_piece("", parts).columns, strict=True):
        np.testing.assert_array_equal(found, true)
        assert found.dtype == np.int64


def test_notes_that_agree_are_kept_once_and_empty_ones_dropped(tmp_path):
    notes = tune(0)
    twice = [("Violin 1", 40, 0, [*notes, (50, 60, 0.001)]), ("Violin 1", 40, 1, notes)]
    others = [(name, program, 2, tune(program)) for name, program in (("Flute", 73), ("Cello", 42))]
    more = [(f"Oboe {n}", 68, 3, tune(n)) for n in (5, 6)]
    data = tmp_path / "data"
    write_midi(data / "openscore-orchestra" / "a.mid", [*twice, *others, *more])
    write_quartet(data / "mutopia-ensembles" / "q.mid", 0)
    piece = load_corpus("orchestra", data=data, progress=False)["a"]
    assert np.count_nonzero(piece.part == 2) == len(notes)


def test_a_piece_needs_two_parts_with_more_than_ten_notes(quartets):
    short = [(name, program, 0, tune(place, 10)) for place, (name, program, _) in enumerate(QUARTET[1:])]
    path = quartets / "openscore-string-quartets" / "short.mid"
    write_midi(path, [("Violin 1", 40, 4, tune(9, 11)), *short])
    assert "short" not in load_corpus("quartets", data=quartets, progress=False)


def test_a_bad_file_is_named_and_left_out_each_time(quartets, caplog):
    (quartets / "openscore-string-quartets" / "broken.mid").write_bytes(b"MThd, no more")
    for _ in range(2):
        with caplog.at_level(logging.WARNING):
            assert len(load_corpus("quartets", data=quartets, progress=False)) == 4
        assert "broken.mid is left out" in caplog.text
        caplog.clear()


def test_files_are_read_once_until_one_changes(quartets, monkeypatch):
    first = load_corpus("quartets", data=quartets, progress=False)
    with monkeypatch.context() as patched:
        patched.setattr(module, "read_jobs", lambda *_, **__: pytest.fail("the cache was not used"))
        again = load_corpus("quartets", data=quartets, progress=False)
    assert list(again) == list(first)
    for name, piece in first.items():
        assert all(np.array_equal(a, b) for a, b in zip(piece.columns, again[name].columns, strict=True))
    write_quartet(quartets / "openscore-string-quartets" / "train" / "quartet-0.mid", 77)
    changed = load_corpus("quartets", data=quartets, progress=False)
    assert not np.array_equal(changed["quartet-0"].pitch, first["quartet-0"].pitch)


@pytest.mark.parametrize("suffix", [".notes", ".json"])
def test_a_damaged_cache_is_read_again(quartets, cache, suffix):
    load_corpus("quartets", data=quartets, progress=False)
    (kept,) = cache.glob(f"*{suffix}")
    kept.write_bytes(kept.read_bytes()[:100])
    assert len(load_corpus("quartets", data=quartets, progress=False)) == 4


def test_the_folder_is_told_by_the_environment(quartets, monkeypatch):
    monkeypatch.setenv("CONCERTINO_DATA", str(quartets))
    assert len(load_corpus("quartets", progress=False)) == 4


def test_a_source_that_is_missing_is_named_with_what_to_do(tmp_path):
    with pytest.raises(OSError, match="openscore-string-quartets, and there are none: concertino data get"):
        load_corpus("quartets", data=tmp_path, progress=False)
    with pytest.raises(OSError, match=r"download nesmdb_midi\.tar\.gz"):
        load_corpus("nes", data=tmp_path, progress=False)
    with pytest.raises(ValueError, match="no corpus 'choir'; choose one of bach, quartets"):
        load_corpus("choir", data=tmp_path, progress=False)


def test_a_damaged_index_is_refused_by_name(quartets):
    (quartets / "mutopia-ensembles" / "index.json").write_text("[{]", "utf-8")
    with pytest.raises(ValueError, match=r"index\.json is damaged"):
        load_corpus("quartets", data=quartets, progress=False)


def test_works_are_told_by_the_source(tmp_path, quartets):
    lieder, pop = tmp_path / "data" / "openscore-lieder", tmp_path / "data" / "pop909"
    for place, name in enumerate(("a", "b")):
        write_midi(lieder / f"{name}.mid", [("Voice", 52, 0, tune(place)), ("Piano", 0, 1, tune(9 + place))])
    write_midi(
        pop / "001.mid", [(n, 0, c, tune(20 + c)) for c, n in enumerate(("MELODY", "BRIDGE", "PIANO"))]
    )
    write_index(lieder, **{"a.mid": {"work": "Schubert/Winterreise"}, "b.mid": {"work": "Schubert/_"}})
    entries = load_entries_of("song", data=tmp_path / "data", progress=False)
    assert {name: entry.work for name, entry in entries.items()} == {
        "001": "",
        "a": "Schubert/Winterreise",
        "b": "",
    }
    quartet = load_entries_of("quartets", data=quartets, progress=False)["free"]
    assert quartet.work == "ftp/A/O1"


def _nes(folder, name, seed):
    tracks = [
        (n, p, c, tune(seed + c))
        for c, (n, p) in enumerate((("p1", 80), ("p2", 81), ("tr", 38), ("no", 121)))
    ]
    return write_midi(folder / f"{name}.mid", tracks, resolution=22_050)


def test_game_music_has_ticks_of_ten_milliseconds_and_the_split_of_its_folders(tmp_path):
    for place, side in enumerate(("train", "valid", "test")):
        _nes(tmp_path / "nesmdb_midi" / side, f"{place:03}_Game_00_01Title", 10 * place)
    pieces = load_corpus("nes", data=tmp_path, progress=False)
    piece = pieces["000_Game_00_01Title"]
    assert np.unique(np.diff(piece.onset)).tolist() == [0, 50]  # a quarter of half a second
    assert set(piece.part.tolist()) == {0, 1, 2}
    split = load_corpus_split("nes", data=tmp_path, progress=False)
    assert [len(side) for side in split] == [1, 1, 1]
    assert split.test == ("002_Game_00_01Title",)


def test_lakh_is_read_as_its_cleansed_list_says(tmp_path):
    folder = tmp_path / "lmd_matched" / "A" / "TRAAA"
    band = [("", 0, 0, tune(0)), ("", 33, 1, tune(1)), ("", 81, 2, tune(2)), ("", 0, 9, tune(3))]
    for name in ("kept", "other"):
        write_midi(folder / f"{name}.mid", band)
    write_midi(folder / "long.mid", [*band, ("", 24, 3, [(3000, 60, 1)])])
    (tmp_path / "lmd_matched" / "cleansed_ids.txt").write_text("kept    TRAAA\nlong    TRAAA\n", "utf-8")
    pieces = load_corpus("lakh", data=tmp_path, progress=False)
    assert list(pieces) == ["A/TRAAA/kept"]
    assert np.bincount(pieces["A/TRAAA/kept"].part).tolist() == [40, 0, 40]


def test_musicnet_quartets_are_found_among_other_music(tmp_path):
    write_quartet(tmp_path / "musicnet_midis" / "Beethoven" / "2494_qt11_4.mid", 0)
    write_midi(tmp_path / "musicnet_midis" / "Beethoven" / "2530_ps8_1.mid", [("Piano", 0, 0, tune(0))])
    assert list(load_corpus("musicnet", data=tmp_path, progress=False)) == ["Beethoven/2494_qt11_4"]


def test_the_split_of_a_users_own_corpus_is_made_once_and_kept(tmp_path, cache, monkeypatch):
    for seed in range(12):
        write_quartet(tmp_path / "musicnet_midis" / f"q{seed}.mid", seed)
    first = load_corpus_split("musicnet", data=tmp_path, progress=False)
    assert sorted(map(len, first)) == [1, 1, 10]
    monkeypatch.setattr(module, "make_corpus_split", lambda *_, **__: pytest.fail("it was made again"))
    assert load_corpus_split("musicnet", data=tmp_path, progress=False) == first
