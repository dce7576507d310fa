"""The paper's tables with its figures beside ours, and what is missing from them and why."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable

from offline.corpora.catalog import CORPORA
from offline.paper.cells import CELLS, COLUMNS, TABLES, cells_of
from offline.paper.hands_table import collect_human, print_human
from offline.paper.results import FOLDER, Outcome, read_results

STAND_INS: dict[str, tuple[str, ...]] = {
    column: tuple(corpus.key for corpus in CORPORA.values() if (corpus.paper or "") == column)
    for column in (*COLUMNS, "")
}
"""Our corpora under each column of the paper: the first always has a place, others when they have results.

Those under no column are shown last.
"""
HUMAN = "human"
"""Name of the table of all cells under a player's hands."""
WIDEST = 200
"""Columns of text that a table may take."""
OWN_COPY = {
    "nes": "NES-MDB, whose music is in copyright",
    "lakh": "the Lakh MIDI Dataset, whose music is in copyright",
    "musicnet": "MusicNet, of which a licence is known to us for the labels only",
}
"""What only a user can have, and why."""
NOTES = (
    "Paper: Dong et al., ISMIR 2021; - where its figure is not at hand. Ours: share of all notes of whole "
    "test pieces that went to their part.",
    "The string and pop columns compare other music: the paper's are MusicNet and Lakh.",
    "Every network of a corpus has the same budget ({budget}), far below the paper's up to 50,000 steps.",
    "Networks that came to the figure of the most common label, or near it, learned no more in this budget: "
    "those with time as a raw number (quartets, orchestra, song), and the MLP on quartets. Closest pitch "
    "(mono) has 84.54 on Bach's test pieces, and 85.7 over all 409 by a version written apart from ours; "
    "why the paper has 89.76 is not known.",
    "Closest pitch is told each part's first note. Strong augmentation is our own: transposed, thinned, and "
    "unevenly played. Transformers read windows of 500 notes.",
)


def collect(table: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Return the tables as JSON: lines with the paper's figures and our outcomes, and what is missing.

    ``human``, of the table of that name and of ``all``: every cell under a player's hands.

    Raises:
        ValueError: there is no such table, or a file of results is damaged.
    """
    found = {key: read_results(key, folder) for keys in STAND_INS.values() for key in keys}
    shown = [key for key in found if found[key] or key in _always()]
    unseen = [key for key in OWN_COPY if key not in shown]
    under_hands = {
        HUMAN: collect_human({key: found[key] for key in shown if key not in OWN_COPY or found[key]})
    }
    if table == HUMAN:
        return under_hands
    numbers = list(TABLES) if table == "all" else [table]
    cells = cells_of(table)
    return {
        "tables": {number: _lines(number, {key: found[key] for key in shown}) for number in numbers},
        "missing": {key: text for key in (*shown, *unseen) if (text := _missing(key, found[key], cells))},
        "steps": sorted(
            {outcome.steps for one in found.values() for outcome in one.values() if outcome.steps}
        ),
    } | (under_hands if table == "all" else {})


def _always() -> set[str]:
    return {keys[0] for column, keys in STAND_INS.items() if column}


def _lines(number: str, found: Mapping[str, Mapping[str, Outcome]]) -> list[dict[str, Any]]:
    return [
        {
            "group": group,
            "cell": key,
            "title": title,
            "paper": dict(zip(COLUMNS, CELLS[key].paper, strict=True)),
            "ours": {corpus: asdict(one[key]) for corpus, one in found.items() if key in one},
        }
        for group, lines in TABLES[number].groups.items()
        for key, title in lines.items()
    ]


def _missing(corpus: str, found: Mapping[str, Outcome], cells: list[str]) -> str | None:
    lacking = [key for key in cells if key not in found]
    if not lacking:
        return None
    which = "every cell" if len(lacking) == len(cells) else ", ".join(lacking)
    command = f"concertino train tables --corpus {corpus}"
    if corpus in OWN_COPY:
        return (
            f"{which}: can't be trained without your own copy of {OWN_COPY[corpus]}: concertino data get "
            f"{corpus} says what to download, then {command}"
        )
    return f"{which}: not trained yet: {command}"


def print_tables(table: str, console: Console, folder: Path = FOLDER) -> None:
    """Print the tables, and below them what is missing.

    Raises:
        ValueError: as ``collect``.
    """
    collected = collect(table, folder)
    if table == HUMAN:
        print_human(collected[HUMAN], console)
        return
    corpora = [c for keys in STAND_INS.values() for c in keys]
    used = [c for c in corpora if c in _always() or any(c in r["ours"] for r in _all_lines(collected))]
    for number, lines in collected["tables"].items():
        title = f"Table {number}: {TABLES[number].title} (accuracy, %)"
        shown = RichTable(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        shown.add_column("", min_width=20, overflow="fold")
        for column, keys in STAND_INS.items():
            if column:
                shown.add_column(f"{column}\npaper", justify="right", style="dim", no_wrap=True)
            for key in keys:
                if key in used:
                    shown.add_column(f"\n{key}", justify="right", no_wrap=True)
        group = None
        for line in lines:
            if line["group"] != group:
                group = line["group"]
                shown.add_section()
                shown.add_row(f"[bold]{group}[/bold]")
            shown.add_row(line["title"], *_figures(line, used))
        # Rather wider than the terminal than figures cut off.
        widest = console.measure(shown, options=console.options.update(max_width=WIDEST)).minimum
        console.print(shown, width=max(console.width, widest), crop=False)
    budget = " or ".join(map(str, collected["steps"])) or "so far no"
    for note in NOTES:
        console.print(note.format(budget=f"{budget} steps of 16 excerpts of at most 500 notes"))
    for corpus, text in collected["missing"].items():
        console.print(f"Missing from {corpus}: {text}")
    if table == "all":
        print_human(collected[HUMAN], console)


def _all_lines(collected: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [line for lines in collected["tables"].values() for line in lines]


def _figures(line: Mapping[str, Any], used: list[str]) -> list[str]:
    figures = []
    for column, keys in STAND_INS.items():
        if column:
            paper = line["paper"][column]
            figures.append("-" if paper is None else f"{paper:.2%}"[:-1])
        for key in keys:
            if key in used:
                ours = line["ours"].get(key)
                figures.append("" if ours is None else f"{ours['accuracy']:.2%}"[:-1])
    return figures
