"""What the commands do, from the corpus to files: train, prove parity, export."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from offline.chorales import PARTS, load_chorales
from offline.drafts import RULES
from offline.evaluation import Result, play_take
from offline.export import export_plugin
from offline.split import load_split, pick
from offline.take import Take, take_of
from offline.weights import FOLDER, load_weights, model_weights, save_weights
from realtime.contract.plugin import Plugin
from realtime.contract.stepper import Stepper

TOLERANCE = 1e-4
"""Largest difference of a score between the step graph and the sequence model."""

Scorer = Callable[[Take, np.ndarray], np.ndarray]
"""Gives the sequence model's scores of a take, (notes, parts), where the given parts played the past."""


def train_separator(
    name: str, folder: Path, *, resume: bool, epochs: int | None, seed: int, threads: int, progress: bool
) -> Path:
    """Train in ``folder``; return the file of the weights.

    Raises:
        ValueError: there is a run already and ``resume`` is not set, or none to go on with, or another.
    """
    import torch

    from offline.models import MODELS
    from offline.training import Run, train

    made = MODELS[name]
    checkpoint, log = folder / "checkpoint.pt", folder / "log.jsonl"
    if resume and not checkpoint.is_file():
        raise ValueError(f"there is no run in {folder} to go on with: leave --resume away")
    if not resume and checkpoint.exists():
        raise ValueError(f"there is a run in {folder}: go on with --resume, or give another --folder")
    torch.set_num_threads(threads)
    recipe = replace(made.recipe, seed=seed)
    run = Run(recipe if epochs is None else replace(recipe, epochs=epochs), len(PARTS), made.new_model)
    if resume:
        run.resume(checkpoint)
    pieces, split = load_chorales(progress=progress), load_split()
    folder.mkdir(parents=True, exist_ok=True)

    def note(run: Run, loss: float, accuracy: float) -> None:
        with log.open("a", encoding="utf-8") as file:
            line = {"epoch": run.epoch, "validation_loss": loss, "validation_accuracy": accuracy}
            file.write(json.dumps(line) + "\n")

    model = train(
        run,
        pick(pieces, split.train),
        made.validation(pick(pieces, split.validation)),
        checkpoint,
        progress=progress,
        on_epoch=note,
        epoch=made.epoch,
        measure=made.measure,
    )
    facts = {
        "recipe": asdict(run.recipe),
        "best_epoch": run.best_epoch,
        "validation_loss": run.best_loss,
        "validation_accuracy": run.best_accuracy,
        "torch": str(torch.__version__),
    }
    path = folder / "weights.npz"
    save_weights(path, model_weights(model), facts)
    return path


def export_separator(
    name: str, weights: Path | None, into: Path, *, progress: bool = True
) -> tuple[Path, Result]:
    """Export a model with these weights, or those that ship; parity is proven on every test piece first."""
    import torch

    from offline.models import MODELS

    torch.set_num_threads(1)  # more only get in each other's way on models this small
    made = MODELS[name]
    arrays, facts = load_weights(weights or FOLDER / f"{name}.npz")
    how = (
        f"{made.how.format(seed=facts['recipe']['seed'])}; the weights are those of epoch "
        f"{facts['best_epoch']}, the best by validation loss ({facts['validation_loss']:.4f}; validation "
        f"accuracy {facts['validation_accuracy']:.2%})."
    )
    test = written_takes(progress=progress)

    def check(plugin: Plugin) -> None:
        check_parity(made.scorer(arrays), plugin, test)

    return export_plugin(made.draft(name, arrays, how), test, into, check)


def export_rule(name: str, into: Path, *, progress: bool = True) -> tuple[Path, Result]:
    """Export one of the rules, with defaults from the training pieces."""
    pieces = load_chorales(progress=progress)
    draft = RULES[name](name, pick(pieces, load_split().train))
    return export_plugin(draft, written_takes(progress=progress), into)


def check_parity(scorer: Scorer, plugin: Plugin, takes: Sequence[Take]) -> float:
    """Step ``plugin`` over every take beside the sequence model; return the largest difference of a score.

    Raises:
        ValueError: a label differs, or a score by more than ``TOLERANCE``.
    """
    stepper = Stepper(plugin, len(PARTS))
    largest = 0.0
    for take in takes:
        stepper.reset()
        stepped = play_take(stepper.step, take, len(PARTS))
        whole = scorer(take, stepped.argmax(1))
        difference = float(np.abs(stepped - whole).max())
        largest = max(largest, difference)
        if difference > TOLERANCE or (stepped.argmax(1) != whole.argmax(1)).any():
            raise ValueError(
                f"the step graph of {plugin.manifest.name} and its sequence model differ on {take.name} "
                f"(by up to {difference:.1e}): they are not of the same weights, or the export is broken"
            )
    return largest


def written_takes(split: str = "test", *, progress: bool = True) -> list[Take]:
    """Return the pieces of one side of the split, as written."""
    names = getattr(load_split(), split)
    return [take_of(piece) for piece in pick(load_chorales(progress=progress), names)]
