"""``concertino train``: from a corpus to weights that can be exported."""

from pathlib import Path
from typing import Annotated

import typer

from offline.cli.continuation import train_continuation, train_continuation_table
from offline.cli.options import Data, Quiet, check_installed, check_known
from offline.cli.tables import train_tables
from offline.shipped import TRAINABLE

app = typer.Typer(rich_markup_mode="markdown")

RUNS = Path("runs")

app.command("tables")(train_tables)
app.command("continuation")(train_continuation)
app.command("continuation-table")(train_continuation_table)


@app.callback()
def _train() -> None:
    """Train a model, from a corpus to weights that can be exported.

    Needs `pip install 'concertino[offline,cpu]'`. The first command that uses a corpus reads it, which
    takes half a minute, and keeps it in your cache folder.
    """


@app.command("separator")
def train_separator(
    name: Annotated[str, typer.Argument(help=f"What to train: {', '.join(TRAINABLE)}.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the run: checkpoint, log, weights. [default: runs/NAME]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs at most.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores; 1 is steady and hardly slower.")] = 1,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Train a part separator; a run that was stopped goes on exactly where it was with `--resume`.

    `bach-lstm` is the online LSTM of Dong et al. (ISMIR 2021), for the Bach chorales of music21; the others
    are told the past as well, and need no beat. They take 5 to 30 minutes on one core. The weights with the
    best validation loss are kept; the test pieces are not looked at. `concertino data list` tells where the
    corpora are to be had.

    Then: `concertino export separator bach-lstm --weights runs/bach-lstm/weights.npz`
    """
    check_known(name, TRAINABLE)
    check_installed("training", "torch", "music21", "tqdm")
    from offline.runs import train_separator as run

    path = run(
        name,
        folder or RUNS / name,
        resume=resume,
        epochs=epochs,
        seed=seed,
        threads=threads,
        progress=not quiet,
        data=data,
    )
    typer.echo(f"weights: {path}")


@app.command("split")
def make_split(
    into: Annotated[Path, typer.Option(help="The file to write.")] = Path("offline/splits/bach-music21.toml"),
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Make the split of the corpus: 8:1:1 by piece, near duplicates on one side.

    The split that all numbers refer to is committed; this is the command that made it.
    """
    check_installed("the corpus", "music21", "tqdm")
    from offline.chorales import load_chorales
    from offline.split import format_split
    from offline.split import make_split as split_pieces

    split = split_pieces(load_chorales(progress=not quiet), seed)
    into.write_text(format_split(split, seed), "utf-8")
    typer.echo(f"{into}: " + ", ".join(f"{side} {len(names)}" for side, names in split._asdict().items()))
