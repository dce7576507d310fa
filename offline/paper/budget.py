"""The budget of training steps that all networks of a corpus share, and which cells lack it."""

from collections.abc import Mapping, Sequence

from offline.paper.cells import CELLS
from offline.paper.results import Outcome

STEPS = 600
"""Training steps of every cell, each on 16 excerpts: those of the committed results."""


def missing_cells(
    chosen: Sequence[str], found: Mapping[str, Outcome], steps: int, seed: int, *, human: bool = False
) -> list[str]:
    """Return those of the chosen cells that have no outcome of this budget and seed.

    ``human``: or one without the figures under a player's hands.
    """

    def done(key: str) -> bool:
        if key not in found or (human and found[key].human is None):
            return False
        return CELLS[key].rule is not None or (found[key].steps, found[key].seed) == (steps, seed)

    return [key for key in chosen if not done(key)]


def check_budget(
    corpus: str, missing: Sequence[str], found: Mapping[str, Outcome], steps: int, seed: int
) -> None:
    """Refuse to train networks in place of, or beside, some of another number of steps or another seed.

    Raises:
        ValueError: there are some; the message names them and says how to go on.
    """
    if all(CELLS[key].rule for key in missing):
        return
    other: dict[tuple[int, int], list[str]] = {}
    for key, outcome in found.items():
        if outcome.steps and (outcome.steps, outcome.seed) != (steps, seed):
            other.setdefault((outcome.steps, outcome.seed), []).append(key)
    if not other:
        return
    told = "; ".join(f"{s} steps, seed {n}: {', '.join(keys)}" for (s, n), keys in other.items())
    usual = max(other, key=lambda budget: len(other[budget]))
    raise ValueError(
        f"{corpus} has cells of another budget ({told}): go on with --steps {usual[0]} --seed {usual[1]}, "
        "keep the new ones apart with --results FOLDER, or replace the old ones with --anew"
    )
