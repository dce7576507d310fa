"""Fills the cells of the paper's tables for one corpus; a killed run goes on where it was."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from offline.paper.budget import STEPS, check_budget, missing_cells
from offline.paper.cells import CELLS, Cell, cells_of
from offline.paper.deciding import RULES, network_decider
from offline.paper.learning import RATES, ROUND, CellRecipe, choose, measure, new_model, prepare, train_round
from offline.paper.music import Music, load_music
from offline.paper.outcomes import measured
from offline.paper.results import FOLDER, Outcome, read_results, write_results
from offline.paper.stacked import Wanted, train_stacked
from offline.training import Run, train
from offline.weights import model_weights, save_weights


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
    device: torch.device | str = "cpu",
    jobs: int = 1,
    anew: bool = False,
    human: bool = False,
) -> dict[str, Outcome]:
    """Train and measure every cell of ``table`` that is missing; return all outcomes of the corpus.

    Cells that were trained for other steps or of another seed are missing too, if ``anew`` is set. With
    ``human`` all are measured under a player's hands too, and those are missing that were not. One network
    has all figures of a cell: where its weights are not in ``folder``, it is trained again.

    Each outcome is written when it is there. ``folder`` holds the checkpoint of the cell in training, and
    the weights of those that are done. ``only``: of the table, these cells. ``music``: the corpus, if it
    is loaded already. ``jobs``: cells that are filled side by side, each in a process. On a GPU all LSTMs
    are trained at once, and so are all BiLSTMs; of these nothing is kept before the end.

    Raises:
        ValueError, OSError: there is no such table, cell or corpus, its files are not there, a checkpoint
            is damaged, or there are cells of another budget and ``anew`` is not set.
    """
    keys = cells_of(table)
    unknown = sorted(set(only) - set(keys))
    if unknown:
        raise ValueError(f"there is no cell {unknown[0]!r} in table {table}; choose of {', '.join(keys)}")
    chosen = [key for key in keys if not only or key in only]
    found = read_results(corpus, results)
    missing = missing_cells(chosen, found, steps, seed, human=human)
    if not missing:
        return found
    if not anew:
        check_budget(corpus, missing, found, steps, seed)
    torch.set_num_threads(threads)
    music = music or load_music(corpus, data, progress=progress)
    with tqdm(
        total=len(chosen), initial=len(chosen) - len(missing), desc=corpus, unit="cell", disable=not progress
    ) as bar:
        where = torch.device(device)
        stacked = [key for key in missing if where.type == "cuda" and CELLS[key].network in STACKED]
        alone = [key for key in missing if key not in stacked]
        fill = partial(fill_cells, folder=folder / corpus, steps=steps, seed=seed, device=where, human=human)
        for filled in _filled(fill, alone, music, jobs, progress=progress):
            # Read anew: another process may have filled other cells meanwhile.
            write_results(corpus, read_results(corpus, results) | filled, results)
            bar.set_postfix_str(", ".join(filled))
            bar.update(len(filled))
        for kind in STACKED:
            keys = [(corpus, key) for key in stacked if CELLS[key].network == kind]
            trained = fill_stacked(keys, {corpus: music}, steps, seed, where, jobs, progress, human=human)
            for (_, key), outcome in trained:
                write_results(corpus, read_results(corpus, results) | {key: outcome}, results)
                bar.update()
    return read_results(corpus, results)


def _filled(
    fill: Callable[..., dict[str, Outcome]], keys: Sequence[str], music: Music, jobs: int, *, progress: bool
) -> Iterator[dict[str, Outcome]]:
    """Yield the outcomes of cells as they come; those that measure one network come together."""
    if jobs == 1:
        for key in keys:
            yield fill([key], music, progress=progress)
        return
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(CELLS[key].trained or key, []).append(key)
    with ProcessPoolExecutor(jobs, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        waiting = [pool.submit(fill, group, music, progress=False) for group in groups.values()]
        for done in as_completed(waiting):
            yield done.result()


def fill_cells(
    keys: Sequence[str],
    music: Music,
    *,
    folder: Path,
    steps: int,
    seed: int,
    device: torch.device,
    progress: bool,
    human: bool,
) -> dict[str, Outcome]:
    """Return the outcome of each cell by its key, as ``fill_cell``."""
    fill = partial(fill_cell, steps=steps, seed=seed, progress=progress, device=device, human=human)
    return {key: fill(key, music, folder) for key in keys}


STACKED = ("lstm", "bilstm")
"""Kinds of network that a GPU trains side by side."""


def fill_stacked(
    cells: Sequence[tuple[str, str]],
    music: dict[str, Music],
    steps: int,
    seed: int,
    device: torch.device,
    jobs: int = 1,
    progress: bool = True,
    *,
    human: bool = False,
) -> Iterator[tuple[tuple[str, str], Outcome]]:
    """Train the networks of (corpus, cell), all of one kind, at once; yield each with its outcome.

    The seconds of each are its share of the time that all took.
    """
    if not cells:
        return
    wanted = [
        Wanted(key, music[corpus].train, music[corpus].validation, music[corpus].parts, corpus)
        for corpus, key in cells
    ]
    found, seconds = train_stacked(
        wanted, steps=steps, seed=seed, device=device, jobs=jobs, progress=progress
    )
    for (corpus, key), trained in zip(cells, found, strict=True):
        facts = {
            "steps": steps,
            "best_step": trained.best_step,
            "validation_accuracy": trained.accuracy,
            "seconds": round(seconds / len(found), 1),
        }
        decide = network_decider(trained.network.to(device), CELLS[key], music[corpus].parts)
        outcome = measured(decide, music[corpus], facts, seed, device, human=human)
        trained.network.cpu()
        yield (corpus, key), outcome


def fill_cell(
    key: str,
    music: Music,
    folder: Path,
    *,
    steps: int,
    seed: int,
    progress: bool = True,
    device: torch.device | str = "cpu",
    human: bool = False,
) -> Outcome:
    """Train what a cell wants, or take up its run in ``folder``, and measure it on the whole test pieces.

    ``human``: under a player's hands too.
    """
    cell = CELLS[key]
    if cell.rule is not None:
        decide = RULES[cell.rule](music)
        facts = {"steps": 0, "best_step": 0, "validation_accuracy": None, "seconds": 0.0}
    else:
        model, facts = train_cell(cell.trained or key, cell, music, folder, steps, seed, progress, device)
        decide = network_decider(model.to(device), cell, music.parts)
    return measured(decide, music, facts, seed, "cpu" if cell.rule else device, human=human)


def train_cell(
    key: str,
    cell: Cell,
    music: Music,
    folder: Path,
    steps: int,
    seed: int,
    progress: bool,
    device: torch.device | str = "cpu",
) -> tuple[nn.Module, dict]:
    """Return the network of a cell with its best weights by validation loss, and the facts of its run."""
    assert cell.network is not None
    recipe = CellRecipe(
        cell.network,
        cell.inputs,
        cell.augmentation,
        seed,
        steps=steps,
        rate=RATES[cell.network],
    )
    # Runs of another budget or seed are kept apart.
    run_folder = folder / f"{key}-{steps}-steps-seed-{seed}"
    checkpoint, clock = run_folder / "checkpoint.pt", run_folder / "seconds"
    run = Run(recipe, music.parts, new_model, device=device)
    # A processor may have other work; where a GPU has it too, nobody can tell.
    time_now = time.perf_counter if run.device.type == "cuda" else time.process_time
    before = 0.0
    if checkpoint.is_file():
        run.resume(checkpoint)
        before = float(clock.read_text("utf-8")) if clock.is_file() else 0.0
    start = time_now()

    def spent() -> float:
        return before + time_now() - start

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
        "best_step": min(run.best_epoch * ROUND, steps),
        "validation_accuracy": run.best_accuracy,
        "seconds": round(spent(), 1),
    }
    save_weights(run_folder / "weights.npz", model_weights(model), facts)
    return model, facts
