"""Trains many LSTMs of the paper's tables at once on a GPU, all alike: see :mod:`offline.paper.learning`.

On a GPU a step is one graph, recorded once: it draws its excerpts, learns, and counts itself. There is no
early stop, and nothing to go on from: what is killed begins again.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from offline.lstm import IGNORED
from offline.paper.cells import CELLS
from offline.paper.excerpts import AUGMENTATIONS, Batch, Sounding, draw, whole
from offline.paper.flat import Flat, Plan, flatten, gather, plan, stack_batches
from offline.paper.learning import LONGEST, RATES, ROUND, CellRecipe, choose, new_model, prepare
from offline.paper.networks import LSTMNetwork
from offline.paper.stack import Stack, compile_cells
from offline.score import Piece
from offline.training import schedule

LOOK = 100
"""Steps between two looks at the validation pieces."""
POOL = 8000
"""Excerpts at most that are drawn beforehand, where notes are left out or change places."""
EAGER = 3
"""Steps before the one that is recorded: what is set up at first use is there then."""


@dataclass(frozen=True)
class Wanted:
    """A network to train."""

    key: str
    """Of its cell."""
    train: Sequence[Piece]
    validation: Sequence[Piece]
    parts: int
    corpus: str

    @property
    def stream(self) -> tuple[str, str]:
        """Corpus and augmentation: networks that agree in both read the same excerpts."""
        return self.corpus, CELLS[self.key].augmentation


@dataclass
class Trained:
    """A network with its best weights by validation loss, and how it came to them."""

    network: LSTMNetwork
    best_step: int
    accuracy: float
    """On the validation excerpts."""


def _pool(task: tuple[Sequence[Piece], int, str, int, int]) -> list[Sounding]:
    pieces, parts, augmentation, count, seed = task
    draws = np.random.default_rng(seed)
    notes = [whole(piece, parts) for piece in pieces]
    chosen = draws.permutation(np.arange(count) % len(pieces))
    return [draw(pieces[i], notes[i], augmentation, LONGEST, draws) for i in chosen]


def music_of(wanted: Sequence[Wanted], steps: int, batch: int, seed: int, jobs: int) -> dict[Any, list]:
    """Return the pieces of each stream, or excerpts where the augmentation makes new pieces of them.

    Excerpts are drawn by ``jobs`` processes.
    """
    first = {one.stream: one for one in reversed(wanted)}
    count = min(POOL, steps * batch)
    new = {key: one for key, one in first.items() if AUGMENTATIONS[key[1]] is not None}
    tasks = [(one.train, one.parts, key[1], count, seed) for key, one in new.items()]
    pooled: list[list[Sounding]] = []
    if tasks and jobs > 1:
        with get_context("spawn").Pool(min(jobs, len(tasks))) as pool:
            pooled = pool.map(_pool, tasks, chunksize=1)
    else:
        pooled = [_pool(task) for task in tasks]
    drawn = dict(zip(new, pooled, strict=True))
    return {key: drawn.get(key) or [whole(p, one.parts) for p in one.train] for key, one in first.items()}


class StackedRun:
    """Networks in training: the stack, its averaged weights, and what a step needs, all on ``device``."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        streams: dict[Any, list[Sounding]],
        steps: int,
        seed: int,
        device: torch.device,
    ):
        self.wanted, self.steps, self.device = wanted, steps, device
        network = CELLS[wanted[0].key].network or ""
        self.recipe = CellRecipe(network, steps=steps, rate=RATES[network])
        self.networks: list[Any] = []
        for one in wanted:
            torch.manual_seed(seed)
            cell = CELLS[one.key]
            self.networks.append(new_model(CellRecipe(network, cell.inputs), one.parts))
        keys = list(streams)
        self.stack = Stack(self.networks, [keys.index(one.stream) for one in wanted]).to(device)
        self.average = copy.deepcopy(self.stack).eval()
        self.best = [p.detach().clone() for p in self.stack.parameters()]
        self.best_loss = torch.full((len(wanted),), math.inf, device=device)
        self.best_step = torch.zeros(len(wanted), dtype=torch.int64, device=device)
        self.best_accuracy = torch.zeros(len(wanted), device=device)
        music = list(streams.values())
        self.flat: Flat = flatten(music, self.stack.most, device)
        moves = [key[1] == "light" for key in keys]
        self.plan: Plan = plan(music, moves, steps, self.recipe.batch, LONGEST, seed, device)
        rates = [self.recipe.rate * schedule(step / ROUND, self.recipe) for step in range(steps)]
        self.rates = torch.tensor(rates, device=device)
        self.at = torch.zeros(1, dtype=torch.int64, device=device)
        cuda = device.type == "cuda"
        self.rate: Any = torch.tensor(self.recipe.rate, device=device) if cuda else self.recipe.rate
        self.optimizer = torch.optim.AdamW(
            self.stack.parameters(), lr=self.rate, weight_decay=self.recipe.decay, capturable=cuda
        )
        first = {one.stream: one for one in reversed(wanted)}
        looked = [
            [e.notes for e in choose(prepare(self.recipe, first[key].validation, first[key].parts))]
            for key in keys
        ]
        self.looked: Batch = stack_batches(looked, self.stack.most, LONGEST).to(device)

    def step(self) -> Tensor:
        """Take one step; return the loss of each network."""
        self.stack.train()
        drawn = Plan(*(column.index_select(0, self.at)[0] for column in self.plan))
        batch = gather(self.flat, drawn, LONGEST)
        self.optimizer.zero_grad(set_to_none=True)
        loss, _, notes = self._measure(self.stack, batch)
        loss = loss / notes
        loss.sum().backward()
        parameters = list(self.stack.parameters())
        gradients = [p.grad for p in parameters if p.grad is not None]
        square = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0)
        scale = (self.recipe.clip / (square.sqrt() + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))
        rate = self.rates.index_select(0, self.at)[0]
        if isinstance(self.rate, Tensor):
            self.rate.copy_(rate)
        else:
            self.optimizer.param_groups[0]["lr"] = float(rate)
        self.optimizer.step()
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), parameters, strict=True):
                kept.lerp_(new, 1 - self.recipe.average)
            self.at += 1
        return loss.detach()

    def _measure(self, stack: Stack, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return the summed loss, the right notes and all notes of each network."""
        scores, label = stack(batch), batch.label.transpose(1, 2)[stack.stream]
        given = functional.cross_entropy(
            scores.flatten(0, 2), label.flatten(), ignore_index=IGNORED, reduction="none"
        )
        right = (scores.argmax(3) == label).flatten(1).sum(1)
        return given.unflatten(0, (len(scores), -1)).sum(1), right, (label != IGNORED).flatten(1).sum(1)

    @torch.no_grad()
    def look(self, step: int) -> tuple[float, float]:
        """Measure the averaged weights and keep those that are better; return mean loss and accuracy."""
        loss, right, notes = self._measure(self.average, self.looked)
        loss, accuracy = loss / notes, right / notes
        better = loss < self.best_loss
        self.best_loss = torch.where(better, loss, self.best_loss)
        self.best_accuracy = torch.where(better, accuracy, self.best_accuracy)
        self.best_step = torch.where(better, step, self.best_step)
        for best, now in zip(self.best, self.average.parameters(), strict=True):
            best.copy_(torch.where(better.view(-1, *[1] * (now.dim() - 1)), now, best))
        return float(loss.mean()), float(accuracy.mean())

    def record(self) -> Callable[[], Any]:
        """Return what takes one step: on a GPU the replay of a recorded graph."""
        if self.device.type != "cuda":
            return self.step
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph):
                self.step()
        except RuntimeError as error:
            tqdm.write(f"steps can't be recorded ({error}): they are taken one kernel at a time")
            torch.cuda.synchronize()
            return self.step
        return graph.replay


def train_stacked(
    wanted: Sequence[Wanted],
    *,
    steps: int,
    seed: int = 1,
    device: torch.device | str = "cpu",
    jobs: int = 1,
    progress: bool = True,
    record: bool = True,
) -> tuple[list[Trained], float]:
    """Train networks of one kind, ``lstm`` or ``bilstm``; return them in order, and the seconds taken.

    ``jobs``: processes that draw excerpts beforehand. ``record``: on a GPU, record a step as a graph.
    """
    began, device = time.perf_counter(), torch.device(device)
    streams = music_of(wanted, steps, CellRecipe("lstm").batch, seed, jobs)
    run = StackedRun(wanted, streams, steps, seed, device)
    if device.type == "cuda":
        # The matrix products of training need not be exact to the last bit.
        torch.set_float32_matmul_precision("high")
        compile_cells(len(wanted) * (1 + run.stack.two), run.recipe.batch, run.stack.units, device)
    kind = f"{len(wanted)} {run.recipe.network}"
    take: Callable[[], Any] = run.step
    with tqdm(total=steps, desc=kind, unit="step", disable=not progress, mininterval=2) as bar:
        for step in range(1, steps + 1):
            if step == EAGER + 1 and record:
                take = run.record()
            if device.type == "cuda" and step <= EAGER:
                side = torch.cuda.Stream(device)
                side.wait_stream(torch.cuda.current_stream(device))
                with torch.cuda.stream(side):
                    take()
                torch.cuda.current_stream(device).wait_stream(side)
            else:
                take()
            if step % LOOK == 0 or step == steps:
                loss, accuracy = run.look(step)
                bar.set_postfix(val_loss=f"{loss:.4f}", val_accuracy=f"{accuracy:.2%}")
            bar.update()
    torch.set_float32_matmul_precision("highest")
    with torch.no_grad():
        for own, best in zip(run.stack.parameters(), run.best, strict=True):
            own.copy_(best)
    found = []
    run.stack.cpu()
    facts = zip(run.best_step.tolist(), run.best_accuracy.tolist(), strict=True)
    for row, (network, (best_step, accuracy)) in enumerate(zip(run.networks, facts, strict=True)):
        run.stack.unload(row, network)
        found.append(Trained(network.eval(), best_step, accuracy))
    return found, time.perf_counter() - began
