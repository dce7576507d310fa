"""Training of the separator that sees the whole piece: on true pasts, damaged ones, and its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional

from offline.augment import Augmentation, chosen_pieces, excerpt
from offline.evaluation import counted
from offline.human import PERTURBATIONS, human_takes, perform
from offline.score import Piece
from offline.take import NOBODY, Take, take_of
from offline.training import Run
from offline.whole.members import Members
from offline.whole.model import IGNORED, WholeSeparator, batch_past, make_batch, play


@dataclass(frozen=True)
class WholeRecipe:
    """Everything that decides a run: the same recipe on the same machine gives the same weights."""

    seed: int = 1
    epochs: int = 70
    """Length of the learning rate's fall to zero; early stopping may end the run before."""
    patience: int = 15
    batch: int = 16
    rate: float = 3e-3
    warmup: int = 2
    decay: float = 0.05
    clip: float = 1.0
    average: float = 0.99
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(
            longest=200, from_start=0.4, moved=0.3, loose=0.0, thinned=0.2, solo=0.1
        )
    )
    dropout: float = 0.4
    hiding: float = 0.1
    """Share of the facts of a note that it is not told, so that it leans on no few of them."""
    width: int = 160
    units: int = 96
    hidden: int = 128
    damage: float = 0.04
    """Share of the past, where it is the true one, that was played by any part at random."""
    own: float = 0.5
    """Share of the batches, in the end, in which the past is what the model itself decided."""
    own_from: float = 0.05
    own_full: float = 0.4
    """Shares of the epochs between which that share grows from 0 to its full size."""
    both_ways: bool = True
    """Whether the piece is read from its end as well."""
    told: bool = True
    """Whether a note is told what the parts have played before it."""
    human: float = 0.0
    """Share of the excerpts that are played by hand, each under some of the protocol's perturbations."""
    tempos: tuple[float, float] = (45.0, 150.0)
    """BPM of these."""
    evened: float = 0.0
    """Share of what parts have in advance that is taken from the scores in the end: ``offline.balance``."""
    members: int = 1
    """Separators that are trained side by side, each on its own, and decide together."""
    excerpts: int = 0
    """Excerpts of an epoch, drawn from the pieces by their length; 0: one of each piece."""


def new_whole_model(recipe: WholeRecipe, parts: int) -> WholeSeparator | Members:
    """Return an untrained model."""
    members = [_new_member(recipe, parts) for _ in range(recipe.members)]
    return members[0] if len(members) == 1 else Members(members)


def _new_member(recipe: WholeRecipe, parts: int) -> WholeSeparator:
    return WholeSeparator(
        parts,
        recipe.width,
        recipe.units,
        recipe.hidden,
        recipe.dropout,
        hiding=recipe.hiding,
        both_ways=recipe.both_ways,
        told=recipe.told,
    )


def past_of(part: np.ndarray, parts: int, damage: float, draws: np.random.Generator) -> np.ndarray:
    """Return a past: the true parts, where some notes went to any part."""
    anyone = draws.integers(0, parts, part.shape)
    return np.where((part < 0) | (draws.random(part.shape) < damage), anyone, part)


def by_hand(piece: Piece, recipe: WholeRecipe, draws: np.random.Generator) -> Piece:
    """Return ``piece``, or what a host writes down that hears it played by hand at some tempo."""
    if not recipe.human or draws.random() >= recipe.human:
        return piece
    low, high = np.log(recipe.tempos)
    names = [name for name in PERTURBATIONS if draws.random() < 0.7]
    take = take_of(piece, float(np.exp(draws.uniform(low, high))))
    return as_counted(perform(take, names, draws, draws.uniform(0.3, 1.3)))


def as_counted(take: Take) -> Piece:
    """Return a take as the host counts it; notes that are nobody's are left out of the loss."""
    notes = counted(take)
    part = take.part[notes.order]
    owned = np.where(part == NOBODY, IGNORED, part)
    return Piece(take.name, notes.tick, notes.pitch, notes.duration, owned)


def written_and_by_hand(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces, and each as played by hand."""
    takes = human_takes(list(map(take_of, pieces)), list(PERTURBATIONS), seed=1)
    return [*pieces, *map(as_counted, takes)]


def train_whole_epoch(run: Run, training: Sequence[Piece], steps: int) -> None:
    """Show new excerpts, each in a new key: one of every piece, or as many as the recipe says."""
    recipe, model = run.recipe, run.model
    grown = (run.epoch / recipe.epochs - recipe.own_from) / (recipe.own_full - recipe.own_from)
    own = recipe.own * min(max(grown, 0.0), 1.0)
    places = chosen_pieces(training, recipe.excerpts, run.draws)
    for step, chosen in enumerate(np.array_split(places, steps)):
        excerpts = [excerpt(training[i], recipe.augmentation, run.draws) for i in chosen]
        batch = make_batch([by_hand(each, recipe, run.draws) for each in excerpts])
        if run.draws.random() < own:
            past, _ = play(model, batch, run.draws if run.draws.random() < 0.5 else None)
        else:
            past = past_of(batch.part, model.parts, run.draws.uniform(0.0, 2 * recipe.damage), run.draws)
        model.train()
        read = model.read(batch.rows, batch.lengths)
        each = model.decide_each(read, batch_past(batch, past, model.parts))
        label = torch.from_numpy(batch.part).flatten()
        losses = [
            functional.cross_entropy(scores.flatten(0, 1), label, ignore_index=IGNORED) for scores in each
        ]
        run.learn(torch.stack(losses).sum(), step / steps)
