"""What a corpus amounts to, as in Table 4.1 of Dong et al. (ISMIR 2021)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.corpora.catalog import find_corpus
from offline.corpora.load import load_corpus_split, load_entries_of


@dataclass(frozen=True)
class Stats:
    """Counts of a corpus."""

    files: int
    notes: int
    hours: float
    """At the tempo of each file; of the chorales, which have none, at 120 BPM as in the paper."""
    parts: dict[str, int]
    """Notes of each part."""
    most_common: str
    """The part with the most notes."""
    most_common_share: float
    train: int
    """Pieces on each side of the split."""
    validation: int
    test: int


def corpus_stats(key: str, *, data: Path | None = None, progress: bool = True) -> Stats:
    """Return the counts of a corpus; it is read where it was not yet.

    Raises:
        ValueError, OSError, ImportError: as ``offline.corpora.load.load_corpus``.
    """
    corpus = find_corpus(key)
    entries = load_entries_of(key, data=data, progress=progress).values()
    split = load_corpus_split(key, data=data, progress=progress)
    counts = np.zeros(len(corpus.parts), np.int64)
    for entry in entries:
        counts += np.bincount(entry.piece.part, minlength=len(corpus.parts))
    notes = int(counts.sum())
    return Stats(
        files=len(entries),
        notes=notes,
        hours=round(sum(entry.seconds for entry in entries) / 3600, 2),
        parts=dict(zip(corpus.parts, counts.tolist(), strict=True)),
        most_common=corpus.parts[int(counts.argmax())],
        most_common_share=round(float(counts.max()) / max(1, notes), 4),
        train=len(split.train),
        validation=len(split.validation),
        test=len(split.test),
    )
