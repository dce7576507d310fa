"""``concertino train continuation``: the Multitrack Music Transformer."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from offline.cli.options import Data, Quiet, check_installed

MUSIC = ("open", "pop909", "sod", "lmd", "symphonynet")
"""The keys of ``offline.mmt.music.MUSIC``, which is slow to import."""


def train_continuation(
    size: Annotated[
        Literal["full", "small", "mini", "tiny"],
        typer.Option(
            help="full is the published one, small is for a few cores, mini for minutes, tiny for tests."
        ),
    ] = "full",
    music: Annotated[
        list[str] | None,
        typer.Option("--music", help=f"{', '.join(MUSIC)}; may be repeated. [default: open]"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the run: checkpoint, log, curves, samples, weights. [default: runs/mmt-SIZE]"
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps at most. [default: as published]")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pieces of a step, over all processes.")] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="The published size by another recipe: minutes of a large GPU, not days of a small one.",
        ),
    ] = False,
    dropout: Annotated[float | None, typer.Option(min=0, max=0.9, help="Share that is left out.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        typer.Option(
            help="Of matrix products; auto is bfloat16 on a GPU that has it, or as a run that goes on began."
        ),
    ] = "auto",
    compiled: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="[default: on a GPU]", show_default=False)
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that make batches ahead.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores of each process.")] = 1,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Train the Multitrack Music Transformer (Dong et al., ICASSP 2023), which continues what was played.

    Model, schedule, augmentation and early stopping are the published ones; rows that only fill a batch are
    masked. The test pieces are not looked at, and no piece like a test piece of a separator is trained on. A
    run that was stopped goes on exactly where it was with `--resume`; curves and samples:
    `tensorboard --logdir runs`.

    On several GPUs, also of several hosts:
    `torchrun --nproc-per-node 4 --no-python concertino train continuation`
    The folder of the run needs to be on the first host only; the music on all.

    `sod`, `lmd` and `symphonynet` are folders of your own beside the corpora; lists of names in such a folder
    (train-names.txt, valid-names.txt, test-names.txt; the paper's authors published theirs) are its split.
    Without them a hash of each name decides, which of few files may leave a side without any.
    """
    check_installed("training", "torch", "tensorboard", "tqdm")
    from dataclasses import replace

    from offline.mmt.music import find_music
    from offline.mmt.parallel import leads
    from offline.mmt.recipe import QUICK, RECIPES
    from offline.mmt.runs import train_continuation as run

    if quick and size != QUICK.size:
        raise ValueError(f"--quick is for the size {QUICK.size}; leave it away")
    recipe = replace(
        QUICK if quick else RECIPES[size],
        seed=seed,
        music=tuple(find_music(music or ["open"])),
    )
    recipe = recipe if steps is None else replace(recipe, steps=steps)
    recipe = recipe if batch is None else replace(recipe, batch=batch)
    recipe = recipe if dropout is None else replace(recipe, dropout=dropout)
    path = run(
        recipe,
        folder or Path("runs") / f"mmt-{size}",
        resume=resume,
        threads=threads,
        workers=workers,
        compiled=compiled,
        precision=precision,
        progress=not quiet,
        data=data,
    )
    if leads():
        typer.echo(f"weights: {path}")


def train_continuation_table(
    size: Annotated[
        Literal["full", "small", "mini", "tiny"], typer.Option(help="Of all three models.")
    ] = "mini",
    steps: Annotated[int, typer.Option(min=1, help="Steps of each.")] = 400,
    samples: Annotated[int, typer.Option(min=1, help="Samples that each generates.")] = 50,
    quick: Annotated[bool, typer.Option("--quick", help="The recipe for a large GPU, size full.")] = False,
    folder: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/mmt-table"),
    results: Annotated[
        Path | None, typer.Option(help="File of the results. [default: the one that comes with Concertino]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores.")] = 1,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Train and measure what is missing from the comparison of representations of Dong et al. (ICASSP 2023).

    The paper's rows, MMM-style and REMI+-style tokens each get the same model, recipe and steps. When it was
    stopped or killed, the same command goes on where it was.

    Then: `concertino evaluate continuation --table`
    """
    check_installed("training", "torch", "tensorboard", "tqdm")
    from offline.mmt.table import RESULTS, train_table

    if quick and size != "full":
        raise ValueError("--quick is for the size full; leave it away")
    train_table(
        size,
        steps=steps,
        samples=samples,
        folder=folder,
        results=results or RESULTS,
        seed=seed,
        threads=threads,
        data=data,
        progress=not quiet,
        quick=quick,
    )
    typer.echo(f"results: {results or RESULTS}")
