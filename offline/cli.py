"""``concertino train``, ``evaluate`` and ``export``: heavy packages load only when a command runs."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

train = typer.Typer(rich_markup_mode="markdown")
evaluate = typer.Typer(rich_markup_mode="markdown")
export = typer.Typer(rich_markup_mode="markdown")

RUNS = Path("runs")
DEMO = Path("realtime/demo")
EXPORTED = Path("exported_models")
TRAINABLE = ("bach-lstm", "bach-chorale")
"""The names in ``offline.models.MODELS``, which is slow to import."""
RULES = ("zone", "split", "closest", "closest-mono")
"""The names in ``offline.drafts.RULES``, which is slow to import."""

Into = Annotated[Path, typer.Option("--into", help="Folder that the result is put in.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]


@train.callback()
def _train() -> None:
    """Train a model, from a corpus to weights that can be exported.

    Needs `pip install 'concertino[offline,cpu]'`. The first command that uses a corpus reads it, which
    takes half a minute, and keeps it in your cache folder.
    """


@train.command("separator")
def train_separator(
    name: Annotated[str, typer.Argument(help="What to train: bach-lstm or bach-chorale.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the run: checkpoint, log, weights. [default: runs/NAME]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs at most.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores; 1 is steady and hardly slower.")] = 1,
    quiet: Quiet = False,
) -> None:
    """Train a part separator; a run that was stopped goes on exactly where it was with `--resume`.

    `bach-lstm` is the online LSTM of Dong et al. (ISMIR 2021), for the Bach chorales of music21;
    `bach-chorale` is told the past as well, and needs no beat. They take 5 to 20 minutes on one core. The
    weights with the best validation loss are kept; the test pieces are not looked at.

    Then: `concertino export separator bach-lstm --weights runs/bach-lstm/weights.npz`
    """
    _known(name, TRAINABLE)
    _need("training", "torch", "music21", "tqdm")
    from offline.runs import train_separator as run

    path = run(
        name,
        folder or RUNS / name,
        resume=resume,
        epochs=epochs,
        seed=seed,
        threads=threads,
        progress=not quiet,
    )
    typer.echo(f"weights: {path}")


@train.command("split")
def make_split(
    into: Annotated[Path, typer.Option(help="The file to write.")] = Path("offline/splits/bach-music21.toml"),
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Make the split of the corpus: 8:1:1 by piece, near duplicates on one side.

    The split that all numbers refer to is committed; this is the command that made it.
    """
    _need("the corpus", "music21", "tqdm")
    from offline.chorales import load_chorales
    from offline.split import format_split
    from offline.split import make_split as split_pieces

    split = split_pieces(load_chorales(progress=not quiet), seed)
    into.write_text(format_split(split, seed), "utf-8")
    typer.echo(f"{into}: " + ", ".join(f"{side} {len(names)}" for side, names in split._asdict().items()))


@evaluate.callback()
def _evaluate() -> None:
    """Measure a model that is installed, on pieces that it was not trained on.

    Needs `pip install 'concertino[offline,cpu]'` for the corpus.
    """


@evaluate.command("separator")
def evaluate_separator(
    name: Annotated[str, typer.Argument(help="A model of `concertino models list`.")],
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE; - is standard output.")
    ] = None,
    split: Annotated[
        Literal["test", "validation", "train"], typer.Option(help="Which pieces of the committed split.")
    ] = "test",
    human: Annotated[
        bool, typer.Option("--human", help="Under a player's hands too: each perturbation, and all at once.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--input", help="Your own pieces: a folder of MIDI files with a track for each part."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Step a separator over the Bach chorales, note by note as the host does, and count what is right.

    Accuracy is over all notes of all pieces, as in Dong et al. (ISMIR 2021); balanced accuracy is the mean
    over the parts; flicker is how often a voice changes its instrument where the music does not. Separators
    that are told of the past see their own decisions, not the true ones.

    `--human` adds what is left of the accuracy when the notes of a chord come in any order within 30 ms,
    onsets are off by 20 ms, 3 % of the notes are missing and as many wrong, keys overlap, a pedal is used,
    and the tempo is wrong by up to 20 % and drifts: each alone, and all at once.

    Examples: `concertino evaluate separator bach-chorale --human --json -`,
    `concertino evaluate separator bach-chorale --input my-quartets`
    """
    _need("evaluation", "tqdm", "onnxruntime", *([] if folder else ["music21"]))
    from dataclasses import asdict

    from offline.chorales import PARTS
    from offline.evaluation import evaluate as measure
    from offline.evaluation import evaluate_human
    from offline.folder import read_folder
    from offline.runs import written_takes
    from realtime.contract.library import find_plugin

    plugin = find_plugin(name)
    if folder:
        takes = read_folder(folder, plugin.manifest.parts or PARTS, lambda text: typer.echo(text, err=True))
        parts = plugin.manifest.parts or PARTS
    else:
        takes, parts = written_takes(split, progress=not quiet), PARTS
    facts = {
        "separator": name,
        "corpus": str(folder) if folder else "bach-music21",
        "split": None if folder else split,
    }
    result = facts | asdict(measure(plugin, takes, parts))
    if human:
        found = evaluate_human(plugin, takes, parts)
        result |= {"accuracy_human": found.pop("all"), "human": found}
    if json_file is None:
        for key, value in result.items():
            typer.echo(f"{key:18} {value}")
    elif json_file == "-":
        typer.echo(json.dumps(result, indent=2))
    else:
        Path(json_file).write_text(json.dumps(result, indent=2) + "\n", "utf-8")


@export.callback()
def _export() -> None:
    """Export what the host plays: separators as plugins, and the bundled performances.

    Needs `pip install 'concertino[offline,cpu]'` for the corpus.
    """


@export.command("separator")
def export_separator(
    name: Annotated[
        str, typer.Argument(help="bach-lstm, bach-chorale, zone, split, closest or closest-mono.")
    ],
    weights: Annotated[
        Path | None, typer.Option(help="Trained weights. [default: those that come with Concertino]")
    ] = None,
    into: Into = EXPORTED,
    quiet: Quiet = False,
) -> None:
    """Write a separator as a plugin: graph, manifest and model card, measured on the test pieces.

    The graph of a trained model is first shown to give the labels and scores of the sequence model on
    every test piece. When anything fails, the folder keeps the plugin that it had.

    Example: `concertino export separator bach-lstm --weights runs/bach-lstm/weights.npz`
    """
    _known(name, (*TRAINABLE, *RULES))
    _need("export", "music21", "tqdm", "onnxruntime", *(["torch"] if name in TRAINABLE else []))
    from offline.runs import export_rule
    from offline.runs import export_separator as run

    if name in TRAINABLE:
        folder, result = run(name, weights, into, progress=not quiet)
    else:
        folder, result = export_rule(name, into, progress=not quiet)
    typer.echo(
        f"{folder}: accuracy {result.accuracy:.2%} on {result.notes} notes of {result.pieces} test pieces"
    )


@export.command("demo")
def export_demo(into: Into = DEMO, quiet: Quiet = False) -> None:
    """Write the bundled performances: a chorale as a keyboard player plays it, and one as it is printed."""
    _need("export", "music21", "tqdm")
    from offline.chorales import load_chorales
    from offline.demo import write_demo

    for path in write_demo(load_chorales(progress=not quiet), into):
        typer.echo(path)


def _known(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise ValueError(f"there is no separator {name!r} to make here; choose one of {', '.join(names)}")


def _need(what: str, *packages: str) -> None:
    """Raise OSError with what to install, when a package is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise OSError(
            f"{what} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed: pip install 'concertino[offline,cpu]'"
        )
