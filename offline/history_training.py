"""Training of the separator that is told the past: on true histories, damaged ones, and its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional

from offline.augment import Augmentation, chosen_pieces, excerpt
from offline.distil import batch_chances, distilled_loss, taught
from offline.gather import gathered
from offline.history import HistorySeparator, batch_rows, make_batch, play
from offline.human import PERTURBATIONS, perform
from offline.score import Piece
from offline.take import NOBODY, Take, take_of
from offline.timing import in_players_time
from offline.training import Run


@dataclass(frozen=True)
class HistoryRecipe:
    """Everything that decides a run: the same recipe on the same machine gives the same weights."""

    seed: int = 1
    epochs: int = 240
    """Length of the learning rate's fall to zero; early stopping may end the run before."""
    patience: int = 60
    batch: int = 32
    rate: float = 3e-3
    warmup: int = 2
    decay: float = 0.05
    clip: float = 1.0
    average: float = 0.99
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(longest=240, moved=0.0, loose=0.0)
    )
    dropout: float = 0.35
    width: int = 256
    units: int = 128
    human: float = 0.6
    """Share of the excerpts that are played by hand, each under some of the protocol's perturbations."""
    played: float = 0.0
    """Share of the excerpts in which time is bent as in a recording, before anything else is done by hand."""
    gathered: float = 0.0
    """Share of those by hand that are heard through a chord window."""
    windows: tuple[float, float] = (10.0, 50.0)
    """Its shortest and longest, in ms."""
    tempos: tuple[float, float] = (45.0, 150.0)
    """BPM of the excerpts."""
    damage: float = 0.08
    """Share of the past, where it is the true one, that was played by any part at random."""
    own: float = 0.7
    """Share of the batches, in the end, in which the past is what the model itself decided."""
    own_from: int = 4
    own_full: int = 60
    """Epochs between which that share grows from 0 to its full size."""
    distilled: float = 0.0
    """Weight of what the teacher thinks of a note against what the note is, 0 to 1."""
    teacher: str = ""
    """Name of the weights of a separator of whole pieces, where ``distilled`` is above 0."""
    evened: float = 0.0
    """Share of what parts have in advance that is taken from the scores in the end: ``offline.balance``."""
    excerpts: int = 0
    """Excerpts of an epoch, drawn from the pieces by their length; 0: one of each piece."""
    chordal: bool = False
    """Whether it is told each part's nearest note, and when it last played this pitch."""
    together: bool = True
    """Whether it is told of the other notes of the same period."""


def new_history_model(recipe: HistoryRecipe, parts: int) -> HistorySeparator:
    """Return an untrained model."""
    return HistorySeparator(
        parts, recipe.width, recipe.units, recipe.dropout, recipe.chordal, recipe.together
    )


def random_take(piece: Piece, recipe: HistoryRecipe, draws: np.random.Generator) -> Take:
    """Return an excerpt of ``piece`` at some tempo, as written or as by hand."""
    low, high = np.log(recipe.tempos)
    take = take_of(excerpt(piece, recipe.augmentation, draws), float(np.exp(draws.uniform(low, high))))
    if recipe.played and draws.random() < recipe.played:
        take = in_players_time(take, draws)
    if draws.random() < recipe.human:
        names = [name for name in PERTURBATIONS if draws.random() < 0.7]
        take = perform(take, names, draws, draws.uniform(0.3, 1.3))
        if recipe.gathered and draws.random() < recipe.gathered:
            take = gathered(take, draws.uniform(*recipe.windows))
    return take


def past_of(part: np.ndarray, parts: int, damage: float, draws: np.random.Generator) -> np.ndarray:
    """Return a history: the true parts, where some notes, and those that are nobody's, went anywhere."""
    anyone = draws.integers(0, parts, part.shape)
    return np.where((part == NOBODY) | (draws.random(part.shape) < damage), anyone, part)


def train_history_epoch(run: Run, training: Sequence[Piece], steps: int) -> None:
    """Show new excerpts, each in a new key: one of every piece, or as many as the recipe says.

    Raises:
        ValueError: the recipe's teacher can't teach these pieces.
    """
    recipe, model = run.recipe, run.model
    if recipe.distilled:
        training = taught(training, recipe.teacher, model.parts)
    places = chosen_pieces(training, recipe.excerpts, run.draws)
    grown = (run.epoch - recipe.own_from) / max(1, recipe.own_full - recipe.own_from)
    own = recipe.own * min(max(grown, 0.0), 1.0)
    for step, chosen in enumerate(np.array_split(places, steps)):
        takes = [random_take(training[i], recipe, run.draws) for i in chosen]
        batch = make_batch(takes, recipe.together)
        if run.draws.random() < own:
            past, _ = play(model, batch, run.draws if run.draws.random() < 0.5 else None)
        else:
            damage = run.draws.uniform(0.0, 2 * recipe.damage)
            past = past_of(batch.part, model.parts, damage, run.draws)
        rows = batch_rows(batch, past, model.parts, model.chordal)
        model.train()
        scores, _ = model(rows)
        label = torch.from_numpy(batch.part)
        if recipe.distilled:
            loss = distilled_loss(scores, label, batch_chances(takes), recipe.distilled)
        else:
            loss = functional.cross_entropy(scores.flatten(0, 1), label.flatten(), ignore_index=NOBODY)
        run.learn(loss, step / steps)
