"""``concertino evaluate continuation`` and ``attention``: how good a Multitrack Music Transformer is."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from offline.cli.continuation import MUSIC
from offline.cli.options import Data, Quiet, check_installed
from realtime.cli.outputs import check_folder, check_place

Modes = Literal["nothing", "instruments", "beats"]
Name = Annotated[
    str | None,
    typer.Argument(help="A continuation of `concertino models list`, or the weights or checkpoint of a run."),
]
Music = Annotated[
    list[str] | None, typer.Option("--music", help=f"{', '.join(MUSIC)}; may be repeated. [default: open]")
]
Split = Annotated[Literal["test", "validation", "train"], typer.Option(help="Which pieces of the split.")]


def evaluate_continuation(
    name: Name = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE; - is standard output.")
    ] = None,
    variant: Annotated[str, typer.Option(help="Which of the plugin's graphs.")] = "int8",
    music: Music = None,
    split: Split = "test",
    samples: Annotated[int, typer.Option(min=1, help="How many samples are generated.")] = 100,
    pieces: Annotated[int, typer.Option(min=0, help="Losses over so many pieces only; 0: all.")] = 0,
    mode: Annotated[
        Modes, typer.Option(help="From what samples begin: nothing, a piece's instruments, or its 4 beats.")
    ] = "nothing",
    temperature: Annotated[
        float | None, typer.Option(min=0, help="[default: the model's own, else 1]", show_default=False)
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="[default: its own, else 0.9]", show_default=False)
    ] = None,
    announced: Annotated[
        bool, typer.Option("--announced", help="Keep the notes of a sample to the instruments it announced.")
    ] = False,
    midi: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write each sample as a MIDI file, MODE-seedSEED-NUMBER.mid."),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose", help="Try settings against the validation pieces instead.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Instead of a model: the paper's comparison of representations.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores.")] = 1,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Measure a model that continues music: its losses, and what it generates beside music it has not seen.

    Losses are the mean cross-entropy of each field, in nats, over the first 1,024 rows of each piece. Then
    samples are generated from nothing, and the means of MusPy's measures over their first 64 quarter notes
    (entropy of the pitch classes, scale and groove consistency) stand beside those of the pieces; the gap to
    them is compared with the gap of Dong et al. (ICASSP 2023) to their own music.

    `--choose` tells which temperatures and thresholds come closest to the validation pieces; the test pieces
    do not choose. `--midi` keeps the samples that are measured, each with what it began from, at the paper's
    tempo. `--table` prints what `concertino train continuation-table` measured of three representations
    beside the paper's figures.

    Examples: `concertino evaluate continuation mmt --samples 50 --json -` ·
    `concertino evaluate continuation mmt --mode instruments --samples 10 --pieces 1 --midi samples`
    """
    check_installed("evaluation", "torch", "tqdm", "onnxruntime")
    check_place(json_file)
    if midi and (choose or table):
        raise ValueError("--midi writes the samples that are measured: leave --choose and --table out")
    check_folder(midi)
    if table:
        _show_table(json_file)
        return
    if name is None:
        raise ValueError("give the NAME of a model (see `concertino models list`), or --table")
    from offline.mmt import report
    from offline.mmt.choosing import choose as choose_settings
    from offline.mmt.readers import open_model
    from realtime.music.mmt.sampling import Sampling

    model = open_model(name, variant, threads)
    if choose:
        validation = report.load_side(music or ["open"], "validation", data=data, progress=not quiet)
        found: Any = choose_settings(model, validation, samples, progress=not quiet)
    else:
        given: dict[str, Any] = {"temperature": temperature, "threshold": threshold}
        settings = model.settings | {key: value for key, value in given.items() if value is not None}
        found = {"split": split} | report.report(
            model,
            report.load_side(music or ["open"], split, data=data, progress=not quiet),
            Sampling(**settings, announced=announced),
            samples=samples,
            most=pieces,
            mode=mode,
            seed=seed,
            midi=midi,
            progress=not quiet,
        )
    _write(found, json_file, choose)


def _show_table(json_file: str | None) -> None:
    from rich.console import Console

    from offline.mmt.table import print_table, read_results

    found = read_results()
    if json_file is None:
        print_table(found, Console())
    else:
        _write(found, json_file)


def _write(found: Any, json_file: str | None, choosing: bool = False) -> None:
    if json_file is None:
        typer.echo("\n".join(["  ".join(_lines(row)) for row in found] if choosing else _lines(found)))
    elif json_file == "-":
        typer.echo(json.dumps(found, indent=2))
    else:
        Path(json_file).write_text(json.dumps(found, indent=2) + "\n", "utf-8")


def _lines(values: dict[str, Any], before: str = "") -> list[str]:
    """Return a line for each value, those within others behind their names."""
    lines = []
    for key, value in values.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{before}{key} ")
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else value
            lines.append(f"{before + key} {shown}")
    return lines


def evaluate_attention(
    name: Annotated[str, typer.Argument(help="A continuation that ships, or the weights of a run.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="PNG, SVG or PDF file to write.")] = Path(
        "attention.png"
    ),
    music: Music = None,
    split: Split = "test",
    pieces: Annotated[int, typer.Option(min=1, help="How many pieces are looked at.")] = 100,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Draw what the last layer of a model that continues music looks at, as figure 3 of Dong et al. (2023).

    Mean relative attention, a line for each head: of how many beats, positions and semitones a note differs
    from the one that it is looked at from; and its gain over attention that is the same for all notes.

    Example: `concertino evaluate attention mmt -o attention.pdf`
    """
    check_place(out)
    check_installed("a picture", "torch", "matplotlib", "tqdm")
    from offline.mmt.attention import draw, look
    from offline.mmt.report import evenly, load_side
    from offline.mmt.trained import build, weights_of
    from offline.picture import save_picture
    from realtime.music.mmt.representation import FIELDS, encode

    model, form = build(*weights_of(name))
    if form.fields != FIELDS:
        raise ValueError(f"{name} reads tokens, which have no beat or pitch of their own; give another model")
    chosen = evenly(load_side(music or ["open"], split, data=data, progress=not quiet), pieces)
    save_picture(draw(look(model, map(encode, chosen)), f"{name}: last layer, {len(chosen)} pieces"), out)
    typer.echo(out)
