"""Results for people (tables), for programs (JSON), and how far a long run has come."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

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


def write_json(result: dict[str, Any], target: Path | None) -> None:
    """Write a result to a file, or to standard output for ``-``.

    Raises:
        OSError: the file can't be written.
    """
    if target is None:
        return
    text = json.dumps(result, indent=2) + "\n"
    if target == STDOUT:
        print(text, end="")
    else:
        target.write_text(text, "utf-8")


def _console(target: Path | None) -> Console:
    """Return where tables go: not into the JSON on standard output."""
    return Console(stderr=target == STDOUT)


def percentile_table(title: str, rows: dict[str, tuple[str, dict[str, float]]]) -> Table:
    """Return a table of ``name: (unit, percentiles)``."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in COLUMNS:
        table.add_column({"p999": "p99.9"}.get(name, name), justify="right")
    table.add_column("unit")
    for name, (unit, values) in rows.items():
        table.add_row(name, *(f"{values[column]:.5g}" for column in COLUMNS), unit)
    return table


def show_latency(result: dict[str, Any], target: Path | None = None) -> None:
    """Print the tables of ``concertino bench latency``."""
    console = _console(target)
    rows = {
        "key to sound": ("ms", result["key_to_sound_ms"]),
        "  in frames": ("frames", result["key_to_sound_frames"]),
        f"  synth's block ({result['rounding']})": ("ms", result["block_ms"]),
    }
    if "fluidsynth" in result:
        rows["FluidSynth's own player"] = ("ms", result["fluidsynth_ms"])
        rows[f"  rounded {result['fluidsynth']['rounding']}"] = ("ms", result["fluidsynth"]["block_ms"])
    rows["callback"] = ("us", result["callback_us"])
    if "callback_us_32_voices" in result:
        rows[f"callback, {result['voices']} voices"] = ("us", result["callback_us_32_voices"])
    rows["separator, one note"] = ("us", result["separator_us"])
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
        f"memory {result['rss_mb']:.0f} MB",
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
        console.print(f"  {line}", highlight=False)
