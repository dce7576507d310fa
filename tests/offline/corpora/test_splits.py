"""The committed splits: no piece of the test or validation side, nor anything like one, is in training."""

import pytest

from offline.corpora.catalog import CORPORA
from offline.corpora.load import load_corpus_split, load_entries_of, split_file
from offline.split import near_duplicates

COMMITTED = [key for key in CORPORA if split_file(key).is_file()]


@pytest.fixture
def cache():
    """These corpora are large: what was read stays read."""


@pytest.fixture(params=COMMITTED)
def corpus(request):
    """Key and entries of a corpus with a committed split, where it is here."""
    key, data = request.param, None
    if key == "bach":
        pytest.importorskip(
            "music21", reason="the chorales are in music21: pip install 'concertino[offline]'"
        )
    else:
        data = request.getfixturevalue("real_data")
    return key, load_entries_of(key, data=data, progress=False)


def test_no_piece_like_one_of_the_test_or_validation_side_is_in_training(corpus):
    key, entries = corpus
    split = load_corpus_split(key)
    sides = {name: side for side, names in split._asdict().items() for name in names}
    assert sorted(sides) == sorted(entries), "a piece is on no side, or not in the corpus"
    assert sum(map(len, split)) == len(sides), "a piece is on two sides"
    pieces = {name: entry.piece for name, entry in entries.items()}
    for pair in near_duplicates(pieces, lines=key != "bach"):
        assert sides[pair.a] == sides[pair.b], pair
    works: dict[str, str] = {}
    for name, entry in entries.items():
        if entry.work:
            assert works.setdefault(f"{entry.source}/{entry.work}", sides[name]) == sides[name], name


@pytest.mark.parametrize("key", COMMITTED)
def test_a_tenth_of_the_pieces_is_on_each_guarded_side(key):
    split = load_corpus_split(key)
    tenth = sum(map(len, split)) / 10
    assert len(split.test) == pytest.approx(tenth, abs=1)
    assert len(split.validation) == pytest.approx(tenth, abs=1)
    assert not set(split.train) & {*split.test, *split.validation}
