"""Pieces that were read once, kept in the user's cache folder and mapped into memory, not loaded.

``KEY-HASH.notes`` holds one table of int64 (4, notes) after the other, ``KEY-HASH.json`` whose they are.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import platformdirs

from offline.corpora.catalog import Corpus
from offline.corpora.reading import Entry, Job
from offline.score import Piece

SHAPED_BY = ("midi.py", "parts.py", "reading.py")
"""Modules whose text decides what is read from a file: when one changes, all is read again."""
CACHE_FORMAT = 1
HASHED_BYTES = 256 << 20
"""Files of more bytes than this together are known by their sizes and times, not by what is in them."""
BYTES = 4 * 8
"""Of a note."""

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder that parsed corpora are kept in."""
    return platformdirs.user_cache_path("concertino") / "corpora"


def fingerprint(corpus: Corpus, jobs: list[Job]) -> str:
    """Return a hash of the files to read, of what is known of them, and of how they are read."""
    hashed = hashlib.sha256(repr((CACHE_FORMAT, corpus.parts, corpus.ticks, corpus.longest)).encode())
    for module in SHAPED_BY:
        hashed.update((Path(__file__).parent / module).read_bytes())
    stats = [job.path.stat() for job in jobs]
    whole = sum(stat.st_size for stat in stats) <= HASHED_BYTES
    for job, stat in zip(jobs, stats, strict=True):
        hashed.update(repr((job.name, job.source.key, job.facts, stat.st_size)).encode())
        hashed.update(job.path.read_bytes() if whole else str(stat.st_mtime_ns).encode())
    return hashed.hexdigest()[:16]


def load_entries(stem: Path) -> dict[str, Entry] | None:
    """Return the entries that were kept at ``stem`` by name, or None if there are none that can be used."""
    try:
        index = json.loads(stem.with_suffix(".json").read_text("utf-8"))
        size = BYTES * sum(row["notes"] for row in index["pieces"])
        path = stem.with_suffix(".notes")
        if path.stat().st_size != size:
            raise ValueError(f"{path} is cut short")
        table = np.memmap(path, np.int64, "r") if size else np.zeros(0, np.int64)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s can't be used (%s): the files are read again", stem, error)
        return None
    for name, reason in index["left_out"]:
        log.warning("%s is left out: %s", name, reason)
    entries, at = {}, 0
    for row in index["pieces"]:
        end = at + 4 * row["notes"]
        columns = np.asarray(table[at:end]).reshape(4, -1)
        piece = Piece(row["name"], *columns)
        entries[row["name"]] = Entry(piece, row["seconds"], row["source"], row["work"], row["side"])
        at = end
    return dict(sorted(entries.items()))


def keep_entries(stem: Path, entries: Iterable[Entry | tuple[str, str]]) -> dict[str, Entry]:
    """Write entries as they come to ``stem`` and return them as :func:`load_entries` does.

    Raises:
        OSError: there is no space or no right to write.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    rows, left_out, names = [], [], set()
    with tempfile.NamedTemporaryFile(dir=stem.parent, suffix=".part", delete=False) as file:
        try:
            for entry in entries:
                if not isinstance(entry, Entry):
                    left_out.append(entry)
                    continue
                piece, *rest = entry
                if piece.name in names:
                    left_out.append((piece.name, "another piece has the same name"))
                    log.warning("%s is left out: %s", *left_out[-1])
                    continue
                names.add(piece.name)
                file.write(np.stack(piece.columns).tobytes())
                row = dict(zip(("seconds", "source", "work", "side"), rest, strict=True))
                rows.append({"name": piece.name, "notes": len(piece)} | row)
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, stem.with_suffix(".notes"))
    index = stem.with_suffix(f".{os.getpid()}.part")
    index.write_text(json.dumps({"pieces": rows, "left_out": left_out}), "utf-8")
    os.replace(index, stem.with_suffix(".json"))
    found = load_entries(stem)
    if found is None:
        raise OSError(f"{stem} can't be read back: another program changed it; run this again")
    return found
