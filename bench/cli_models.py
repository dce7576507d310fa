"""The commands of ``concertino bench`` that measure a model's steps, without the host or beside it."""

from typing import Annotated, Literal

import typer

from bench.options import Json, Seed, SoundFont


def separator(
    name: Annotated[str, typer.Argument(help="Separator: a name, or NAME:value.")] = "bach-chorale",
    steps: Annotated[
        int, typer.Option(min=8, help="Steps back to back, by each path and with each load.")
    ] = 4000,
    gap_steps: Annotated[
        int, typer.Option(min=8, help="Steps with idle gaps of 20 to 500 ms, as a player makes them.")
    ] = 400,
    soundfont: SoundFont = None,
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """Time the separator's step alone: in the path that plays and from Python, idle and beside a GIL load.

    All variants are measured in turn within one run, about 4 minutes.

    Examples: concertino bench separator; concertino bench separator closest --json steps.json
    """
    from bench.report import progress, publish, show_separator
    from bench.separator import measure_separator
    from bench.soundfont import bench_soundfont

    with progress() as report:
        result = measure_separator(bench_soundfont(soundfont), name, steps, gap_steps, seed, report)
    publish(result, show_separator, json)


def continuation(
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="An installed model [default: one of --size with weights of chance]"
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(help="Published size to make with weights of chance; needs `concertino[offline]`.")
    ] = "full",
    variant: Annotated[str, typer.Option(help="Precision of the graph: int8, fp32, fp16 ...")] = "int8",
    threads: Annotated[int, typer.Option(min=1, help="Threads of the model.")] = 2,
    provider: Annotated[
        Literal["cpu", "cuda"],
        typer.Option(help="Where the model alone is timed; cuda: --variant fp16."),
    ] = "cpu",
    idle_gaps: Annotated[
        bool, typer.Option("--idle-gaps", help="Also time bursts after pauses of 0.1 to 5 s.")
    ] = False,
    live: Annotated[bool, typer.Option(help="Also measure in the host, on a private JACK server.")] = True,
    seconds: Annotated[float, typer.Option(min=1, help="How long the model plays beside the player.")] = 60.0,
    triggers: Annotated[int, typer.Option(min=1, help="Turns that are begun and taken back.")] = 100,
    period: Annotated[int, typer.Option(min=16, max=4096, help="Frames a period.")] = 128,
    soundfont: SoundFont = None,
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """Measure the model that goes on: notes per second, trigger to first note, whether it keeps up.

    The model alone, by length of context, with its cache and without; then in the host, while a probe plays
    at 120 BPM. About 8 minutes.

    Examples: concertino bench continuation --json continuation.json; concertino bench continuation --model
    mmt; concertino bench continuation --variant fp16 --provider cuda --idle-gaps --no-live
    """
    from bench.continuation import Wanted, measure_continuation, show_continuation
    from bench.report import progress, publish
    from bench.soundfont import bench_soundfont

    wanted = Wanted(
        bench_soundfont(soundfont),
        model,
        size,
        variant,
        threads,
        provider,
        idle_gaps=idle_gaps,
        live=live,
        seconds=seconds,
        triggers=triggers,
        period=period,
        seed=seed,
    )
    with progress() as report:
        result = measure_continuation(wanted, report)
    publish(result, show_continuation, json)
