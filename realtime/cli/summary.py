"""The summary of a session, for the player and as JSON."""

import json
from pathlib import Path
from typing import Any

from realtime.cli.outputs import TERMINAL


def publish(summary: dict[str, Any], as_json: str | None) -> None:
    """Print the summary as JSON for ``-``; else print it for people, and write it as JSON to a file.

    It is printed first: the notes of a concert are told even where the file can't be written by now.

    Raises:
        OSError: the file can't be written.
    """
    if as_json == TERMINAL:
        print(json.dumps(summary, indent=2))
        return
    print_summary(summary)
    if as_json:
        Path(as_json).write_text(json.dumps(summary, indent=2) + "\n")


def print_summary(summary: dict[str, Any]) -> None:
    """Print notes per part, latency, xruns and files."""
    from rich.console import Console
    from rich.table import Table

    notes = ", ".join(f"{part} {count}" for part, count in summary["notes"].items())
    # As plain text: a part or folder may be called [1], and a path must not be broken into lines.
    print(f"\n{summary['ensemble']} by {summary['separator']}: {notes}")
    table = Table("stage", "p50", "p99", "p99.9", "max", "jitter", title="latency (ms)", title_justify="left")
    for stage, row in summary["latency_us"].items():
        if row["count"]:
            cells = [f"{row[k] / 1000:.3f}" for k in ("p50", "p99", "p999", "max", "jitter")]
            table.add_row(stage.replace("_", " "), *cells)
    Console().print(table)
    counters = summary["counters"]
    print(f"xruns {summary['xruns']}, separator late {counters['late']}, by rule {counters['fallback']}")
    if going_on := summary.get("continuation"):
        print(
            "{model} played {notes} notes in {triggers} turns, {late} late; ready {isr:.2%}, first note "
            "{first_note_p50_ms} ms (p99 {first_note_p99_ms}), restarts {restarts}".format(**going_on)
        )
    for path in summary["files"]:
        print(f"wrote {path}")
