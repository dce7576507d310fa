"""The paper's comparison of its representation with two others (tables 3.2 and 3.3 of Dong's dissertation).

Each is trained with the same recipe, size and steps, then generates from nothing. The paper's figures are
those of Dong et al., ICASSP 2023, on the Symbolic Orchestral Database and a GPU.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from offline.mmt.evaluation import PAPER, field_losses, sample
from offline.mmt.metrics import METRICS, mean_metrics
from offline.mmt.readers import open_model
from offline.mmt.recipe import QUICK, RECIPES
from offline.mmt.report import evenly, load_side, measured
from offline.mmt.representations import REPRESENTATIONS
from offline.mmt.runs import train_continuation
from realtime.music.mmt.sampling import Sampling

RESULTS = Path(__file__).with_name("results.json")
LOSS_PIECES = 50
"""Test pieces over which the losses are taken."""
PUBLISHED: dict[str, dict[str, float]] = {
    "truth": {name: true for name, (true, _) in PAPER.items()},
    "mmt": {"parameters": 19.94e6, "sample_seconds": 100.42, "notes_per_second": 11.79}
    | {name: theirs for name, (_, theirs) in PAPER.items()},
    "mmm": {"sample_seconds": 38.69, "notes_per_second": 5.66}
    | {"pitch_class_entropy": 2.884, "scale_consistency": 0.9313, "groove_consistency": 0.9190},
    "remi": {"sample_seconds": 28.69, "notes_per_second": 3.58}
    | {"pitch_class_entropy": 2.897, "scale_consistency": 0.9312, "groove_consistency": 0.9290},
}
COLUMNS: dict[str, tuple[str, float, str]] = {
    "parameters": ("parameters\n(millions)", 1e-6, ".2f"),
    "sample_seconds": ("length\n(s)", 1, ".2f"),
    "notes_per_second": ("notes/s", 1, ".2f"),
    "pitch_class_entropy": ("pitch class\nentropy", 1, ".3f"),
    "scale_consistency": ("scale\nconsistency", 100, ".2f"),
    "groove_consistency": ("groove\nconsistency", 100, ".2f"),
}
"""Heading, factor and format of each figure."""
WIDE = 104
"""Columns of text that the table takes at least: rather wider than the terminal than cut off."""


def train_table(
    size: str,
    *,
    steps: int,
    samples: int,
    folder: Path,
    results: Path = RESULTS,
    seed: int = 0,
    threads: int = 1,
    data: Path | None = None,
    progress: bool = True,
    quick: bool = False,
) -> None:
    """Train and measure what ``results`` lacks; a run that was stopped goes on where it was.

    Results of another size, budget or seed are replaced. ``quick`` takes the recipe of that name for all.

    Raises:
        ValueError, OSError: as ``train_continuation``.
    """
    budget = {"size": size, "quick": quick, "steps": steps, "samples": samples, "seed": seed}
    found = read_results(results)
    found = found if found.get("budget") == budget else {"budget": budget}
    recipe = replace(QUICK if quick else RECIPES[size], steps=steps, seed=seed, every=max(1, steps // 8))
    test = load_side(recipe.music, "test", data=data, progress=progress)
    truth = mean_metrics(test)
    found["truth"] = truth
    for key, form in REPRESENTATIONS.items():
        if key in found:
            continue
        own = folder / f"{size}-{key}"
        weights = train_continuation(
            replace(recipe, representation=key),
            own,
            resume=(own / "checkpoint.pt").is_file(),
            threads=threads,
            progress=progress,
            data=data,
        )
        model = open_model(str(weights), threads=threads)
        losses, rows = field_losses(model, evenly(test, LOSS_PIECES))
        generated = measured(sample(model, samples, Sampling(), seed=seed, progress=progress), truth)
        generated |= {name: generated["metrics"][name]["ours"] for name in METRICS}
        del generated["metrics"]
        facts = {"title": form.title, "parameters": model.parameters, "losses": losses, "rows": rows}
        found[key] = facts | generated
        _write(results, found)


def read_results(path: Path = RESULTS) -> dict[str, Any]:
    """Return the results so far; none where there is no file.

    Raises:
        ValueError: the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no file of results ({error}); remove it, and train again") from error


def print_table(found: Mapping[str, Any], console: Console) -> None:
    """Print our figures and the paper's, and what budget ours had."""
    shown = Table(title="Representations (tables 3.2 and 3.3)", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("", no_wrap=True)
    for heading, _, _ in COLUMNS.values():
        shown.add_column(heading, justify="right", no_wrap=True)
    groups = {"paper": PUBLISHED, "ours": {key: found[key] for key in PUBLISHED if key in found}}
    for group, lines in groups.items():
        for key, figures in lines.items():
            title = "true music" if key == "truth" else REPRESENTATIONS[key].title
            shown.add_row(f"{title}, {group}", *_figures(figures))
        shown.add_section()
    console.width = max(console.width, WIDE)
    console.print(shown, crop=False, overflow="ignore", no_wrap=True)
    console.print(
        "Paper: 200,000 steps at most on the Symbolic Orchestral Database; samples of 1,024 rows or tokens."
    )
    if budget := found.get("budget"):
        console.print(
            f"Ours: size {budget['size']}, {budget['steps']} steps of the same recipe each (the paper's have "
            f"up to 200,000 smaller ones), open music, {budget['samples']} samples on a processor."
        )
    missing = [form.title for key, form in REPRESENTATIONS.items() if key not in found]
    if missing:
        console.print(f"Not trained yet: {', '.join(missing)}: concertino train continuation-table")


def _figures(figures: Mapping[str, float]) -> list[str]:
    return [
        format(figures[name] * factor, form) if figures.get(name) is not None else "-"
        for name, (_, factor, form) in COLUMNS.items()
    ]


def _write(path: Path, found: Mapping[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    os.replace(part, path)
