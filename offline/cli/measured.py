"""What ``concertino evaluate separator`` found: as JSON, or as tables on the terminal."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MEASURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "soundness": "soundness",
    "completeness": "completeness",
    "flicker": "flicker",
    "accuracy_human": "accuracy by hand",
}
"""Shares that stand above the tables, and what they are called there."""


def write_measured(result: Mapping[str, Any], json_file: str | None) -> None:
    """Write JSON to a file, - is standard output; None prints tables instead."""
    if json_file is None:
        from rich.console import Console

        print_measured(result, Console())
    elif json_file == "-":
        typer.echo(json.dumps(result, indent=2))
    else:
        Path(json_file).write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def print_measured(result: Mapping[str, Any], console: "Console") -> None:
    """Print the measures, where the notes of each part went, and what each perturbation leaves."""
    where = f"{result['corpus']}, {result['split']}" if result["split"] else result["corpus"]
    counts = f"{_count(result['pieces'], 'piece')}, {_count(result['notes'], 'note')}"
    heading = f"{result['separator']} on {where}: {counts}"
    console.print(heading, markup=False, highlight=False, soft_wrap=True)
    measures = _table("", "%")
    for key, title in MEASURES.items():
        if key in result:
            measures.add_row(title, _percent(result[key]))
    _show(measures, console)
    confusion, right = result["confusion"], result["part_accuracy"]
    parts = _table("notes of", "right, %", *(f"to {name}" for name in confusion))
    for name, went in confusion.items():
        parts.add_row(
            name, _percent(right[name]) if name in right else "", *(f"{n:,}" for n in went.values())
        )
    _show(parts, console)
    if "human" in result:
        hands = _table("under a player's hands", "accuracy, %")
        for name, share in (result["human"] | {"all": result["accuracy_human"]}).items():
            hands.add_row(name, _percent(share))
        _show(hands, console)


def _table(first: str, *columns: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column(Text(first), overflow="fold")
    for column in columns:
        made.add_column(Text(column), justify="right", no_wrap=True)
    return made


def _show(table: "Table", console: "Console") -> None:
    # Rather wider than the terminal than figures cut off.
    console.print(table, width=max(console.width, console.measure(table).minimum), crop=False, markup=False)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _percent(share: float) -> str:
    return f"{share:.2%}"[:-1]
