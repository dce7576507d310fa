"""What ``concertino data list`` tells of each corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from offline.corpora.catalog import find_corpus
from offline.corpora.load import split_file
from offline.corpora.sources import Source, data_folder, source_files
from offline.corpora.stats import Stats, corpus_stats
from offline.split import load_split


@dataclass(frozen=True)
class Place:
    """A source and where it is."""

    key: str
    title: str
    licence: str
    files: int
    """MIDI files that are there."""
    where: str
    """Its folder, or how to get it."""


@dataclass(frozen=True)
class Row:
    """A corpus as it is listed."""

    key: str
    title: str
    parts: tuple[str, ...]
    licence: str
    paper: str | None
    """Column of the paper's tables that it is or stands for."""
    sources: tuple[Place, ...]
    split: dict[str, int] | None
    """Pieces on each side of the committed split, None where it is made at first use."""
    stats: Stats | None = None
    problem: str = ""
    """Why there are no statistics."""


def describe(key: str, *, data: Path | None = None, stats: bool = False, progress: bool = True) -> Row:
    """Return what is known of a corpus; with ``stats`` it is read where it is there."""
    corpus = find_corpus(key)
    committed = split_file(key)
    sides = load_split(committed)._asdict() if committed.is_file() else None
    counted, problem = None, ""
    if stats:
        try:
            counted = corpus_stats(key, data=data, progress=progress)
        except (OSError, ValueError, ImportError) as error:
            problem = str(error)
    return Row(
        key,
        corpus.title,
        corpus.parts,
        corpus.licence,
        corpus.paper,
        tuple(_place(key, source, data_folder(data)) for source in corpus.sources),
        {side: len(names) for side, names in sides.items()} if sides else None,
        counted,
        problem,
    )


def _place(key: str, source: Source, data: Path) -> Place:
    folder = data / source.key
    files = len(source_files(folder))
    where = str(folder) if files else source.by_hand or f"concertino data get {key}"
    return Place(source.key, source.title, source.licence, files, where)


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the lines that tell of each corpus."""
    for row in rows:
        yield f"{row.key}: {row.title}"
        yield f"  parts    {', '.join(row.parts)}"
        yield f"  licence  {row.licence}"
        if row.paper:
            yield f"  paper    column {row.paper}"
        if not row.sources:
            yield "  source   the package music21"
        for place in row.sources:
            yield f"  source   {place.title}: {f'{place.files} files in ' * bool(place.files)}{place.where}"
        yield "  split    " + (
            ", ".join(f"{side} {count}" for side, count in row.split.items())
            if row.split
            else "made at first use"
        )
        if row.stats:
            s = row.stats
            yield f"  holds    {s.files} pieces, {s.notes} notes, {s.hours:.2f} hours"
            yield "  notes    " + ", ".join(f"{part} {count}" for part, count in s.parts.items())
            yield f"  most     {s.most_common}, {s.most_common_share:.1%} of the notes"
        elif row.problem:
            yield f"  stats    {row.problem}"
        yield ""
