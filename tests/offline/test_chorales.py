import logging
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("music21", reason="the chorales are in music21: pip install 'concertino[offline]'")

from offline import chorales as module
from offline.chorales import corpus_files, load_chorales, read_chorale, read_chorales


def _file(name: str) -> Path:
    return next(path for path in corpus_files() if path.stem == name)


def test_the_corpus_has_the_pieces_and_notes_of_the_paper(chorales):
    # Dong et al. (ISMIR 2021) count 409 pieces and 96,605 notes: one note less, with an older music21.
    assert len(chorales) == 409
    assert sum(map(len, chorales.values())) == 96_606


def test_every_piece_is_sorted_and_without_empty_notes(chorales):
    for piece in chorales.values():
        order = np.lexsort((piece.duration, piece.pitch, piece.onset))
        assert (order == np.arange(len(piece))).all(), piece.name
        assert piece.duration.min() > 0, piece.name


def test_voices_that_are_named_by_hand_are_found():
    piece = read_chorale(_file("bwv41.6"))
    assert piece is not None
    assert np.bincount(piece.part).tolist() == [81, 101, 107, 124]


def test_a_piece_for_another_instrument_is_left_out():
    assert read_chorale(_file("bwv846")) is None


def test_a_bad_file_is_named_and_left_out(tmp_path, caplog):
    bad = tmp_path / "broken.mxl"
    bad.write_bytes(b"no score")
    with caplog.at_level(logging.WARNING):
        pieces, complete = read_chorales([bad, _file("bwv66.6")], progress=False)
    assert list(pieces) == ["bwv66.6"]
    assert not complete
    assert "broken.mxl is left out" in caplog.text


def test_the_corpus_is_read_once_and_then_cached(tmp_path, monkeypatch, chorales):
    monkeypatch.setattr(module.platformdirs, "user_cache_path", lambda _: tmp_path)
    monkeypatch.setattr(module, "corpus_files", lambda: [_file("bwv66.6")])
    first = load_chorales(progress=False)["bwv66.6"]
    monkeypatch.setattr(module, "corpus_files", lambda: pytest.fail("the cache was not used"))
    again = load_chorales(progress=False)["bwv66.6"]
    for a, b, true in zip(first.columns, again.columns, chorales["bwv66.6"].columns, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, true)


def test_a_damaged_cache_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(module.platformdirs, "user_cache_path", lambda _: tmp_path)
    monkeypatch.setattr(module, "corpus_files", lambda: [_file("bwv66.6")])
    load_chorales(progress=False)
    (cache,) = tmp_path.glob("*.npz")
    cache.write_bytes(cache.read_bytes()[:100])
    assert list(load_chorales(progress=False)) == ["bwv66.6"]
