"""``concertino bench``: everything heavy is imported by the command that needs it."""

import signal
from typing import Annotated, Literal

import typer

from bench.cli_host import control, peers, render, switch
from bench.options import Json, Seed, Separator, SoundFont

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    help="Measure latency, separator, continuation and rendering, and other software beside ours.",
    epilog="bench/README.md says what is measured and how to read it.",
)


@app.callback()
def bench(context: typer.Context) -> None:
    """Measure latency, separator, continuation and rendering, and other software beside ours."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt  # children and servers end in the finally clauses, as with Ctrl-C

    signal.signal(signal.SIGTERM, interrupt)


@app.command()
def latency(
    driver: Annotated[
        Literal["jack-dummy", "jack", "portaudio"],
        typer.Option(
            help="jack-dummy: a private JACK server without hardware; jack: the running server; "
            "portaudio: PortAudio on a private JACK server."
        ),
    ] = "jack-dummy",
    period: Annotated[
        int | None,
        typer.Option(
            min=16, max=4096, help="Frames a period [default: 128, or the server's]", show_default=False
        ),
    ] = None,
    notes: Annotated[int, typer.Option(min=1, help="Notes to measure; a chord counts once.")] = 2000,
    load: Annotated[
        Literal["none", "gil", "cpu"],
        typer.Option(
            help="Competition: gil is a Python thread in the host, cpu a busy process on each core."
        ),
    ] = "none",
    soak: Annotated[
        float,
        typer.Option(
            metavar="HOURS", min=0, help="Play for hours instead of --notes; report percentiles over time."
        ),
    ] = 0.0,
    soundfont: SoundFont = None,
    separator: Separator = None,
    seed: Seed = 1,
    baseline: Annotated[
        bool, typer.Option(help="Measure FluidSynth's own player in the same run, as the floor.")
    ] = True,
    voices: Annotated[
        int, typer.Option(min=0, max=64, help="Voices held in a section of the run of their own; 0: none.")
    ] = 32,
    json: Json = None,
) -> None:
    """Measure from key to sound, from outside: JACK MIDI in, sound out.

    An independent JACK client plays at a player's irregular gaps and hears when each note sounds. The
    default 2,000 notes take about 7 minutes, and as long again for FluidSynth's player (--no-baseline).

    Examples: concertino bench latency; concertino bench latency --period 64 --load gil --json latency.json;
    concertino bench latency --soak 6
    """
    from bench.latency import measure_latency
    from bench.plan import Plan
    from bench.report import progress, publish, show_latency
    from bench.soundfont import bench_soundfont

    plan = Plan(
        soundfont=bench_soundfont(soundfont),
        driver=driver,
        period=period or (0 if driver == "jack" else 128),
        notes=notes,
        load=load,
        soak_hours=soak,
        separator=separator,
        seed=seed,
        baseline=baseline,
        voices=voices,
    )
    with progress() as report:
        result = measure_latency(plan, report)
    publish(result, show_latency, json)


@app.command()
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


@app.command()
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


for command in (control, render, switch, peers):
    app.command()(command)
