"""The paper's models and rules under a player's hands, as a table for each corpus."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from offline.human import PERTURBATIONS, WRITTEN
from offline.paper.cells import CELLS, cells_of
from offline.paper.results import Outcome

COLUMNS = (WRITTEN, *PERTURBATIONS, "all")
NOTES = (
    "Score: as in the tables above. written: the same on one keyboard, where voices that meet are one press; "
    "what follows is to be compared with that.",
    "spread: chords in any order within 30 ms. jitter: onsets off by 20 ms. slips: 3 % of the notes missing "
    "and as many wrong. legato, pedal: keys overlap, or are held by the pedal. tempo: wrong by up to 20 %, "
    "drifting. phase: of the beat, any. all: at once.",
    "But for strong augmentation, no network here met hands in training. Each hears a take in the ticks that "
    "a host counts; oracles, hints and closest pitch are told what is true of the take.",
)


def collect_human(found: Mapping[str, Mapping[str, Outcome]]) -> dict[str, Any]:
    """Return as JSON: by cell and corpus the accuracies, and by corpus what has none yet."""
    keys = cells_of("all")
    return {
        "cells": {
            key: {
                "title": CELLS[key].title,
                "ours": {
                    corpus: {"accuracy": one[key].accuracy, **human}
                    for corpus, one in found.items()
                    if key in one and (human := one[key].human)
                },
            }
            for key in keys
        },
        "missing": {
            corpus: lacking
            for corpus, one in found.items()
            if (lacking := [key for key in keys if key not in one or not one[key].human])
        },
    }


def print_human(collected: Mapping[str, Any], console: Console) -> None:
    """Print a table for each corpus that has figures, and below them what is missing."""
    cells, missing = collected["cells"], collected["missing"]
    corpora = dict.fromkeys(corpus for cell in cells.values() for corpus in cell["ours"])
    for corpus in corpora:
        title = f"Under a player's hands: {corpus} (accuracy, %)"
        shown = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        shown.add_column("", min_width=20, overflow="fold")
        for column in ("score", *COLUMNS):
            shown.add_column(column, justify="right", no_wrap=True)
        for cell in cells.values():
            if one := cell["ours"].get(corpus):
                shown.add_row(cell["title"], *(f"{one[key]:.2%}"[:-1] for key in ("accuracy", *COLUMNS)))
        console.print(shown, width=max(console.width, console.measure(shown).minimum), crop=False)
    for note in NOTES:
        console.print(note)
    for corpus, lacking in missing.items():
        which = "every cell" if len(lacking) == len(cells) else ", ".join(lacking)
        command = f"concertino train tables --corpus {corpus} --human"
        console.print(f"Not measured under hands yet, {corpus}: {which}: {command}")
