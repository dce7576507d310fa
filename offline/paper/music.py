"""A corpus as the paper's tables take it: by the sides of its split."""

from dataclasses import dataclass
from pathlib import Path

from offline.corpora.catalog import find_corpus
from offline.corpora.load import load_corpus, load_corpus_split
from offline.score import Piece
from offline.split import pick


@dataclass(frozen=True)
class Music:
    """A corpus by the sides of its split, and the number of its parts."""

    names: tuple[str, ...]
    train: list[Piece]
    validation: list[Piece]
    test: list[Piece]

    @property
    def parts(self) -> int:
        """Number of parts."""
        return len(self.names)


def load_music(corpus: str, data: Path | None, *, progress: bool = True) -> Music:
    """Return a corpus.

    Raises:
        ValueError, OSError: there is no such corpus, its files are not there, or are too few.
    """
    pieces, split = load_corpus(corpus, data=data, progress=progress), load_corpus_split(corpus, data=data)
    split.check_sides(corpus)
    return Music(find_corpus(corpus).parts, *(pick(pieces, side) for side in split))
