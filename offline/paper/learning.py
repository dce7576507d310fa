"""Training of the paper's networks, all alike: excerpts drawn at random for a fixed number of steps.

The released code trains for up to 50,000 steps of Adam at a steady rate. Here the steps are few, so the
rate falls to zero along a cosine and the weights are averaged, as in :mod:`offline.training`.
"""

from collections.abc import Callable, Sequence
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
VALIDATION = 64
"""Validation pieces at most, each by one excerpt."""


@dataclass(frozen=True)
class CellRecipe:
    """Everything that decides a run; an epoch is a round of ``ROUND`` steps."""

    network: str
    inputs: Inputs = field(default_factory=Inputs)
    augmentation: str = "light"
    seed: int = 1
    epochs: int = 20
    patience: int = 12
    batch: int = 16
    rate: float = 3e-3
    warmup: float = 1.0
    decay: float = 0.01
    clip: float = 1.0
    average: float = 0.98


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
    """Take ``ROUND`` steps, each on ``batch`` excerpts of different pieces."""
    recipe: CellRecipe = run.recipe
    take = _mlp_scores if recipe.network == "mlp" else _scores
    run.model.train()
    for step in range(ROUND):
        chosen = run.draws.choice(len(training), recipe.batch, replace=len(training) < recipe.batch)
        scores, label = take(run.model, [training[i] for i in chosen], recipe, run.draws)
        run.learn(functional.cross_entropy(scores, label, ignore_index=IGNORED), step / ROUND)


def _scores(
    model: nn.Module, chosen: Sequence[Example], recipe: CellRecipe, draws: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = [draw(e.piece, e.notes, recipe.augmentation, LONGEST, draws) for e in chosen]
    batch = make_batch(drawn)
    return model(batch).flatten(0, 1), batch.label.flatten()


def _mlp_scores(
    model: nn.Module, chosen: Sequence[Example], recipe: CellRecipe, draws: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = [cut(example, draws) for example in chosen]
    # Of the features only the pitch, which is the first, changes with the key.
    keys = draws.integers(LIGHT[0], LIGHT[1] + 1, len(drawn))
    rows = [e.rows.copy() for e in drawn if e.rows is not None]
    for row, key in zip(rows, keys, strict=True):
        row[:, 0] += key
    return _as_tensors(model, rows, drawn)


def _as_tensors(
    model: nn.Module, rows: Sequence[np.ndarray], drawn: Sequence[Example]
) -> tuple[torch.Tensor, torch.Tensor]:
    label = np.concatenate([e.notes.part for e in drawn])
    return model(torch.from_numpy(np.concatenate(rows))), torch.from_numpy(label)


@torch.no_grad()
def measure(model: nn.Module, excerpts: Sequence[Example]) -> tuple[float, float]:
    """Return (loss, accuracy) over all notes of the excerpts."""
    model.eval()
    loss = right = notes = 0.0
    for start in range(0, len(excerpts), 16):
        now = excerpts[start : start + 16]
        if isinstance(model, MLPNetwork):
            scores, label = _as_tensors(model, [e.rows for e in now if e.rows is not None], now)
        else:
            batch = make_batch([e.notes for e in now])
            scores, label = model(batch).flatten(0, 1), batch.label.flatten()
        loss += functional.cross_entropy(scores, label, ignore_index=IGNORED, reduction="sum").item()
        right += (scores.argmax(1) == label).sum().item()
        notes += (label != IGNORED).sum().item()
    return loss / notes, right / notes


def decide(model: Any, pieces: Sequence[Piece], parts: int) -> list[np.ndarray]:
    """Return the part of each note of whole pieces, each int64 (notes,)."""
    return [scores.argmax(1) for scores in model.score([whole(p, parts) for p in pieces])]


Decide = Callable[[Any, Sequence[Piece], int], list[np.ndarray]]
