"""The corpora by key: parts, licence, sources, and the rule that says who plays what."""

from dataclasses import dataclass

from offline.chorales import LICENCE as CHORALES_LICENCE
from offline.corpora.parts import Rule, band, console, orchestra, pop, quartet, song
from offline.corpora.sources import (
    FREEDOOM,
    LAKH,
    LIEDER,
    MUSICNET,
    MUTOPIA,
    NES,
    ORCHESTRA,
    POP909,
    QUARTETS,
    Source,
)
from offline.score import TICKS


@dataclass(frozen=True)
class Corpus:
    """What is known of a corpus without reading it."""

    key: str
    title: str
    parts: tuple[str, ...]
    """Names of the parts in the order of their labels."""
    programs: tuple[int, ...]
    """General MIDI program that plays each part, counted from 0."""
    licence: str
    paper: str | None
    """Column of the tables of Dong et al. (ISMIR 2021) that it is or stands for."""
    sources: tuple[Source, ...] = ()
    """Folders of MIDI files that it is read from; none for the corpus that a package holds."""
    rule: Rule | None = None
    """Who plays what in a file."""
    ticks: int = TICKS
    """Per quarter note."""
    longest: float = float("inf")
    """Pieces that last more seconds are left out."""
    official: bool = False
    """Whether the sides (train, valid, test) that the source sorts its files into are its split."""


POP_PARTS = ("piano", "guitar", "bass", "strings", "brass")
POP_PROGRAMS = (0, 24, 32, 48, 61)
STRING_PARTS = ("violin 1", "violin 2", "viola", "cello")
STRING_PROGRAMS = (40, 40, 41, 42)

CORPORA: dict[str, Corpus] = {
    corpus.key: corpus
    for corpus in (
        Corpus(
            "bach",
            "Bach chorales of the music21 corpus",
            ("soprano", "alto", "tenor", "bass"),
            (73, 68, 70, 71),
            CHORALES_LICENCE,
            "Bach",
        ),
        Corpus(
            "quartets",
            "String quartets of OpenScore and the Mutopia Project",
            STRING_PARTS,
            STRING_PROGRAMS,
            "CC0 1.0 (OpenScore); Public Domain or CC BY (Mutopia, by piece; no share-alike)",
            "String",
            (QUARTETS, MUTOPIA),
            quartet,
        ),
        Corpus(
            "orchestra",
            "Orchestral music of OpenScore and the Mutopia Project, by section",
            ("woodwinds", "brass", "upper strings", "lower strings"),
            (73, 60, 48, 43),
            "CC0 1.0 (OpenScore); Public Domain or CC BY (Mutopia, by piece; no share-alike)",
            None,
            (ORCHESTRA, MUTOPIA),
            orchestra,
        ),
        Corpus(
            "band",
            "Freedoom's game music and ensembles of the Mutopia Project, by family",
            POP_PARTS,
            POP_PROGRAMS,
            "BSD 3-clause (Freedoom); Public Domain or CC BY (Mutopia, by piece; no share-alike)",
            "Pop",
            (FREEDOOM, MUTOPIA),
            band,
            longest=1200.0,
        ),
        Corpus(
            "song",
            "Pop songs of POP909 and OpenScore's Lieder",
            ("melody", "counter-melody", "accompaniment"),
            (73, 68, 0),
            "MIT (POP909's arrangements; the songs are in copyright); CC0 1.0 (OpenScore)",
            None,
            (POP909, LIEDER),
            song,
        ),
        Corpus(
            "nes",
            "Game music of NES-MDB",
            ("pulse 1", "pulse 2", "triangle"),
            (80, 81, 38),
            "the user's own copy; the music is in copyright",
            "Game",
            (NES,),
            console,
            # 50 in half a second: a tick of 10 ms, on which the published weights were most likely trained.
            ticks=50,
            official=True,
        ),
        Corpus(
            "lakh",
            "Pop music of the Lakh MIDI Dataset, by family",
            POP_PARTS,
            POP_PROGRAMS,
            "the user's own copy; CC BY 4.0 (the collection), the music is in copyright",
            "Pop",
            (LAKH,),
            pop,
            longest=1200.0,
        ),
        Corpus(
            "musicnet",
            "String quartets of MusicNet",
            STRING_PARTS,
            STRING_PROGRAMS,
            "the user's own copy; CC BY 4.0 (the labels)",
            "String",
            (MUSICNET,),
            quartet,
        ),
    )
}


def find_corpus(key: str) -> Corpus:
    """Return the corpus called ``key``.

    Raises:
        ValueError: there is none.
    """
    if key not in CORPORA:
        raise ValueError(f"there is no corpus {key!r}; choose one of {', '.join(CORPORA)}")
    return CORPORA[key]
