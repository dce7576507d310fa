"""``concertino export``: what the host plays, written as plugins and bundled performances."""

from pathlib import Path
from typing import Annotated

import typer

from offline.cli.continuation_export import export_continuation
from offline.cli.options import Data, Into, Quiet, check_installed, check_known
from offline.shipped import RULES, TRAINABLE

app = typer.Typer(rich_markup_mode="markdown")

DEMO = Path("realtime/demo")
EXPORTED = Path("exported_models")

app.command("continuation")(export_continuation)


@app.callback()
def _export() -> None:
    """Export what the host plays: separators as plugins, and the bundled performances.

    Needs `pip install 'concertino[offline,cpu]'` for the corpus.
    """


@app.command("separator")
def export_separator(
    name: Annotated[str, typer.Argument(help=f"{', '.join(TRAINABLE)}, or a rule: {', '.join(RULES)}.")],
    weights: Annotated[
        Path | None, typer.Option(help="Trained weights. [default: those that come with Concertino]")
    ] = None,
    into: Into = EXPORTED,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Write a separator as a plugin: graph, manifest and model card, measured on the test pieces.

    The graph of a trained model is first shown to give the labels and scores of the sequence model on
    every test piece. When anything fails, the folder keeps the plugin that it had.

    Example: `concertino export separator bach-lstm --weights runs/bach-lstm/weights.npz`
    """
    check_known(name, (*TRAINABLE, *RULES))
    check_installed("export", "music21", "tqdm", "onnxruntime", *(["torch"] if name in TRAINABLE else []))
    from offline.runs import export_rule
    from offline.runs import export_separator as run

    if name in TRAINABLE:
        folder, result = run(name, weights, into, data=data, progress=not quiet)
    else:
        folder, result = export_rule(name, into, progress=not quiet)
    typer.echo(
        f"{folder}: accuracy {result.accuracy:.2%} on {result.notes} notes of {result.pieces} test pieces"
    )


@app.command("demo")
def export_demo(into: Into = DEMO, quiet: Quiet = False) -> None:
    """Write the bundled performances: a chorale as a keyboard player plays it, and one as it is printed."""
    check_installed("export", "music21", "tqdm")
    from offline.chorales import load_chorales
    from offline.demo import write_demo

    for path in write_demo(load_chorales(progress=not quiet), into):
        typer.echo(path)
