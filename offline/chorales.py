"""The Bach chorales of the music21 corpus, by the rules of Dong et al. (ISMIR 2021, section 4.1)."""

import logging
import os
import tempfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import platformdirs

from offline.score import TICKS, Piece, make_piece

PARTS = ("soprano", "alto", "tenor", "bass")
PROGRAMS = (73, 68, 70, 71)
"""General MIDI programs (flute, oboe, bassoon, clarinet) that the paper plays the four parts with."""
LICENCE = (
    "Music: J. S. Bach (1685-1750), public domain. Encodings: distributed with music21 by permission of "
    "their encoders, some perhaps with restrictions; not redistributed here."
)
MIN_NOTES = 10
"""A part counts when it has more notes than this; a piece is kept when two parts count."""
NAMED_BY_HAND = {  # scores that print the names of voices and of doubling instruments as one name
    "bwv171.6": {
        "soprano oboe 1,2 violin1": "soprano",
        "alto viloin 2": "alto",
        "tenor viola": "tenor",
        "bass continuo": "bass",
    },
    "bwv41.6": {
        "soprano oboe 1 violin1": "soprano",
        "alto oboe 2 viloin 2": "alto",
        "tenor viola": "tenor",
        "bass continuo": "bass",
    },
}
CACHE_FORMAT = 1

log = logging.getLogger(__name__)


def load_chorales(*, progress: bool = True) -> dict[str, Piece]:
    """Return every chorale by its name, such as ``bwv269``, in the order of the names.

    The scores are read once, by all processors, and kept in the user's cache folder for each version of
    music21. A score that can't be read is logged and left out.

    Raises:
        ImportError: music21 is not installed.
    """
    import music21

    folder = platformdirs.user_cache_path("concertino")
    path = folder / f"bach-music21-{music21.__version__}-format{CACHE_FORMAT}.npz"
    if path.is_file():
        try:
            return _load(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            log.warning("%s can't be used (%s): the scores are read again", path, error)
    pieces, complete = read_chorales(corpus_files(), progress=progress)
    if complete:  # else the bad score would be forgotten, and never be named again
        try:
            _save(path, pieces)
        except OSError as error:
            log.warning("the scores will be read again next time: %s", error)
    return pieces


def corpus_files() -> list[Path]:
    """Return the files of Bach's music in MusicXML that come with music21."""
    from music21 import corpus

    return sorted(Path(p) for p in corpus.getComposer("bach") if Path(p).suffix in (".mxl", ".xml"))


def read_chorales(files: list[Path], *, progress: bool = True) -> tuple[dict[str, Piece], bool]:
    """Read MusicXML files in parallel; return the pieces by name, and whether every file could be read."""
    from tqdm import tqdm

    pieces: dict[str, Piece] = {}
    failed = 0
    with ProcessPoolExecutor() as pool:
        results = pool.map(_read, files, chunksize=4)
        for path, result in zip(
            files,
            tqdm(results, "reading chorales", len(files), unit="score", disable=not progress),
            strict=True,
        ):
            if isinstance(result, str):
                log.warning("%s is left out: %s", path.name, result)
                failed += 1
            elif result is not None:
                pieces[result.name] = result
    return dict(sorted(pieces.items())), not failed


def _read(path: Path) -> Piece | str | None:
    """Return the chorale in ``path``, None where it holds none, or what is wrong with the file."""
    try:
        return read_chorale(path)
    except Exception as error:  # music21 raises whatever its many parsers happen to raise
        return f"{type(error).__name__}: {error}"


def read_chorale(path: Path) -> Piece | None:
    """Return the chorale in a MusicXML file, or None if it does not have two of the four voices.

    Tied notes are one note; grace notes have no duration and are dropped.
    """
    from music21 import converter, stream

    score = converter.parse(path)
    by_hand = NAMED_BY_HAND.get(path.stem, {})
    voices: dict[str, list[tuple[int, int, int]]] = {}
    for part in score.parts if isinstance(score, stream.Score) else ():
        name = " ".join((part.partName or "").lower().split())
        name = by_hand.get(name, name)
        if name in PARTS:
            voices.setdefault(name, []).extend(_notes(part))
    if sum(len(set(notes)) > MIN_NOTES for notes in voices.values()) < 2:
        return None
    return make_piece(path.stem, [voices.get(name, []) for name in PARTS])


def _notes(part) -> list[tuple[int, int, int]]:
    return [
        (round(element.offset * TICKS), pitch.midi, round(element.quarterLength * TICKS))
        for element in part.stripTies().flatten().notes
        for pitch in element.pitches
    ]


def _save(path: Path, pieces: dict[str, Piece]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.savez_compressed(
            file,
            names=np.array(list(pieces)),
            lengths=np.array([len(p) for p in pieces.values()]),
            notes=np.concatenate([np.stack(p.columns) for p in pieces.values()], axis=1),
        )
    os.replace(file.name, path)


def _load(path: Path) -> dict[str, Piece]:
    with np.load(path, allow_pickle=False) as data:
        ends = np.cumsum(data["lengths"])[:-1]
        tables = np.split(data["notes"], ends, axis=1)
        return {
            str(name): Piece(str(name), *table) for name, table in zip(data["names"], tables, strict=True)
        }
