"""Training of the Multitrack Music Transformer: as published, from checkpoints that go on exactly.

What a step does depends on the recipe and the step's number alone: its pieces, their augmentation and the
dropout. So a run that was killed ends with the weights that it would have had.
"""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from offline.checkpoint import load_checkpoint, save_checkpoint
from offline.mmt.data import Share, Steps, Tables, batches, validation_batches
from offline.mmt.model import IGNORED, MODEL_SIZES, MultitrackTransformer
from offline.mmt.muon import Muon
from offline.mmt.parallel import sum_gradients, summed
from offline.mmt.recipe import Recipe
from offline.mmt.representations import REPRESENTATIONS

MAY_CHANGE = ("steps", "patience", "every")
"""What of the recipe may be another when a run goes on: where it ends, and how often it is looked at."""
KEPT = ("step", "rounds", "best_loss", "best_step", "best_weights")
"""What a checkpoint holds of a run besides model and optimizers."""
Watcher = Callable[["Run", dict[str, float]], None]
"""Is told the figures of each validation: ``loss``, ``loss_FIELD``, ``training_loss`` and ``rate``."""


class Run:
    """A run that can be saved at any step and goes on as if it had never stopped."""

    def __init__(self, recipe: Recipe, *, device: torch.device | str = "cpu", compiled: bool = False):
        if recipe.size not in MODEL_SIZES:
            raise ValueError(f"there is no size {recipe.size!r}; choose one of {', '.join(MODEL_SIZES)}")
        torch.manual_seed(recipe.seed)
        self.recipe, self.device = recipe, torch.device(device)
        self.form = REPRESENTATIONS[recipe.representation]
        self.model = self._new().to(self.device)
        self.forward: Any = torch.compile(self.model) if compiled else self.model
        self.optimizers = _optimizers(self.model, recipe)
        self.step = 0
        self.rounds = 0
        """Validations since the best."""
        self.best_loss, self.best_step = math.inf, 0
        self.best_weights = _copied(self.model)

    def save(self, path: Path) -> None:
        """Write a checkpoint; a run killed while writing keeps the one before."""
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        save_checkpoint(path, self.recipe, state | {name: getattr(self, name) for name in KEPT})

    def resume(self, path: Path) -> None:
        """Take up the run saved in ``path``; it may have been on another device, or meant to end elsewhere.

        Raises:
            ValueError: the checkpoint is damaged, or of another recipe.
        """
        self.take_up(load_checkpoint(path, self.recipe, may_change=MAY_CHANGE))

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Take up the run whose checkpoint holds ``state``: with its tensors on the processor, as loaded.

        Each goes to where it is used; Adam's counts of steps stay, which a GPU would have to be asked for.
        """
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for name in KEPT:
            setattr(self, name, state[name])

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end, or has stopped getting better."""
        return self.step >= self.recipe.steps or self.rounds > self.recipe.patience

    def best(self) -> MultitrackTransformer:
        """Return the model of the best validation loss, on the processor."""
        model = self._new()
        model.load_state_dict(self.best_weights)
        return model.eval()

    def _new(self) -> MultitrackTransformer:
        return MultitrackTransformer(MODEL_SIZES[self.recipe.size], self.recipe.dropout, self.form.codes)

    def learn(self, rows: Tensor, targets: Tensor, share: Share) -> Tensor:
        """Take one step on this process's share of its batch; return the loss of the share, a row's mean."""
        recipe = self.recipe
        torch.manual_seed((recipe.seed * 1_000_003 + self.step) * share.world + share.rank)
        for optimizer, rate in zip(self.optimizers, (recipe.rate, recipe.muon), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = rate * recipe.share_at(self.step)
        self.model.train()
        losses, own = self._losses(self.forward, rows, targets)
        whole = summed(own.clone())
        self.model.zero_grad()
        (losses.sum() / whole).backward()
        sum_gradients(self.model)
        nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return losses.detach().sum() / own

    @torch.no_grad()
    def measure(self, held: Sequence[tuple[Tensor, Tensor]]) -> list[float]:
        """Return the mean loss of each field over all rows that the processes hold."""
        self.model.eval()
        total = torch.zeros(len(self.form.fields) + 1, device=self.device)
        for rows, targets in held:
            # Not compiled: each batch has a length of its own.
            losses, own = self._losses(self.model, rows, targets)
            total += torch.cat([losses, own[None]])
        total = summed(total)
        return (total[:-1] / total[-1]).tolist()

    def _losses(self, forward: Any, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the summed cross-entropy of each field, (fields,), and the number of rows that count."""
        rows = rows.to(self.device, non_blocking=True)
        targets = targets.to(self.device, non_blocking=True)
        with self._precision():
            scores = forward(rows)
        parts = scores.float().flatten(0, 1).split(self.model.codes, dim=-1)
        goals = targets.flatten(0, 1).unbind(-1)
        losses = [
            functional.cross_entropy(part, goal, ignore_index=IGNORED, reduction="sum")
            for part, goal in zip(parts, goals, strict=True)
        ]
        return torch.stack(losses), (goals[0] != IGNORED).sum().float()

    def _precision(self) -> contextlib.AbstractContextManager:
        if not self.recipe.bfloat16:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def _optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Return what moves the weights: Adam; with a rate for it, Muon for the matrices of the layers."""
    if not recipe.muon:
        return [torch.optim.Adam(model.parameters(), lr=recipe.rate)]
    own = {name: p for name, p in model.named_parameters() if name.startswith("layers.") and p.ndim == 2}
    rest = [p for name, p in model.named_parameters() if name not in own]
    return [torch.optim.Adam(rest, lr=recipe.rate, betas=(0.9, 0.95)), Muon(own.values(), recipe.muon)]


def _copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def train(
    run: Run,
    training: Tables,
    validation: Tables,
    checkpoint: Path,
    *,
    share: Share | None = None,
    workers: int = 0,
    progress: bool = True,
    watchers: Sequence[Watcher] = (),
) -> MultitrackTransformer:
    """Train until ``run`` is finished; return the model with the weights of the best validation loss.

    The pieces are tables of notes, sorted by onset. Every ``recipe.every`` steps there is a validation, then
    a checkpoint, then ``watchers`` are told. Of processes that train together, the first one does these.

    Raises:
        ValueError: there are no pieces on a side, or the batch can't be shared evenly.
    """
    recipe, share = run.recipe, share or Share()
    if not len(training) or not len(validation):
        raise ValueError("there is no music to train on or to validate on: give more files")
    if any(recipe.pieces_at(step) % share.world for step in range(max(1, len(recipe.rows)))):
        raise ValueError(
            f"a batch of {recipe.batch} can't be shared by {share.world} processes; change --batch"
        )
    steps = Steps(training, recipe, run.model.size.context, share)
    held = validation_batches(validation, recipe, run.model.size.context, share)
    lead = share.rank == 0
    bar = tqdm(total=recipe.steps, initial=run.step, unit="step", disable=not progress or not lead)
    losses: list[Tensor] = []
    with bar:
        for rows, targets in batches(steps, run.step, recipe.steps, workers) if not run.finished else ():
            rate = recipe.rate_at(run.step)
            losses.append(run.learn(rows, targets, share))
            bar.update()
            if run.step % recipe.every and run.step < recipe.steps:
                continue
            figures = _validate(run, held) | {"training_loss": float(sum(losses) / len(losses)), "rate": rate}
            losses.clear()
            bar.set_postfix(loss=f"{figures['loss']:.4f}", best=f"{run.best_loss:.4f}", at=run.best_step)
            if lead:
                run.save(checkpoint)
                for watch in watchers:
                    watch(run, figures)
            if run.finished:
                break
    return run.best()


def _validate(run: Run, held: Sequence[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Measure, and keep the weights if they are the best so far."""
    fields = run.measure(held)
    loss = sum(fields)
    run.rounds += 1
    if loss < run.best_loss:
        run.best_loss, run.best_step, run.rounds = loss, run.step, 0
        run.best_weights = _copied(run.model)
    return {"loss": loss} | {
        f"loss_{name}": value for name, value in zip(run.form.fields, fields, strict=True)
    }
