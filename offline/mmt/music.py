"""Multitrack music for the Multitrack Music Transformer: files of the corpora to tables of notes, read once.

Pieces are kept as ``offline.score.Piece`` in ticks of 12 per quarter note, the program in place of the part.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.corpora import cache
from offline.corpora.catalog import Corpus
from offline.corpora.reading import Entry, Job, find_jobs, work_of
from offline.corpora.sources import (
    FREEDOOM,
    LIEDER,
    MUTOPIA,
    ORCHESTRA,
    POP909,
    QUARTETS,
    Source,
    data_folder,
)
from offline.score import Piece
from realtime.music.mmt import instruments, midi, representation
from realtime.music.mmt.midi import read_notes
from realtime.music.mmt.representation import RESOLUTION, Notes, tidy

BAR = 4 * RESOLUTION
SHORTEST, LONGEST = 10 * BAR, 2000 * BAR
"""Ticks that a piece lasts (Dong et al., ICASSP 2023)."""
MIN_NOTES = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Music:
    """A body of music that can be trained on."""

    title: str
    licence: str
    sources: tuple[Source, ...]
    committed: bool = False
    """Whether its split is the committed one."""


SOD = Source(
    "SOD",
    "Symbolic Orchestral Database",
    "the user's own copy",
    by_hand="download the Symbolic Orchestral Database (SOD.zip of the Projective Orchestral Database, "
    "qsdfo.github.io/LOP/database.html) and unpack it as the folder SOD",
)
LMD = Source(
    "lmd_full",
    "Lakh MIDI Dataset",
    "CC BY 4.0 (the collection)",
    by_hand="download lmd_full.tar.gz of the Lakh MIDI Dataset (colinraffel.com/projects/lmd) and unpack it",
)
SYMPHONYNET = Source(
    "SymphonyNet_Dataset",
    "SymphonyNet",
    "the user's own copy",
    by_hand="download the data set of SymphonyNet (symphonynet.github.io) and unpack it as the folder "
    "SymphonyNet_Dataset",
)

MUSIC: dict[str, Music] = {
    "open": Music(
        "Orchestral, chamber, vocal and game music of OpenScore, the Mutopia Project and Freedoom",
        "CC0 1.0 (OpenScore); Public Domain or CC BY (Mutopia, by piece; no share-alike); BSD 3-clause "
        "(Freedoom)",
        (ORCHESTRA, MUTOPIA, QUARTETS, LIEDER, FREEDOOM),
        committed=True,
    ),
    "pop909": Music(
        "Pop songs of POP909", "MIT (arrangements; the songs are in copyright)", (POP909,), committed=True
    ),
    "sod": Music(SOD.title, SOD.licence, (SOD,)),
    "lmd": Music(LMD.title, LMD.licence, (LMD,)),
    "symphonynet": Music(SYMPHONYNET.title, SYMPHONYNET.licence, (SYMPHONYNET,)),
}
"""By key; the last three are folders that a user has."""


def find_music(keys: Iterable[str]) -> dict[str, Music]:
    """Return the bodies of music with these keys, each once.

    Raises:
        ValueError: there is none of a name.
    """
    keys = list(dict.fromkeys(keys))
    if unknown := [key for key in keys if key not in MUSIC]:
        raise ValueError(f"there is no music {unknown[0]!r} to train on; choose from {', '.join(MUSIC)}")
    return {key: MUSIC[key] for key in keys}


def load_music(key: str, *, data: Path | None = None, progress: bool = True) -> dict[str, Entry]:
    """Return the pieces of a body of music by name, which begins with the key of the source.

    Files are read once and kept in the user's cache folder; one that can't be read is logged and left out.

    Raises:
        ValueError: there is no such music, or an index is damaged.
        OSError: a source is not there; the message says how to get it.
    """
    music = find_music([key])[key]
    corpus = Corpus(key, music.title, (), (), music.licence, None, music.sources, ticks=RESOLUTION)
    jobs = find_jobs(corpus, data_folder(data))
    stem = cache.cache_folder() / f"mmt-{key}-{cache.fingerprint(corpus, jobs)}-{_shaped()}"
    return cache.load_entries(stem) or cache.keep_entries(stem, read_pieces(key, jobs, progress=progress))


def _shaped() -> str:
    """Return a hash of the modules that decide what is read from a file."""
    modules = (__file__, instruments.__file__, midi.__file__, representation.__file__)
    return hashlib.sha256(b"".join(Path(module).read_bytes() for module in modules)).hexdigest()[:8]


def read_pieces(key: str, jobs: list[Job], *, progress: bool = True) -> Iterator[Entry | tuple[str, str]]:
    """Yield an entry for each file that holds a piece, (file, what is wrong) for one that can't be read."""
    from tqdm import tqdm

    with ProcessPoolExecutor() as pool:
        results = pool.map(_read, [job.path for job in jobs], chunksize=8)
        bar = tqdm(results, f"reading {key}", len(jobs), unit="file", disable=not progress)
        for job, result in zip(jobs, bar, strict=True):
            if isinstance(result, str):
                log.warning("%s is left out: %s", job.path.name, result)
                yield job.path.name, result
            elif result is not None:
                piece = Piece(f"{job.source.key}/{job.name}", *np.ascontiguousarray(result.T))
                yield Entry(piece, 0.0, job.source.key, work_of(job), job.side)


def _read(path: Path) -> Notes | str | None:
    """Return the notes in a file, None where it is no piece to train on, or what is wrong with it."""
    try:
        notes = tidy(read_notes(path))
    except (OSError, ValueError) as error:
        return str(error)
    except Exception as error:  # a file of strangers must not end the reading of all others
        return f"{type(error).__name__}: {error}"
    return notes if is_piece(notes) else None


def is_piece(notes: Notes) -> bool:
    """Return whether notes make a piece to train on: 10 to 2000 bars of four quarters, 50 notes or more."""
    return len(notes) >= MIN_NOTES and SHORTEST <= (notes[:, 0] + notes[:, 2]).max() <= LONGEST


def notes_of(piece: Piece) -> Notes:
    """Return the notes of a piece that was read here, sorted, each once."""
    return np.stack(piece.columns, axis=1)
