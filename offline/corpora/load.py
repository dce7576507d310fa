"""A corpus by its key: its pieces, what is known of them, and its committed split."""

import logging
from pathlib import Path

from offline.chorales import load_chorales
from offline.corpora.cache import cache_folder, fingerprint, keep_entries, load_entries
from offline.corpora.catalog import find_corpus
from offline.corpora.reading import SIDES, Entry, find_jobs, read_jobs
from offline.corpora.sources import data_folder
from offline.score import TICKS, Piece
from offline.split import SPLIT_FILE, Split, format_split, load_split, make_split

SPLITS = SPLIT_FILE.parent
BPM = 120.0
"""Tempo at which music without one is counted: it gives the paper's hours of chorales."""

log = logging.getLogger(__name__)


def load_corpus(key: str, *, data: Path | None = None, progress: bool = True) -> dict[str, Piece]:
    """Return the pieces of a corpus by name, in the order of the names.

    ``data`` is the folder that holds its sources (by default $CONCERTINO_DATA, else where
    ``concertino data get`` puts them). Files are read once, by all processors, and kept in the user's cache
    folder; a file that can't be read is logged and left out.

    Raises:
        ValueError: there is no such corpus, or an index is damaged.
        OSError: a source is not there; the message says how to get it.
        ImportError: music21 is not installed (for ``bach``).
    """
    return {name: e.piece for name, e in load_entries_of(key, data=data, progress=progress).items()}


def load_entries_of(key: str, *, data: Path | None = None, progress: bool = True) -> dict[str, Entry]:
    """Return the pieces of a corpus with their seconds, source and work.

    Raises:
        ValueError, OSError, ImportError: as ``load_corpus``.
    """
    corpus = find_corpus(key)
    if not corpus.sources:
        pieces = load_chorales(progress=progress)
        return {n: Entry(p, _quarters(p) * 60 / BPM, "music21", "", "") for n, p in pieces.items()}
    jobs = find_jobs(corpus, data_folder(data))
    stem = cache_folder() / f"{key}-{fingerprint(corpus, jobs)}"
    return load_entries(stem) or keep_entries(stem, read_jobs(corpus, jobs, progress=progress))


def _quarters(piece: Piece) -> float:
    return float((piece.onset + piece.duration).max()) / TICKS


def split_file(key: str) -> Path:
    """Return where the committed split of a corpus lies, whether or not there is one."""
    return SPLIT_FILE if key == "bach" else SPLITS / f"{find_corpus(key).key}.toml"


def make_corpus_split(key: str, seed: int = 0, *, data: Path | None = None, progress: bool = True) -> Split:
    """Return a split of a corpus: 8:1:1 by piece, works and near duplicates on one side.

    Where the source comes with sides of its own (NES-MDB), these stand.

    Raises:
        ValueError, OSError, ImportError: as ``load_corpus``.
    """
    entries = load_entries_of(key, data=data, progress=progress)
    pieces = {name: entry.piece for name, entry in entries.items()}
    if key == "bach":
        return make_split(pieces, seed)
    if find_corpus(key).official and all(entry.side for entry in entries.values()):
        return Split(*(tuple(n for n, e in entries.items() if e.side == side) for side in SIDES))
    works = {name: f"{entry.source}/{entry.work}" for name, entry in entries.items() if entry.work}
    return make_split(pieces, seed, lines=True, works=works)


def load_corpus_split(key: str, *, data: Path | None = None, progress: bool = True) -> Split:
    """Return the split of a corpus: the committed one.

    For a corpus of the user's own files it is made at first use, and kept in the cache folder for as long as
    the files stay the same.

    Raises:
        ValueError, OSError, ImportError: as ``load_corpus``; or the file is no split.
    """
    committed = split_file(key)
    if committed.is_file():
        return load_split(committed)
    jobs = find_jobs(find_corpus(key), data_folder(data))
    kept = cache_folder() / f"{key}-{fingerprint(find_corpus(key), jobs)}.toml"
    # One with an empty side may be of a version that gave few pieces none.
    if not kept.is_file() or not all(load_split(kept)):
        split = make_corpus_split(key, data=data, progress=progress)
        kept.write_text(format_split(split, 0, key), "utf-8")
    return load_split(kept)
