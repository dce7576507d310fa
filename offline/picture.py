"""Piano-roll pictures of who plays what: the mixture, the truth and what separators decided, a row each.

As figures 4.2 to 4.6 of Dong's dissertation on the models of Dong et al., ISMIR 2021: colours are parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from offline.take import NOBODY, Take

COLOURS = ("#F2B701", "#3D9BD6", "#B5305F", "#1B2A63", "#009E73", "#8C510A", "#B8B83C", "#6A51A3")
"""Of the parts. The first four go from light to dark, for print and for the colour-blind; where there are
more than eight parts, they come again, paler."""
MIXTURE, WRONG = "#6B7280", "#000000"
NOBODYS = "#C5C9D0"
"""Of a note that belongs to no part."""
WIDTH, ROW_HEIGHT, MARGINS, DPI = 9.0, 1.6, 1.1, 200
"""Inches, and dots per inch where the format has any."""
THICK, UNISON, GAP = 0.85, 1.4, 0.06
"""Height of a note and of all notes of a unison in semitones; what is left free before the next, in beats."""
OUTLINE = 2.2
"""Points; half of it lies under the note."""
NEAR = 1e-3
"""Beats that are nothing: milliseconds do not come out even."""
SPACE = 2
"""Semitones above the highest note and below the lowest."""
LONGEST = 90
"""Letters of a title that fit."""
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.linewidth": 0.6,
    "text.parse_math": False,  # a name may hold a $
    "svg.hashsalt": "concertino",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Row:
    """One line of the picture."""

    title: str
    part: np.ndarray | None
    """Part of each note of the take, int64, shape (notes,); None: all notes in one colour."""
    judged: bool = False
    """Whether the notes that did not go to their part are marked and counted."""


def draw_rows(
    take: Take,
    parts: Sequence[str],
    rows: Sequence[Row],
    *,
    title: str = "",
    first: float = 0.0,
    beats: float = 32.0,
) -> Figure:
    """Draw ``rows`` of the notes that sound within ``beats`` beats from beat ``first`` on, on one scale.

    Raises:
        ValueError: no note sounds there.
    """
    start, end = (time * take.bpm / 60000.0 for time in (take.start, take.end))
    shown = np.flatnonzero((end > first + NEAR) & (start < first + beats - NEAR))
    if not len(shown):
        raise ValueError(
            f"no note of {take.name} sounds from beat {first:g} to {first + beats:g}: "
            f"it has {end.max(initial=0.0):.0f} beats"
        )
    last = min(first + beats, float(np.ceil(end[shown].max() - NEAR)))
    with mpl.rc_context(STYLE):  # pyright: ignore[reportArgumentType]
        figure = Figure((WIDTH, MARGINS + ROW_HEIGHT * len(rows)), layout="constrained")
        heading = title or take.name
        if len(heading) > LONGEST:
            heading = heading[: LONGEST - 3] + "..."
        figure.suptitle(heading, x=0.008, ha="left", fontsize=11, fontweight="bold")
        axes = list(figure.subplots(len(rows), 1, sharex=True, sharey=True, squeeze=False)[:, 0])
        for axis, row in zip(axes, rows, strict=True):
            part = None if row.part is None else row.part[shown]
            _draw_row(axis, row, part, take.part[shown], start[shown], end[shown], take.pitch[shown])
        low, high = int(take.pitch[shown].min()), int(take.pitch[shown].max())
        _scale(axes, first, last, low - SPACE, high + SPACE)
        handles = [Patch(color=colour(part), label=name) for part, name in enumerate(parts)]
        if (take.part[shown] == NOBODY).any():
            handles.append(Patch(color=NOBODYS, label="of no part"))
        if any(row.judged for row in rows):
            handles.append(Patch(facecolor="white", edgecolor=WRONG, linewidth=OUTLINE / 2, label="wrong"))
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 6), frameon=False)
    return figure


def save_picture(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, whose suffix says the format: PNG, SVG or PDF. The same bytes each time.

    Raises:
        ValueError: it is another format.
        OSError: the file can't be written.
    """
    undated = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    if path.suffix.lower() not in undated:
        raise ValueError(f"{path} is no picture: give it one of the suffixes {', '.join(undated)}")
    with mpl.rc_context(STYLE):  # pyright: ignore[reportArgumentType]
        figure.savefig(path, dpi=DPI, metadata=undated[path.suffix.lower()])


def colour(part: int) -> tuple[float, float, float]:
    """Return red, green and blue (0 to 1) of a part's notes; those of nobody are grey."""
    if part == NOBODY:
        return to_rgb(NOBODYS)
    red, green, blue = to_rgb(COLOURS[part % len(COLOURS)])
    pale = 0.5 * (part // len(COLOURS) % 2)
    return red + (1 - red) * pale, green + (1 - green) * pale, blue + (1 - blue) * pale


def wrong_notes(part: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return which notes did not go to their part, bool, shape (notes,); nobody's notes are never wrong."""
    return (part != true) & (true != NOBODY)


def _draw_row(
    axis: Axes,
    row: Row,
    part: np.ndarray | None,
    true: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    pitch: np.ndarray,
) -> None:
    """Draw the shown notes, times in beats."""
    until = np.maximum(end - GAP, start + (end - start) * 0.7)
    place, count = _unisons(start, pitch)
    tall = np.where(count > 1, UNISON, THICK)
    low, high = (pitch + tall * ((place + side) / count - 0.5) for side in (0, 1))
    corners = np.stack([start, low, start, high, until, high, until, low], axis=1).reshape(-1, 4, 2)
    colours = [to_rgb(MIXTURE)] * len(true) if part is None else [colour(int(one)) for one in part]
    notes = PolyCollection(list(corners), facecolors=colours, edgecolors="none", zorder=3)
    axis.add_collection(notes)
    text = row.title
    if row.judged and part is not None:
        wrong, owned = wrong_notes(part, true), int((true != NOBODY).sum())
        # Beneath all notes, lest it hide the other note of a unison.
        around = PolyCollection(list(corners[wrong]), edgecolors=WRONG, linewidths=OUTLINE, zorder=2)
        axis.add_collection(around)
        text += f": {wrong.sum()} of {owned} notes wrong"
    axis.set_title(text, loc="left", pad=3)


def _unisons(start: np.ndarray, pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each note among those of its onset and pitch, from below, and their number."""
    order = np.lexsort((-np.arange(len(start)), pitch, start))
    same = (np.diff(start[order]) == 0) & (np.diff(pitch[order]) == 0)
    heads = np.flatnonzero(np.append(True, ~same))
    size = np.diff(heads, append=len(start))
    place, count = np.empty(len(start), int), np.empty(len(start), int)
    place[order], count[order] = np.arange(len(start)) - np.repeat(heads, size), np.repeat(size, size)
    return place, count


def _scale(axes: Sequence[Axes], first: float, last: float, low: int, high: int) -> None:
    """Set what all rows share: beats from left to right, an octave's line at each C."""
    for axis in axes:
        axis.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(length=2, width=0.6)
        axis.set_ylabel("octave")
    axis, middle = axes[-1], (low + high) / 2
    axis.set_xlim(first, last)
    axis.set_ylim(min(low, middle - 7), max(high, middle + 7))
    axis.yaxis.set_major_locator(MultipleLocator(12))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda key, _: f"C{key / 12 - 1:.0f}"))
    axis.xaxis.set_major_locator(MaxNLocator(16, integer=True, steps=[1, 2, 4, 8, 10]))
    axis.set_xlabel("beat")
