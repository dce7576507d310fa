"""Fills the cells of the paper's tables for one corpus; a killed run goes on where it was."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from offline.corpora.catalog import find_corpus
from offline.corpora.load import load_corpus, load_corpus_split
from offline.evaluation import measure_labels
from offline.paper.baselines import closest_parts, most_common_part, ordered_zones, zone_parts
from offline.paper.cells import CELLS, Cell, cells_of
from offline.paper.learning import (
    RATES,
    ROUND,
    CellRecipe,
    choose,
    decide,
    measure,
    new_model,
    prepare,
    train_round,
)
from offline.paper.mlp import MLPNetwork
from offline.paper.results import FOLDER, Outcome, read_results, write_results
from offline.score import Piece
from offline.split import pick
from offline.training import Run, train
from offline.weights import model_weights, save_weights

STEPS = 300
"""Training steps of every cell, each on 16 excerpts; an LSTM takes about 150 s on one core."""


@dataclass(frozen=True)
class Music:
    """A corpus by the sides of its split, and the number of its parts."""

    names: tuple[str, ...]
    train: list[Piece]
    validation: list[Piece]
    test: list[Piece]

    @property
    def parts(self) -> int:
        """Number of parts."""
        return len(self.names)


def load_music(corpus: str, data: Path | None, *, progress: bool = True) -> Music:
    """Return a corpus.

    Raises:
        ValueError, OSError: there is no such corpus, or its files are not there.
    """
    pieces, split = load_corpus(corpus, data=data, progress=progress), load_corpus_split(corpus, data=data)
    return Music(find_corpus(corpus).parts, *(pick(pieces, side) for side in split))


Rule = Callable[[Music], list[np.ndarray]]


def _zone(music: Music) -> list[np.ndarray]:
    zones = ordered_zones(music.train, music.parts)
    return [zone_parts(piece, *zones) for piece in music.test]


RULES: dict[str, Rule] = {
    "common": lambda m: [np.full(len(p), most_common_part(m.train, m.parts)) for p in m.test],
    "zone": _zone,
    "zone-oracle": lambda m: [zone_parts(p, *ordered_zones([p], m.parts)) for p in m.test],
    "closest": lambda m: [closest_parts(p, m.parts, mono=False) for p in m.test],
    "closest-mono": lambda m: [closest_parts(p, m.parts, mono=True) for p in m.test],
}
"""What decides without a network: the part of each note of each test piece."""


def missing_cells(chosen: Sequence[str], found: dict[str, Outcome], steps: int, seed: int) -> list[str]:
    """Return those of the chosen cells that have no outcome of this budget and seed."""

    def done(key: str) -> bool:
        if key not in found:
            return False
        return CELLS[key].rule is not None or (found[key].steps, found[key].seed) == (steps, seed)

    return [key for key in chosen if not done(key)]


def train_tables(
    corpus: str,
    table: str = "all",
    *,
    only: Sequence[str] = (),
    data: Path | None = None,
    folder: Path = Path("runs/tables"),
    results: Path = FOLDER,
    steps: int = STEPS,
    seed: int = 1,
    threads: int = 1,
    progress: bool = True,
    music: Music | None = None,
) -> dict[str, Outcome]:
    """Train and measure every cell of ``table`` that is missing; return all outcomes of the corpus.

    Each outcome is written when it is there. ``folder`` holds the checkpoint of the cell in training, and
    the weights of those that are done. ``only``: of the table, these cells. ``music``: the corpus, if it
    is loaded already.

    Raises:
        ValueError, OSError: there is no such table, cell or corpus, its files are not there, or a checkpoint
            is damaged.
    """
    keys = cells_of(table)
    unknown = sorted(set(only) - set(keys))
    if unknown:
        raise ValueError(f"there is no cell {unknown[0]!r} in table {table}; choose of {', '.join(keys)}")
    chosen = [key for key in keys if not only or key in only]
    missing = missing_cells(chosen, read_results(corpus, results), steps, seed)
    if not missing:
        return read_results(corpus, results)
    torch.set_num_threads(threads)
    music = music or load_music(corpus, data, progress=progress)
    with tqdm(
        total=len(chosen), initial=len(chosen) - len(missing), desc=corpus, unit="cell", disable=not progress
    ) as bar:
        for key in missing:
            bar.set_postfix_str(key)
            outcome = fill_cell(key, music, folder / corpus, steps=steps, seed=seed, progress=progress)
            # Read anew: another process may have filled other cells meanwhile.
            write_results(corpus, read_results(corpus, results) | {key: outcome}, results)
            bar.update()
    return read_results(corpus, results)


def fill_cell(
    key: str, music: Music, folder: Path, *, steps: int, seed: int, progress: bool = True
) -> Outcome:
    """Train what a cell wants, or take up its run in ``folder``, and measure it on the whole test pieces."""
    cell = CELLS[key]
    if cell.rule is not None:
        decided = RULES[cell.rule](music)
        facts = {"steps": 0, "best_step": 0, "validation_accuracy": None, "seconds": 0.0}
    else:
        model, facts = train_cell(cell.trained or key, cell, music, folder, steps, seed, progress)
        decided = _decide(model, cell, music)
    measured = measure_labels(decided, [piece.part for piece in music.test], music.names)
    names = ("accuracy", "balanced_accuracy", "soundness", "completeness", "notes", "pieces")
    return Outcome(
        **{name: getattr(measured, name) for name in names},
        **facts,
        seed=seed,
        version=f"concertino {version('concertino')}, torch {torch.__version__}",
        date=datetime.now(UTC).date().isoformat(),
    )


def _decide(model: nn.Module, cell: Cell, music: Music) -> list[np.ndarray]:
    if isinstance(model, MLPNetwork):
        return model.decide(music.test, oracle=cell.oracle)
    return decide(model, music.test, music.parts)


def train_cell(
    key: str, cell: Cell, music: Music, folder: Path, steps: int, seed: int, progress: bool
) -> tuple[nn.Module, dict]:
    """Return the network of a cell with its best weights by validation loss, and the facts of its run."""
    assert cell.network is not None
    recipe = CellRecipe(
        cell.network,
        cell.inputs,
        cell.augmentation,
        seed,
        epochs=max(1, round(steps / ROUND)),
        rate=RATES[cell.network],
    )
    # Runs of another budget or seed are kept apart.
    run_folder = folder / f"{key}-{steps}-steps-seed-{seed}"
    checkpoint, clock = run_folder / "checkpoint.pt", run_folder / "seconds"
    run = Run(recipe, music.parts, new_model)
    before = 0.0
    if checkpoint.is_file():
        run.resume(checkpoint)
        before = float(clock.read_text("utf-8")) if clock.is_file() else 0.0
    start = time.process_time()

    def spent() -> float:
        return before + time.process_time() - start

    def note(run: Run, loss: float, accuracy: float) -> None:
        part = clock.with_suffix(".part")
        part.write_text(f"{spent():.1f}", "utf-8")
        os.replace(part, clock)

    training: list[Any] = prepare(recipe, music.train, music.parts)
    validation = choose(prepare(recipe, music.validation, music.parts))
    model = train(
        run,
        training,
        validation,
        checkpoint,
        progress=progress,
        on_epoch=note,
        epoch=train_round,
        measure=measure,
    )
    facts = {
        "steps": steps,
        "best_step": run.best_epoch * ROUND,
        "validation_accuracy": run.best_accuracy,
        "seconds": round(spent(), 1),
    }
    save_weights(run_folder / "weights.npz", model_weights(model), facts)
    return model, facts
