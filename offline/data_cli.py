"""``concertino data``: the corpora that models learn from, and how to get them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline.cli.options import Data, Quiet, check_installed

app = typer.Typer(rich_markup_mode="markdown")

if TYPE_CHECKING:
    from offline.corpora.check import Finding

Json = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE; - is standard output.")
]
SUMMARY = {
    "ok": "ok",
    "not checked": "not checked (no list of sums)",
    "wrong": "wrong",
    "none": "not there",
}
"""What the last line of ``data check`` calls the findings of each mark."""
KEYS = "bach, quartets, orchestra, band, song, nes, lakh or musicnet"


@app.callback()
def _data() -> None:
    """List, get and check the corpora that models learn from.

    Needs `pip install 'concertino[offline,cpu]'`. `bach` comes with a package. `quartets`, `orchestra`,
    `band` and `song` are made from public repositories by `data get`. `nes`, `lakh` and `musicnet` are for
    who has a copy of them. What is read once is kept in your cache folder.
    """


@app.command("list")
def list_corpora(
    stats: Annotated[
        bool, typer.Option("--stats", help="Hours, files, notes, parts, most common part; reads them.")
    ] = False,
    data: Data = None,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Say what each corpus is: its parts, licence, where it lies or how to get it, and its split.

    The column of the paper's tables (Dong et al., ISMIR 2021) that a corpus is, or stands for where the
    paper's own can't be had, is given too.

    Examples: `concertino data list`, `concertino data list --stats --json corpora.json`
    """
    if stats:
        check_installed("reading the corpora", "music21", "tqdm", "scipy")
    from offline.corpora.catalog import CORPORA
    from offline.corpora.listing import describe, table

    rows = [describe(key, data=data, stats=stats, progress=not quiet) for key in CORPORA]
    if json_file is None:
        for line in table(rows):
            typer.echo(line)
    else:
        _write_json(json_file, [asdict(row) for row in rows])


@app.command("get")
def get(
    key: Annotated[str, typer.Argument(help=f"Which corpus: {KEYS}.")],
    given: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="A folder that you have: of its MIDI files, or a clone of its repository.",
        ),
    ] = None,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Get a corpus from where the public can get it, and make MIDI files of its scores.

    Each source is one commit of a git repository; git verifies it. Scores are converted by music21, those of
    the Mutopia Project by LilyPond (`pip install lilypond==2.25.12`): minutes to hours, and a command that
    was stopped goes on where it was. A list of the files' SHA-256 sums is written for `data check`.

    For `nes`, `lakh` and `musicnet` it says what to download; then give the folder with `--from`. It is
    checked and linked to, not copied. If it holds no piece of the corpus, all stays as it was.

    Examples: `concertino data get quartets`, `concertino data get lakh --from ~/lmd_matched`
    """
    check_installed("getting a corpus", "music21", "tqdm", "scipy")
    from offline.corpora.catalog import find_corpus
    from offline.corpora.check import no_pieces
    from offline.corpora.get import get_corpus, links_kept
    from offline.corpora.load import load_corpus
    from offline.corpora.sources import data_folder

    corpus = find_corpus(key)
    folder = data_folder(data)
    with links_kept(corpus, folder):
        paths = get_corpus(corpus, folder, given, progress=not quiet)
        pieces = load_corpus(key, data=folder, progress=not quiet)
        if not pieces:
            raise ValueError(no_pieces(corpus, [given] if given else paths))
    for path in paths:
        typer.echo(path)
    typer.echo(f"{key}: {len(pieces)} pieces, {sum(map(len, pieces.values()))} notes")


@app.command("check")
def check(
    key: Annotated[str | None, typer.Argument(help=f"Which corpus: {KEYS}. [default: all]")] = None,
    data: Data = None,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Check that the sources are there, as they were got, and hold the pieces of the committed split.

    Files are compared with the list that `data get` wrote, and read until one is a piece of the corpus. Where
    there is no such list they are not checked, which is told and is not wrong. It exits with 1 if anything is
    wrong; without a KEY, a corpus none of whose sources is there is told and is not wrong.

    Examples: `concertino data check`, `concertino data check quartets`
    """
    check_installed("checking a corpus", "tqdm")
    from offline.corpora.catalog import CORPORA, find_corpus
    from offline.corpora.check import check_corpus
    from offline.corpora.sources import data_folder

    keys = list(CORPORA) if key is None else [find_corpus(key).key]
    found = {k: check_corpus(CORPORA[k], data_folder(data), progress=not quiet) for k in keys}
    if json_file is not None:
        _write_json(json_file, {k: [asdict(f) for f in findings] for k, findings in found.items()})
    else:
        marks = []
        for k, findings in found.items():
            absent = key is None and not any(finding.files for finding in findings)
            for finding in findings:
                marks.append("none" if absent else _mark(finding))
                typer.echo(f"{marks[-1]:13}{k:10} {finding.what}: {finding.problem or _counted(finding)}")
        counts = ((marks.count(mark), said) for mark, said in SUMMARY.items())
        typer.echo(", ".join(f"{count} {said}" for count, said in counts if count))
    wanted = {k: f for k, f in found.items() if key is not None or any(each.files for each in f)}
    if any(finding.problem for findings in wanted.values() for finding in findings):
        raise typer.Exit(1)


def _mark(finding: "Finding") -> str:
    return "wrong" if finding.problem else "ok" if finding.checked else "not checked"


def _counted(finding: "Finding") -> str:
    unit = "pieces" if finding.what == "split" else "files"
    return f"{finding.files} {unit}" + f"; {finding.note}" * bool(finding.note)


@app.command("split")
def split(
    key: Annotated[str, typer.Argument(help=f"Which corpus: {KEYS}.")],
    into: Annotated[
        Path | None, typer.Option(help="The file to write. [default: that of the committed split]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Make the split of a corpus: 8:1:1 by piece; works, editions, near duplicates on one side.

    The splits that all figures refer to are committed; this is the command that made them.

    Example: `concertino data split quartets --into quartets.toml`
    """
    check_installed("the corpus", "music21", "tqdm", "scipy")
    from offline.corpora.load import make_corpus_split, split_file
    from offline.split import format_split

    made = make_corpus_split(key, seed, data=data, progress=not quiet)
    path = into or split_file(key)
    path.write_text(format_split(made, seed, "" if key == "bach" else key), "utf-8")
    typer.echo(f"{path}: " + ", ".join(f"{side} {len(names)}" for side, names in made._asdict().items()))


def _write_json(path: str, value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if path == "-":
        typer.echo(text)
    else:
        Path(path).write_text(text + "\n", "utf-8")
