"""Files of a corpus to pieces: in parallel, one bad file left out, never all files in memory at once."""

import logging
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from offline.chorales import MIN_NOTES
from offline.corpora.catalog import Corpus, find_corpus
from offline.corpora.midi import Track, read_sheet
from offline.corpora.parts import Facts, Labels
from offline.corpora.sources import Source, read_facts, source_files
from offline.score import Piece

SIDES = ("train", "valid", "test")
"""Folders that a source may sort its files into; pieces are not named after them."""
SHARE_ALIKE = "ShareAlike"
CLEANSED = "cleansed_ids.txt"

log = logging.getLogger(__name__)


class Job(NamedTuple):
    """A file to read."""

    path: Path
    name: str
    """Of the piece: the path within the source, without side and suffix."""
    source: Source
    facts: Facts
    side: str
    """train, valid or test, where the source's own folders say so, else empty."""


class Entry(NamedTuple):
    """A piece and what is known of it."""

    piece: Piece
    seconds: float
    """At the tempo of the file."""
    source: str
    """Key of its source."""
    work: str
    """Pieces of one work are never split."""
    side: str


def find_jobs(corpus: Corpus, data: Path) -> list[Job]:
    """Return the files of ``corpus`` under the folder ``data``, without share-alike ones.

    Raises:
        OSError: a source is not there; the message says how to get it.
        ValueError: an index is damaged.
    """
    jobs = []
    for source in corpus.sources:
        folder = data / source.key
        files = source_files(folder)
        if not files:
            raise OSError(
                f"{corpus.title} needs MIDI files in {folder}, and there are none: "
                + (source.by_hand or f"concertino data get {corpus.key}")
            )
        facts, wanted = read_facts(folder), _cleansed(folder)
        for path in files:
            relative = path.relative_to(folder)
            fact = facts.get(relative.as_posix(), Facts())
            if SHARE_ALIKE in fact.licence or (wanted is not None and path.stem not in wanted):
                continue
            if not _promising(corpus, fact):
                continue
            side = relative.parts[0] if relative.parts[0] in SIDES and len(relative.parts) > 1 else ""
            name = relative.with_suffix("").as_posix().removeprefix(f"{side}/")
            jobs.append(Job(path, name, source, fact, side))
    return jobs


def _promising(corpus: Corpus, facts: Facts) -> bool:
    """Return whether a file can be a piece of the corpus, by what the index tells of its tracks."""
    if not facts.tracks or corpus.rule is None:
        return True
    empty = np.zeros((0, 3), np.int64)
    labels = corpus.rule([Track(*track, empty) for track in facts.tracks], facts)
    return labels is not None and len(set(labels) - {None}) >= 2


def _cleansed(folder: Path) -> set[str] | None:
    """Return the names of the files that a list of the folder keeps, None without such a list."""
    path = folder / CLEANSED
    if not path.is_file():
        return None
    return {word for line in path.read_text("utf-8").splitlines() for word in line.split()}


def read_jobs(corpus: Corpus, jobs: list[Job], *, progress: bool = True) -> Iterator[Entry | tuple[str, str]]:
    """Yield an entry for each file that holds a piece, (file, what is wrong) for one that can't be read."""
    from tqdm import tqdm

    with ProcessPoolExecutor() as pool:
        results = pool.map(partial(_read, corpus.key), jobs, chunksize=8)
        bar = tqdm(results, f"reading {corpus.key}", len(jobs), unit="file", disable=not progress)
        for job, result in zip(jobs, bar, strict=True):
            if isinstance(result, str):
                log.warning("%s is left out: %s", job.path.name, result)
                yield job.path.name, result
            elif result is not None:
                piece, seconds = result
                yield Entry(piece, seconds, job.source.key, work_of(job), job.side)


def holds_piece(corpus: Corpus, jobs: list[Job]) -> bool:
    """Return whether any of the files is a piece of the corpus; reads up to the first that is."""
    return any(isinstance(_read(corpus.key, job), tuple) for job in jobs)


def _read(key: str, job: Job) -> tuple[Piece, float] | str | None:
    """Return the piece in a file and its seconds, None where it holds none, or what is wrong with it."""
    try:
        return read_piece(find_corpus(key), job)
    except (OSError, ValueError) as error:
        return str(error)
    except Exception as error:  # a file of strangers must not end the reading of all others
        return f"{type(error).__name__}: {error}"


def read_piece(corpus: Corpus, job: Job) -> tuple[Piece, float] | None:
    """Return the piece in a file and its seconds, or None if it is no piece of the corpus.

    A piece has at least two parts with more than 10 notes (Dong et al., ISMIR 2021, section 4.1).

    Raises:
        OSError, ValueError: the file can't be read.
    """
    assert corpus.rule is not None
    sheet = read_sheet(job.path, corpus.ticks)
    if sheet.seconds > corpus.longest:
        return None
    labels = corpus.rule(sheet.tracks, job.facts)
    if labels is None:
        return None
    piece = _piece(job.name, sheet.tracks, labels)
    if np.count_nonzero(np.bincount(piece.part) > MIN_NOTES) < 2:
        return None
    return piece, sheet.seconds


def _piece(name: str, tracks: list[Track], labels: Labels) -> Piece:
    """Return what ``offline.score.make_piece`` would, of tables that are too long for tuples."""
    tables = [np.zeros((0, 4), np.int64)]
    for label in sorted({label for label in labels if label is not None}):
        notes = np.concatenate([t.notes for t, own in zip(tracks, labels, strict=True) if own == label])
        notes = np.unique(notes[notes[:, 2] > 0], axis=0)
        tables.append(np.insert(notes, 3, label, axis=1))
    onset, pitch, duration, part = np.concatenate(tables).T
    order = np.lexsort((part, duration, pitch, onset))
    return Piece(name, *(np.ascontiguousarray(c[order]) for c in (onset, pitch, duration, part)))


def work_of(job: Job) -> str:
    """Return the work that a file belongs to, by what its source says; empty where it says nothing."""
    return job.source.work_of(job.facts.work) if job.facts.work else ""
