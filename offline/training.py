"""Training with checkpoints from which a killed run goes on exactly where it was; and the online LSTM's."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from offline.augment import Augmentation, excerpt
from offline.checkpoint import load_checkpoint, save_checkpoint
from offline.lstm import IGNORED, LSTMSeparator, make_batch, measure
from offline.score import Piece

KEPT = ("epoch", "best_loss", "best_epoch", "best_accuracy", "best_weights")
"""What a checkpoint holds of a run besides models, optimizer and random numbers."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run: the same recipe on the same machine gives the same weights."""

    seed: int = 1
    """The better of 0 and 1, by validation loss."""
    epochs: int = 180
    """Length of the learning rate's fall to zero; early stopping may end the run before."""
    patience: int = 60
    """Epochs without a better validation loss after which the run ends."""
    batch: int = 16
    rate: float = 3e-3
    warmup: int = 2
    decay: float = 0.1
    clip: float = 1.0
    average: float = 0.99
    """Share that the running average of the weights, which is what is kept, holds on to at each step."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    dropout: float = 0.35
    units: int = 128
    layers: int = 3


def new_model(recipe: Recipe, parts: int) -> LSTMSeparator:
    """Return an untrained model."""
    return LSTMSeparator(parts, recipe.units, recipe.layers, dropout=recipe.dropout)


class Run:
    """A run that can be saved after any epoch and goes on as if it had never stopped.

    ``new_model`` makes an untrained model from the recipe (a dataclass) and the number of parts. It is
    trained on ``device``; its first weights are the same on each.
    """

    def __init__(
        self,
        recipe: Any,
        parts: int,
        new_model: Callable[[Any, int], Any] = new_model,
        *,
        device: torch.device | str = "cpu",
    ):
        torch.manual_seed(recipe.seed)
        self.recipe, self.parts, self.new_model = recipe, parts, new_model
        self.device = torch.device(device)
        self.draws = np.random.default_rng(recipe.seed)
        self.model: Any = new_model(recipe, parts).to(self.device)
        self.average: Any = new_model(recipe, parts).to(self.device)
        self.average.load_state_dict(self.model.state_dict())
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        self.epoch = 0
        self.best_loss = math.inf
        self.best_epoch = 0
        self.best_accuracy = 0.0
        self.best_weights = {k: v.clone() for k, v in self.model.state_dict().items()}

    def save(self, path: Path) -> None:
        """Write a checkpoint; a run killed while writing keeps the one before."""
        state = {
            "draws": self.draws.bit_generator.state,
            "torch_draws": torch.get_rng_state(),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        if self.device.type == "cuda":
            state["cuda_draws"] = torch.cuda.get_rng_state(self.device)
        save_checkpoint(path, self.recipe, state | {name: getattr(self, name) for name in KEPT})

    def resume(self, path: Path) -> None:
        """Take up the run saved in ``path``.

        Raises:
            ValueError: the checkpoint is damaged, or of another recipe.
        """
        state = load_checkpoint(path, self.recipe)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.draws.bit_generator.state = state["draws"]
        torch.set_rng_state(state["torch_draws"])
        if self.device.type == "cuda" and "cuda_draws" in state:
            torch.cuda.set_rng_state(state["cuda_draws"], self.device)
        for name in KEPT:
            setattr(self, name, state[name])

    def learn(self, loss: torch.Tensor, done: float) -> None:
        """Take one step of the optimizer; ``done`` is the share of the epoch that lies behind."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * schedule(self.epoch + done, self.recipe)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
                kept.lerp_(new, 1 - self.recipe.average)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end, or has stopped getting better."""
        return self.epoch >= min(self.recipe.epochs, self.best_epoch + self.recipe.patience)


def train(
    run: Run,
    training: Sequence[Piece],
    validation: Sequence[Any],
    checkpoint: Path,
    *,
    progress: bool = True,
    on_epoch: Callable[[Run, float, float], None] | None = None,
    epoch: Callable[[Run, Sequence[Piece], int], None] | None = None,
    measure: Callable[[Any, Sequence[Any]], tuple[float, float]] = measure,
) -> nn.Module:
    """Train until ``run`` is finished; return the model, on the processor, with the best validation loss.

    A checkpoint is written after each epoch. ``on_epoch`` is then told the validation loss and accuracy.
    ``epoch`` trains on every piece once, or on as many excerpts as the recipe says, in so many steps;
    ``measure`` gives loss and accuracy on ``validation``; by default they are those of the online LSTM.
    """
    train_one = epoch or train_epoch
    excerpts = getattr(run.recipe, "excerpts", 0) or len(training)
    steps = math.ceil(excerpts / run.recipe.batch)
    with tqdm(
        total=run.recipe.epochs, initial=run.epoch, desc="training", unit="epoch", disable=not progress
    ) as bar:
        while not run.finished:
            train_one(run, training, steps)
            run.epoch += 1
            loss, accuracy = measure(run.average, validation)
            if loss < run.best_loss:
                run.best_loss, run.best_accuracy, run.best_epoch = loss, accuracy, run.epoch
                run.best_weights = {k: v.clone() for k, v in run.average.state_dict().items()}
            run.save(checkpoint)
            bar.set_postfix(val_loss=f"{loss:.4f}", val_accuracy=f"{accuracy:.2%}", best=run.best_epoch)
            bar.update()
            if on_epoch:
                on_epoch(run, loss, accuracy)
    best = run.new_model(run.recipe, run.parts)
    best.load_state_dict(run.best_weights)
    return best.eval()


def train_epoch(run: Run, training: Sequence[Piece], steps: int) -> None:
    """Show every piece once, in a new order, each as a new excerpt in a new key."""
    recipe, model = run.recipe, run.model
    model.train()
    for step, chosen in enumerate(np.array_split(run.draws.permutation(len(training)), steps)):
        batch = [excerpt(training[i], recipe.augmentation, run.draws) for i in chosen]
        pitch, position, beat, label = make_batch(batch)
        scores = model(pitch, position, beat)
        loss = functional.cross_entropy(scores.flatten(0, 1), label.flatten(), ignore_index=IGNORED)
        run.learn(loss, step / steps)


def schedule(epoch: float, recipe: Any) -> float:
    """Return the share of the learning rate: a linear rise, then half a cosine down to zero."""
    if epoch < recipe.warmup:
        return (epoch + 0.1) / (recipe.warmup + 0.1)
    done = (epoch - recipe.warmup) / max(1, recipe.epochs - recipe.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
