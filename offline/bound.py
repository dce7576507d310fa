"""What a live separator could reach under a player's hands if its past were right.

A note that comes before the others of its chord is decided without them, and what has sounded can't be taken
back. So two figures stand beside each other for each perturbation: on its own decisions, and told the true
past at every note. What is missing from the second is in doubt as the key goes down; what lies between them
is what earlier errors cost. Both are told by the note's place in its chord as well, in the order of time:
``python -m offline.bound``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer

from offline.human import JITTER_MS, PERTURBATIONS, human_takes
from offline.models import MODELS
from offline.runs import written_takes
from offline.scoring import Weights, history_labels, history_scorer
from offline.shipped import TRAINABLE
from offline.take import Take
from offline.weights import FOLDER, load_weights

GAP_MS = 3 * JITTER_MS
"""A note that comes later than this after the one before it begins another chord."""
PLACES = 4
"""Places in the chord that are told apart; later ones count as the last."""


class Bound(NamedTuple):
    """Shares of the notes that go to their part."""

    own: float
    told: float
    """Where the past is the true one."""
    own_by_place: np.ndarray
    told_by_place: np.ndarray
    """By place in the chord, float64 (PLACES,); NaN where there is no such note."""


def places(take: Take) -> np.ndarray:
    """Return the place of each note in its chord, int64 (notes,), at most ``PLACES`` - 1."""
    order = np.argsort(take.start, kind="stable")
    begins = np.diff(take.start[order], prepend=-np.inf) > GAP_MS
    first = np.flatnonzero(begins)
    found = np.empty(len(take), np.int64)
    found[order] = np.arange(len(take)) - first[np.cumsum(begins) - 1]
    return np.minimum(found, PLACES - 1)


def bound(weights: Weights, takes: Sequence[Take]) -> Bound:
    """Return how a separator that is told the past does on its own past, and on the true one."""
    scorer = history_scorer(weights)
    part, place, own, told = (
        np.concatenate(each)
        for each in (
            [take.part for take in takes],
            [places(take) for take in takes],
            history_labels(weights, takes),
            [scorer(take, take.part).argmax(1) for take in takes],
        )
    )
    owned = part >= 0
    right = [(labels == part)[owned] for labels in (own, told)]
    place = place[owned]
    by_place = [
        np.array([line[place == i].mean() if (place == i).any() else np.nan for i in range(PLACES)])
        for line in right
    ]
    return Bound(float(right[0].mean()), float(right[1].mean()), *by_place)


def main(
    name: Annotated[str, typer.Argument(help="A separator for live playing.")] = "bach-chorale",
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
    data: Annotated[Path | None, typer.Option(help="Folder of the corpora.")] = None,
) -> None:
    """Print, for each perturbation, what is right on its own past and on the true one, also by place."""
    if name not in TRAINABLE or MODELS[name].label is not history_labels:
        raise SystemExit(f"error: {name} is not told the past: choose another, such as bach-chorale")
    torch.set_num_threads(1)
    weights, _ = load_weights(FOLDER / f"{name}.npz")
    written = written_takes(TRAINABLE[name], split, data=data, progress=False)
    typer.echo(f"{'':10} {'own':>6} {'told':>6}   by place in the chord: own, then told")
    for title, names in {"written": [], **{n: [n] for n in PERTURBATIONS}, "all": [*PERTURBATIONS]}.items():
        found = bound(weights, human_takes(written, names))
        by_place = "   ".join(
            " ".join(f"{100 * share:6.2f}" for share in line)
            for line in (found.own_by_place, found.told_by_place)
        )
        typer.echo(f"{title:10} {100 * found.own:6.2f} {100 * found.told:6.2f}   {by_place}")


if __name__ == "__main__":
    typer.run(main)
