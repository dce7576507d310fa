"""``concertino bench``: everything heavy is imported by the command that needs it."""

import signal
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli_models import continuation, separator
from bench.options import Json, Seed, Separator, SoundFont

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    rich_markup_mode="markdown",
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


for command in (separator, continuation):
    app.command()(command)


@app.command()
def control(
    notes: Annotated[int, typer.Option(min=1, help="Notes to measure, alone and with pages.")] = 500,
    clients: Annotated[int, typer.Option(min=0, max=30, help="Pages, each of which moves a fader.")] = 1,
    messages: Annotated[int, typer.Option(min=1, help="Malformed messages, of all kinds.")] = 100_000,
    period: Annotated[int, typer.Option(min=16, max=4096, help="Frames a period.")] = 128,
    soundfont: SoundFont = None,
    separator: Separator = None,
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """Measure what the page and its like cost, and whether hostile messages disturb the sound.

    `play` on a private JACK server, heard from outside: alone; with pages that move a fader 60 times a second
    and are told all that happens; the same with sound; with malformed OSC, WebSocket, HTTP and MIDI messages.
    About 6 minutes.

    Example: concertino bench control --json control.json
    """
    from bench.control import measure_control, show_control
    from bench.report import progress, publish
    from bench.soundfont import bench_soundfont

    font = bench_soundfont(soundfont)
    with progress() as report:
        result = measure_control(font, notes, clients, messages, period, separator, seed, report)
    publish(result, show_control, json)


@app.command()
def render(
    midi: Annotated[
        Path | None, typer.Argument(help="MIDI file to render.  [default: the shipped four-part chorale]")
    ] = None,
    runs: Annotated[int, typer.Option(min=2, help="Runs of each command; the first is not warm.")] = 5,
    soundfont: SoundFont = None,
    separator: Separator = None,
    json: Json = None,
) -> None:
    """Measure `render`'s speed, and how soon `play` can be played and what memory it needs.

    Example: concertino bench render --json render.json
    """
    from bench.render import CHORALE, measure_render
    from bench.report import progress, publish, show_render
    from bench.soundfont import bench_soundfont

    with progress() as report:
        result = measure_render(bench_soundfont(soundfont), midi or CHORALE, separator, runs, report=report)
    publish(result, show_render, json)


@app.command()
def switch(
    switches: Annotated[int, typer.Option(min=1, help="Switches of each kind.")] = 40,
    soundfont: SoundFont = None,
    json: Json = None,
) -> None:
    """Change programs, ensembles, separators and SoundFonts while a dense stream of notes plays.

    Tells how soon each is ready, the longest gap in the sound of held notes, and what was lost, doubled or
    stuck. The default takes about a minute.

    Example: concertino bench switch --json switch.json
    """
    from bench.report import progress, publish
    from bench.soundfont import bench_soundfont
    from bench.switch import measure_switch, show_switch

    with progress() as report:
        result = measure_switch(bench_soundfont(soundfont), switches, report)
    publish(result, show_switch, json)


@app.command()
def peers(
    peer: Annotated[
        Literal["notochord", "fluidsynth"],
        typer.Argument(
            help="notochord: its feed and query beside our step, installed into an environment of its own "
            "(1 GB); fluidsynth: its own player beside our host."
        ),
    ],
    steps: Annotated[int, typer.Option(min=5, help="notochord: steps back to back.")] = 500,
    notes: Annotated[int, typer.Option(min=1, help="fluidsynth: notes.")] = 500,
    period: Annotated[int, typer.Option(min=16, max=4096, help="fluidsynth: frames a period.")] = 128,
    soundfont: SoundFont = None,
    separator: Separator = None,
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """Measure other software beside ours, in the same run.

    Examples: concertino bench peers notochord; concertino bench peers fluidsynth --period 64
    """
    from bench.report import progress, publish, show_latency, show_notochord
    from bench.soundfont import bench_soundfont

    font = bench_soundfont(soundfont)
    if peer == "fluidsynth":
        from bench.latency import measure_latency
        from bench.plan import Plan

        plan = Plan(font, period=period, notes=notes, separator=separator, seed=seed, voices=0)
        with progress() as report:
            result = measure_latency(plan, report)
        publish(result, show_latency, json)
        return
    from bench.peers.notochord import measure_notochord

    with progress() as report:
        result = measure_notochord(font, separator or "bach-chorale", steps, steps // 5, seed, report)
    publish(result, show_notochord, json)
