"""``concertino export continuation``: trained weights as a plugin that goes on from what was played."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from offline.cli.options import Data, Into, Quiet, check_installed

EXPORTED = Path("exported_models")


def export_continuation(
    weights: Annotated[
        Path | None,
        typer.Option(help="Checkpoint or weights of a run. [default: those that come with Concertino]"),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the plugin.")] = "mmt",
    variants: Annotated[
        str,
        typer.Option(help="Of fp32, fp16, int8, int4: the first is the manifest's, the last is measured."),
    ] = "fp16,int8",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep them as the weights that come with Concertino.")
    ] = False,
    chosen: Annotated[
        Path | None,
        typer.Option(help="What `concertino evaluate continuation --choose --json` wrote: not chosen again."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="How many samples are measured.")] = 100,
    pieces: Annotated[int, typer.Option(min=0, help="Test pieces that losses are taken over; 0: all.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Processor cores.")] = 1,
    into: Into = EXPORTED,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Write a continuation as a plugin: graphs, manifest and model card, measured on the test pieces.

    The graph is first shown to give the scores of the model in PyTorch. Temperature and threshold are chosen
    against the validation pieces, unless `--chosen` or the weights say which were; then losses of every
    variant and samples of the last one are measured beside the test pieces. When anything fails, the folder
    keeps the plugin that it had.

    Example: `concertino export continuation --weights runs/mmt-small/weights.npz --keep`
    """
    check_installed("export", "torch", "tqdm", "onnx", "onnxruntime")
    from offline.mmt.evaluation import closer
    from offline.mmt.ship import ship

    folder, found = ship(
        weights,
        into,
        name=name,
        kept=keep,
        variants=[variant.strip() for variant in variants.split(",")],
        sampling=_chosen(chosen) if chosen else None,
        samples=samples,
        pieces=pieces,
        threads=threads,
        data=data,
        progress=not quiet,
    )
    loss = sum(found["losses"][found["played"]].values())
    typer.echo(
        f"{folder}: loss {loss:.3f} on {found['rows']:,} rows of {found['measured']} test pieces; "
        f"{closer(found)}"
    )


def _chosen(path: Path) -> dict[str, Any]:
    try:
        best = json.loads(path.read_text("utf-8"))[0]
        return {name: best[name] for name in ("temperature", "threshold")}
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(
            f"{path} holds no chosen settings ({error}); make it with "
            "`concertino evaluate continuation NAME --choose --json FILE`"
        ) from error
