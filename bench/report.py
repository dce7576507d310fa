"""Results for people (tables), for programs (JSON), and how far a long run has come."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.separator_steps import PACINGS

STDOUT = Path("-")
COLUMNS = ("p50", "p95", "p99", "p999", "max")


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on stderr for each thing being done; gives the function that is told of it."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, Any] = {}

    def report(what: str, done: int, of: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=of)
        bar.update(tasks[what], completed=done, total=of)

    with bar:
        yield report


def publish(
    result: dict[str, Any], show: Callable[[dict[str, Any], Console], None], target: Path | None
) -> None:
    """Write a result as JSON to a file, or to standard output for ``-``, and its tables for people.

    Raises:
        OSError: the file can't be written.
    """
    to_stdout = target == STDOUT
    if target is not None:
        text = json.dumps(result, indent=2) + "\n"
        if to_stdout:
            print(text, end="", flush=True)
        else:
            target.write_text(text, "utf-8")
    show(result, Console(stderr=to_stdout))  # no tables in the middle of JSON


def short(value: float) -> str:
    """Return a number in four digits, or as many as it has before the point."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def percentile_table(title: str, rows: dict[str, tuple[str, dict[str, float]]]) -> Table:
    """Return a table of ``name: (unit, percentiles)``."""
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for name in COLUMNS:
        table.add_column({"p999": "p99.9"}.get(name, name), justify="right")
    for name, (unit, values) in rows.items():
        table.add_row(f"{name}, {unit}", *(short(values[column]) for column in COLUMNS))
    return table


def show_latency(result: dict[str, Any], console: Console) -> None:
    """Print the tables of ``concertino bench latency``."""
    rows = {
        "key to sound": ("ms", result["key_to_sound_ms"]),
        "  the same": ("frames", result["key_to_sound_frames"]),
        f"  {result['rounding']}": ("ms", result["block_ms"]),
    }
    if "fluidsynth" in result:
        rows["FluidSynth's own player"] = ("ms", result["fluidsynth_ms"])
        rows[f"  {result['fluidsynth']['rounding']}"] = ("ms", result["fluidsynth"]["block_ms"])
    rows["callback"] = ("us", result["callback_us"])
    if "callback_us_32_voices" in result:
        rows[f"callback, {result['voices']} voices"] = ("us", result["callback_us_32_voices"])
    rows["separator's step"] = ("us", result["separator_us"])
    rows["one note's decision"] = ("us", result["decision_us"])
    console.print(
        percentile_table(
            f"{result['driver']}, period {result['period']} at {result['rate']:.0f} Hz, "
            f"{result['notes']} notes, load {result['load']}, separator {result['separator']}",
            rows,
        )
    )
    per_minute = result["xruns_per_minute"]
    said = [
        f"jitter {result['jitter_ms']:.3f} ms, "
        f"without the synth's block {result['jitter_without_block_ms']:.3f} ms",
        f"of which the period in which a key waits for delivery {result['loop_ms']:.3f} ms; "
        f"the device adds {result['playback_ms']:.3f} ms by its own word",
        f"notes lost {result['lost_notes']}, played by rule {result['by_rule']}, "
        f"still sounding at the end {result['sounding_after']}",
        f"xruns {result['xruns']} ({per_minute['playing']} a minute; idle server: {per_minute['idle']})",
        f"start {result['start_seconds']['warm']:.2f} s (first {result['start_seconds']['first']:.2f} s), "
        f"memory {result['rss_mb']:.0f} MB, of which {result['rss_shared_mb']:.0f} MB are the server's",
    ]
    if "callback_share_32_voices" in result:
        share = result["callback_share_32_voices"]["p999"]
        said.append(f"callback with {result['voices']} voices: p99.9 is {share:.1%} of the period")
    if "fluidsynth" in result:
        said.append(
            f"behind FluidSynth's player at p50: {result['behind_fluidsynth_ms']:.3f} ms; "
            f"{result['behind_fluidsynth_without_rounding_ms']:.3f} ms without what each one rounds"
        )
    if "drift" in result:
        said.append(", ".join(f"{name} drift {value:+g}" for name, value in result["drift"].items()))
    if not result["realtime"]:
        said.append("the server is not real-time: these are not the times of a machine set up for playing")
    said += result["notices"]
    for line in said:
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def show_separator(result: dict[str, Any], console: Console) -> None:
    """Print the tables of ``concertino bench separator``."""
    rows = {name.replace("_", " "): ("us", values) for name, values in result["steps_us"].items()}
    title = (
        f"{result['separator']}: one step; c is the path that plays, decision is what the audio thread waits"
    )
    console.print(percentile_table(title, rows))
    for name, ratios in result["gil_to_idle"].items():
        text = ", ".join(f"{rank} {ratio:.2f} times" for rank, ratio in ratios.items() if ratio is not None)
        console.print(
            f"  beside a GIL load, {name.replace('_', ' ')}: {text} as long", highlight=False, soft_wrap=True
        )


def show_notochord(result: dict[str, Any], console: Console) -> None:
    """Print the tables of ``concertino bench peers notochord``."""
    rows, said = {}, []
    for pacing in PACINGS:
        part = result[pacing]
        where = pacing.replace("_", " ")
        rows[f"Notochord, {where}"] = ("us", part["notochord_us"])
        rows[f"our step, {where}"] = ("us", part["ours_us"])
        rows[f"our decision, {where}"] = ("us", part["ours_decision_us"])
        said.append(
            f"  {where}: {part['times_faster_p50']} times faster at p50 "
            f"({part['times_faster_p50_decision']} with the hand-over to and from the audio thread)"
        )
    about = result["notochord"]
    console.print(
        percentile_table(
            f"Notochord {about['version']} feed + query (random weights, torch {about['torch']}) "
            f"beside {result['separator']}",
            rows,
        )
    )
    for line in said:
        console.print(line, highlight=False, soft_wrap=True)


def show_render(result: dict[str, Any], console: Console) -> None:
    """Print what ``concertino bench render`` found."""
    start = result["start_seconds"]
    for line in (
        f"{result['midi']}: {result['seconds']:.1f} s, {result['notes']} notes, by {result['separator']}",
        f"rendered {result['times_real_time']:.1f} times faster than real time, "
        f"{result['times_real_time_with_start']:.1f} times with the start of the command",
        f"play: first possible note after {start['warm']:.2f} s "
        f"(first start {start['first']:.2f} s, slowest warm one {start['worst_warm']:.2f} s)",
        f"play: {result['rss_mb']:.0f} MB resident with {result['soundfont']}, "
        f"of which {result['rss_shared_mb']:.0f} MB are the JACK server's",
    ):
        console.print(line, highlight=False, soft_wrap=True)
