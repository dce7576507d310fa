"""The tables of what each idea is worth: recipes with one thing changed, and what they came to.

``python -m offline.ablation_table`` prints those that are committed.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

LIVE, WHOLE = (Path(__file__).parent / name for name in ("ablation.json", "whole/ablation.json"))
"""The committed tables, of separators that play live and of those of whole pieces."""
MEASURES = {
    "accuracy": "accuracy",
    "accuracy_human": "under a player's hands",
    "accuracy_beam": "by beam search",
}
"""What a line may have measured, and the title of its column; all on the validation pieces."""

R = TypeVar("R")


def changed(recipe: R, changes: Mapping[str, Any], model: str = "") -> R:
    """Return ``recipe``, a dataclass, with ``changes``, whose names may reach into the augmentation.

    ``{model}`` in a text stands for the name of the model.
    """
    changes = {k: v.format(model=model) if isinstance(v, str) else v for k, v in changes.items()}
    inner = {k.partition(".")[2]: v for k, v in changes.items() if "." in k}
    outer = {k: v for k, v in changes.items() if "." not in k}
    old: Any = recipe
    return replace(old, augmentation=replace(old.augmentation, **inner), **outer)


def read_table(path: Path) -> dict[str, Any]:
    """Return the lines in ``path`` by their names; none where there is no file.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} holds no table ({error}): restore it from the repository") from error


def write_table(path: Path, table: Mapping[str, Any]) -> None:
    """Write the lines; a kill while writing leaves the file as it was."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    os.replace(part, path)


def print_table(path: Path, console: Console) -> None:
    """Print the lines of a file, each with what was measured and the epoch of its weights."""
    lines = read_table(path)
    measures = [name for name in MEASURES if any(name in line for line in lines.values())]
    shown = Table(title=f"{path.name}: validation pieces, %", title_justify="left")
    shown.add_column("what is changed")
    for title in (*(MEASURES[name] for name in measures), "epoch"):
        shown.add_column(title, justify="right")
    for name, line in lines.items():
        figures = [f"{100 * line[measure]:.2f}" if measure in line else "" for measure in measures]
        shown.add_row(name, *figures, str(line.get("best_epoch", "")))
    console.print(shown)


def main(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of tables. [default: the committed]")
    ] = None,
) -> None:
    """Print the tables."""
    for path in files or (LIVE, WHOLE):
        print_table(path, Console())


if __name__ == "__main__":
    typer.run(main)
