"""What the commands do, from the corpus to files: train, prove parity, export."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from offline.chorales import PARTS, load_chorales
from offline.drafts import RULES, lstm_draft
from offline.evaluation import Result, play_piece
from offline.export import export_plugin
from offline.score import Piece
from offline.split import load_split, pick
from offline.weights import FOLDER, build_model, load_weights, model_weights, save_weights
from realtime.contract.plugin import Plugin
from realtime.contract.stepper import Stepper

TOLERANCE = 1e-4
"""Largest difference of a score between the step graph and the sequence model."""
NAME = "bach-lstm"


def train_bach_lstm(
    folder: Path, *, resume: bool, epochs: int | None, seed: int, threads: int, progress: bool
) -> Path:
    """Train in ``folder``; return the file of the weights.

    Raises:
        ValueError: there is a run already and ``resume`` is not set, or none to go on with, or another.
    """
    import torch

    from offline.training import Recipe, Run, train

    checkpoint, log = folder / "checkpoint.pt", folder / "log.jsonl"
    if resume and not checkpoint.is_file():
        raise ValueError(f"there is no run in {folder} to go on with: leave --resume away")
    if not resume and checkpoint.exists():
        raise ValueError(f"there is a run in {folder}: go on with --resume, or give another --folder")
    torch.set_num_threads(threads)
    recipe = Recipe(seed=seed)
    run = Run(recipe if epochs is None else replace(recipe, epochs=epochs), len(PARTS))
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
        pick(pieces, split.validation),
        checkpoint,
        progress=progress,
        on_epoch=note,
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


def export_bach_lstm(weights: Path | None, into: Path, *, progress: bool = True) -> tuple[Path, Result]:
    """Export the LSTM with these weights, or those that ship; parity is proven on every test piece first."""
    import torch

    torch.set_num_threads(1)  # more only get in each other's way on a model this small
    arrays, facts = load_weights(weights or FOLDER / f"{NAME}.npz")
    recipe = facts["recipe"]
    how = (
        f"seed {recipe['seed']} on excerpts that are transposed, thinned, loosened in time or lack a part,\n"
        f"all at random; the weights are those of epoch {facts['best_epoch']}, the best by validation loss\n"
        f"({facts['validation_loss']:.4f}; validation accuracy {facts['validation_accuracy']:.2%})."
    )
    if weights is None:
        how += " Seeds 0 and 1 were tried; this one is the better by validation loss."
    draft = lstm_draft(NAME, arrays, how)
    test = _test_pieces(progress)

    def check(plugin: Plugin) -> None:
        check_parity(arrays, plugin, test)

    return export_plugin(draft, test, into, check)


def export_rule(name: str, into: Path, *, progress: bool = True) -> tuple[Path, Result]:
    """Export one of the rules, with defaults from the training pieces."""
    pieces = load_chorales(progress=progress)
    draft = RULES[name](name, pick(pieces, load_split().train))
    return export_plugin(draft, pick(pieces, load_split().test), into)


def check_parity(weights: dict[str, np.ndarray], plugin: Plugin, pieces: Sequence[Piece]) -> float:
    """Step ``plugin`` over every piece beside the sequence model; return the largest difference of a score.

    Raises:
        ValueError: a label differs, or a score by more than ``TOLERANCE``.
    """
    from offline.lstm import score_piece

    model = build_model(weights)
    stepper = Stepper(plugin, len(PARTS))
    largest = 0.0
    for piece in pieces:
        stepper.reset()
        stepped = play_piece(stepper.step, piece, len(PARTS))
        whole = score_piece(model, piece)
        difference = float(np.abs(stepped - whole).max())
        largest = max(largest, difference)
        if difference > TOLERANCE or (stepped.argmax(1) != whole.argmax(1)).any():
            raise ValueError(
                f"the step graph of {plugin.manifest.name} and its sequence model differ on {piece.name} "
                f"(by up to {difference:.1e}): they are not of the same weights, or the export is broken"
            )
    return largest


def _test_pieces(progress: bool) -> list[Piece]:
    return pick(load_chorales(progress=progress), load_split().test)
