"""``concertino data check``: whether the sources of a corpus are there, whole and unchanged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from offline.corpora.catalog import Corpus
from offline.corpora.checksums import compare_sums
from offline.corpora.load import split_file
from offline.corpora.reading import find_jobs, holds_piece
from offline.corpora.sources import Source, source_files
from offline.split import load_split

SHOWN = 3
"""Names that a finding gives as examples."""


@dataclass(frozen=True)
class Finding:
    """What was found of a source, or of a corpus as a whole."""

    what: str
    files: int
    problem: str = ""
    """One sentence with what to do; empty where all is well."""
    note: str = ""
    checked: bool = True
    """Whether there was anything to compare the files with."""


def check_corpus(corpus: Corpus, data: Path, *, progress: bool = True) -> list[Finding]:
    """Return a finding for each source of a corpus, one if they hold no piece, and one for its split."""
    if not corpus.sources:
        return [_check_package()]
    found = [_check_source(corpus, source, data, progress) for source in corpus.sources]
    if all(finding.files for finding in found):
        found += _check_pieces(corpus, data)
    return found


def _check_package() -> Finding:
    from importlib.util import find_spec

    if find_spec("music21") is None:
        return Finding("music21", 0, "music21 is not installed: pip install 'concertino[offline,cpu]'")
    from offline.chorales import corpus_files

    return Finding("music21", len(corpus_files()), note="scores in the package")


def _check_source(corpus: Corpus, source: Source, data: Path, progress: bool) -> Finding:
    folder = data / source.key
    files = len(source_files(folder))
    if not files:
        advice = source.by_hand or f"concertino data get {corpus.key}"
        return Finding(source.key, 0, f"{folder} holds no MIDI files: {advice}")
    try:
        changes = compare_sums(folder, progress=progress)
    except ValueError as error:
        return Finding(source.key, files, str(error))
    if changes is None:
        return Finding(
            source.key, files, note="no list of sums, as it was not got by data get", checked=False
        )
    told = [
        f"{len(names)} {how} ({', '.join(names[:SHOWN])}{' ...' if len(names) > SHOWN else ''})"
        for how, names in changes._asdict().items()
        if names
    ]
    if told:
        again = f"remove {folder} and run concertino data get {corpus.key}"
        return Finding(
            source.key, files, f"files differ from those that were got: {'; '.join(told)}; {again}"
        )
    return Finding(source.key, files, note="as they were got")


def _check_pieces(corpus: Corpus, data: Path) -> list[Finding]:
    """Return what is wrong with the pieces, or what there is of the committed split."""
    try:
        jobs = find_jobs(corpus, data)
    except (OSError, ValueError) as error:
        return [Finding("pieces", 0, str(error))]
    if not holds_piece(corpus, jobs):
        return [Finding("pieces", 0, no_pieces(corpus, [data / s.key for s in corpus.sources]))]
    return [_check_split(corpus, {job.name for job in jobs})] if split_file(corpus.key).is_file() else []


def no_pieces(corpus: Corpus, folders: Sequence[Path]) -> str:
    """Return the sentence for folders of which no file is a piece."""
    again = f"concertino data get {corpus.key}" + " --from FOLDER" * all(s.by_hand for s in corpus.sources)
    return (
        f"no file in {' and '.join(map(str, folders))} is a piece of {corpus.title}: is it the right folder? "
        f"Once you have that, {again}"
    )


def _check_split(corpus: Corpus, there: set[str]) -> Finding:
    names = {name for side in load_split(split_file(corpus.key)) for name in side}
    missing = sorted(names - there)
    if missing:
        return Finding(
            "split",
            len(names),
            f"{len(missing)} pieces of the committed split are missing ({', '.join(missing[:SHOWN])} ...): "
            f"the sources are not those that it was made of; run concertino data get {corpus.key}",
        )
    return Finding("split", len(names), note="all its pieces are there")
