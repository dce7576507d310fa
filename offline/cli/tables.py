"""``concertino train tables`` and ``concertino evaluate separator --table``: the paper's tables."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from offline.cli.options import Data, Quiet, check_installed
from offline.shipped import CORPUS_KEYS

Table = Literal["4.2", "4.3", "4.4", "all"]
Shown = Literal["4.2", "4.3", "4.4", "human", "all"]
Device = Literal["auto", "cpu", "cuda"]


def train_tables(
    table: Annotated[
        Table, typer.Option(help="Models (4.2), input features (4.3), time and augmentation (4.4), or all.")
    ] = "all",
    corpus: Annotated[
        str,
        typer.Option(
            metavar="CORPORA",
            help="The music, of `concertino data list`, such as bach,quartets; or all.",
        ),
    ] = "bach",
    only: Annotated[
        str, typer.Option(metavar="CELLS", help="Of the table, only these cells, such as lstm,bilstm-dur.")
    ] = "",
    data: Data = None,
    folder: Annotated[Path, typer.Option(help="Folder of checkpoints and weights.")] = Path("runs/tables"),
    results: Annotated[
        Path | None, typer.Option(help="Folder of the results. [default: those that come with Concertino]")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Training steps of each cell. [default: 600]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    anew: Annotated[
        bool, typer.Option("--anew", help="Replace cells of other steps or another seed.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores.")] = 1,
    device: Annotated[
        Device,
        typer.Option(help="What trains; auto: a GPU where there is one, on which stopped LSTMs begin again."),
    ] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Cells trained side by side, each in a process.")] = 1,
    human: Annotated[
        bool, typer.Option("--human", help="Measure under a player's hands too what is not so measured yet.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train and measure what is missing from the tables of Dong et al. (ISMIR 2021), by corpus.

    All cells have the same budget of steps, each on 16 excerpts of at most 500 notes; 600 steps, those of the
    results that come with Concertino, take an LSTM about six minutes on one core. The weights with the best
    validation loss are measured on the whole test pieces, and the result is written at once to a JSON file of
    the corpus. On a processor, when a run was stopped or killed, the same command goes on where it was, and
    ends with the same numbers.

    On a GPU (`--device cuda`; `auto` where there is one) all LSTMs that a corpus lacks are trained at once,
    then all BiLSTMs: nothing of these is kept before all of a kind are trained, so what was stopped begins
    again; and their weights are never kept. Other networks go on as on a processor.

    Of several corpora, those that are not there are left out, and it says so.

    Where that file has cells of other steps or another seed, nothing is trained unless you give `--anew`,
    which replaces them, or `--results`, which leaves them alone.

    `--human` adds the protocol of `concertino evaluate separator --human`. All figures of a cell are of one
    network: where the weights that its figures came from are not in the folder, it is trained again.

    Then: `concertino evaluate separator --table all`, or `--table human`
    """
    corpora = _corpora(corpus)
    check_installed("training", "torch", "tqdm", *(["music21"] if corpora == ["bach"] else []))
    import torch

    from offline.mmt.parallel import choose_device
    from offline.paper.budget import STEPS
    from offline.paper.music import load_music
    from offline.paper.results import FOLDER
    from offline.paper.tables import train_tables as run

    chosen = choose_device() if device == "auto" else torch.device(device)
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("PyTorch finds no GPU here: train with --device cpu")
    into, budget = results or FOLDER, steps or STEPS
    if not quiet:
        typer.echo(f"each cell: {budget} steps of 16 excerpts of at most 500 notes", err=True)
    left_out = []
    for key in corpora:
        music = None
        if len(corpora) > 1:
            try:
                music = load_music(key, data, progress=not quiet)
            except (OSError, ValueError, ImportError) as error:
                left_out.append(key)
                typer.echo(f"{key} is left out: {error}", err=True)
                continue
        run(
            key,
            table,
            only=[cell for cell in only.split(",") if cell],
            data=data,
            folder=folder,
            results=into,
            steps=budget,
            seed=seed,
            threads=threads,
            progress=not quiet,
            music=music,
            device=chosen,
            jobs=jobs,
            anew=anew,
            human=human,
        )
        typer.echo(f"results: {into / key}.json")
    if left_out == corpora:
        raise OSError(f"none of {', '.join(corpora)} is there: see `concertino data list`")


def _corpora(asked: str) -> list[str]:
    """Return the corpora that a list with commas, or ``all``, names.

    Raises:
        ValueError: it names none, or one that there is not.
    """
    keys = list(dict.fromkeys(key for word in asked.split(",") if (key := word.strip())))
    if keys == ["all"]:
        return list(CORPUS_KEYS)
    unknown = [key for key in keys if key not in CORPUS_KEYS]
    if unknown or not keys:
        wrong = unknown[0] if unknown else asked
        raise ValueError(f"there is no corpus {wrong!r}; choose of {', '.join(CORPUS_KEYS)}, or all")
    return keys


class TableCommand(TyperCommand):
    """A command whose ``--table`` may stand alone, which means all."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the missing word behind a bare ``--table``."""
        words = [*args, "-"]
        bare = [i for i, word in enumerate(args) if word == "--table" and words[i + 1].startswith("-")]
        for place in reversed(bare):
            args = [*args[: place + 1], "all", *args[place + 1 :]]
        return super().parse_args(ctx, args)


BESIDE_TABLE = ("table", "json_file", "quiet")
"""Parameters of ``evaluate separator`` that mean something with ``--table``."""


def refuse_beside_table(context: typer.Context) -> None:
    """Refuse what was given beside ``--table``, which prints results that are there and measures nothing.

    Raises:
        ValueError: something was.
    """
    given = [
        "NAME" if parameter.param_type_name == "argument" else parameter.opts[0]
        for parameter in context.command.params
        if parameter.name
        and parameter.name not in BESIDE_TABLE
        and (source := context.get_parameter_source(parameter.name))
        and source.name == "COMMANDLINE"
    ]
    if given:
        raise ValueError(
            f"--table prints results that are there, and measures nothing: leave out {', '.join(given)} "
            "(only --json goes with it), or leave out --table"
        )


def show_tables(table: Shown, json_file: str | None) -> None:
    """Print a table from the committed results, or write it as JSON to a file; - is standard output."""
    from rich.console import Console

    from offline.paper.printing import collect, print_tables

    if json_file is None:
        print_tables(table, Console())
        return
    text = json.dumps(collect(table), indent=2) + "\n"
    if json_file == "-":
        typer.echo(text, nl=False)
    else:
        Path(json_file).write_text(text, "utf-8")
