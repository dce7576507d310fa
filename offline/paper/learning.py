"""Training of the paper's networks, all alike: excerpts drawn at random for a fixed number of steps.

The released code trains for up to 50,000 steps of Adam at a steady rate. Here the steps are few, so the
rate falls to zero along a cosine and the weights are averaged, as in :mod:`offline.training`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from offline.lstm import IGNORED
from offline.paper.excerpts import LIGHT, Sounding, draw, make_batch, whole
from offline.paper.inputs import Inputs
from offline.paper.mlp import MLPNetwork, features
from offline.paper.networks import new_network
from offline.score import Piece
from offline.training import Run

LONGEST = 500
"""Notes of an excerpt at most (Dong et al., ISMIR 2021, section 5)."""
ROUND = 20
"""Steps between two looks at the validation pieces, and between checkpoints."""
GROUP = 4
"""Steps whose excerpts are drawn together."""
RATES = {"lstm": 6e-3, "bilstm": 6e-3, "transformer-dec": 3e-3, "transformer-enc": 3e-3, "mlp": 3e-3}
"""Largest learning rate of each network: the better of two, tried on the validation chorales."""
VALIDATION = 64
"""Validation pieces at most, each by one excerpt."""


@dataclass(frozen=True)
class CellRecipe:
    """Everything that decides a run; an epoch is a round of ``ROUND`` steps, the last one may be shorter."""

    network: str
    inputs: Inputs = field(default_factory=Inputs)
    augmentation: str = "light"
    seed: int = 1
    steps: int = 400
    patience: int = 8
    batch: int = 16
    rate: float = 6e-3
    warmup: float = 1.0
    decay: float = 0.01
    clip: float = 1.0
    average: float = 0.98

    @property
    def epochs(self) -> int:
        """Rounds until all steps are taken."""
        return math.ceil(self.steps / ROUND)


class Example(NamedTuple):
    """A piece with what is made of it once, before training."""

    piece: Piece
    notes: Sounding
    rows: np.ndarray | None
    """The MLP's features, float32 (notes, features)."""


def new_model(recipe: CellRecipe, parts: int) -> nn.Module:
    """Return the untrained network of ``recipe``."""
    if recipe.network == "mlp":
        return MLPNetwork(parts)
    return new_network(recipe.network, recipe.inputs, parts)


def prepare(recipe: CellRecipe, pieces: Sequence[Piece], parts: int) -> list[Example]:
    """Return the pieces as ``train_round`` and ``choose`` take them."""
    mlp = recipe.network == "mlp"
    return [Example(p, whole(p, parts), features(p, parts) if mlp else None) for p in pieces]


def choose(examples: Sequence[Example]) -> list[Example]:
    """Return the same excerpt, of ``LONGEST`` notes at most, of each validation piece, of ``VALIDATION``."""
    draws = np.random.default_rng(0)
    places = np.unique(np.linspace(0, len(examples) - 1, VALIDATION).astype(int)) if examples else []
    return [cut(examples[i], draws) for i in places]


def cut(example: Example, draws: np.random.Generator) -> Example:
    """Return an excerpt of ``LONGEST`` notes at most."""
    start = int(draws.integers(0, max(1, len(example.notes) - LONGEST + 1)))
    rows = None if example.rows is None else example.rows[start : start + LONGEST]
    return Example(example.piece, example.notes.cut(start, start + LONGEST), rows)


def train_round(run: Run, training: Sequence[Any], _: int) -> None:
    """Take ``ROUND`` steps, or those that are left, each on ``batch`` random excerpts.

    Excerpts of like length go together, out of those for ``GROUP`` steps: less of a batch is padding.
    """
    recipe: CellRecipe = run.recipe
    run.model.train()
    steps = min(ROUND, recipe.steps - run.epoch * ROUND)
    for first in range(0, steps, GROUP):
        together = min(GROUP, steps - first)
        count = together * recipe.batch
        chosen = run.draws.choice(len(training), count, replace=len(training) < count)
        drawn = sorted((_draw(training[i], recipe, run.draws) for i in chosen), key=lambda e: len(e.notes))
        for step, place in enumerate(run.draws.permutation(together)):
            batch = drawn[place * recipe.batch : (place + 1) * recipe.batch]
            scores, label = _scores(run.model, batch)
            loss = functional.cross_entropy(scores, label, ignore_index=IGNORED)
            run.learn(loss, (first + step) / ROUND)


def _draw(example: Example, recipe: CellRecipe, draws: np.random.Generator) -> Example:
    if example.rows is None:
        notes = draw(example.piece, example.notes, recipe.augmentation, LONGEST, draws)
        return Example(example.piece, notes, None)
    piece, notes, rows = cut(example, draws)
    assert rows is not None
    moved = rows.copy()
    moved[:, 0] += draws.integers(LIGHT[0], LIGHT[1] + 1)  # the pitch: no other feature changes with the key
    return Example(piece, notes, moved)


def _scores(model: nn.Module, examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores, float32 (notes, parts), and labels, int64 (notes,), of all examples in a row.

    Both are where the model is.
    """
    device = next(model.parameters()).device
    rows = [e.rows for e in examples if e.rows is not None]
    if rows:
        label = np.concatenate([e.notes.part for e in examples])
        return model(torch.from_numpy(np.concatenate(rows)).to(device)), torch.from_numpy(label).to(device)
    batch = make_batch([e.notes for e in examples]).to(device)
    return model(batch).flatten(0, 1), batch.label.flatten()


@torch.no_grad()
def measure(model: nn.Module, excerpts: Sequence[Example]) -> tuple[float, float]:
    """Return (loss, accuracy) over all notes of the excerpts."""
    model.eval()
    loss = right = notes = 0.0
    for start in range(0, len(excerpts), 16):
        scores, label = _scores(model, excerpts[start : start + 16])
        loss += functional.cross_entropy(scores, label, ignore_index=IGNORED, reduction="sum").item()
        right += (scores.argmax(1) == label).sum().item()
        notes += (label != IGNORED).sum().item()
    return loss / notes, right / notes


def decide(model: Any, pieces: Sequence[Piece], parts: int) -> list[np.ndarray]:
    """Return the part of each note of whole pieces, each int64 (notes,)."""
    return [scores.argmax(1) for scores in model.score([whole(p, parts) for p in pieces])]
