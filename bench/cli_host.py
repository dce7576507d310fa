"""The commands of ``concertino bench`` that watch the whole host, or other software beside it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.options import Json, Seed, Separator, SoundFont


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
