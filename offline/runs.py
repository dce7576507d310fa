"""What the commands do, from the corpus to files: train, prove parity, export."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from offline.balance import evened
from offline.corpora.catalog import CORPORA, Corpus
from offline.corpora.load import load_corpus, load_corpus_split
from offline.evaluation import Result, play_take
from offline.export import Facts, export_plugin
from offline.rule_drafts import RULES
from offline.score import Piece
from offline.shipped import TRAINABLE
from offline.split import pick
from offline.take import Take, take_of
from offline.weights import FOLDER, load_weights, model_weights, save_weights
from realtime.contract.plugin import Plugin
from realtime.contract.stepper import Stepper

TOLERANCE = 1e-4
"""Largest difference of a score between the step graph and the sequence model."""

Scorer = Callable[[Take, np.ndarray], np.ndarray]
"""Gives the sequence model's scores of a take, (notes, parts), where the given parts played the past."""


def train_separator(
    name: str,
    folder: Path,
    *,
    resume: bool,
    epochs: int | None,
    seed: int,
    threads: int,
    progress: bool,
    data: Path | None = None,
) -> Path:
    """Train in ``folder``; return the file of the weights.

    Raises:
        ValueError: there is a run already and ``resume`` is not set, or none to go on with, or another; or
            the corpus has too few pieces.
        OSError: the corpus is not there.
    """
    import torch

    from offline.models import MODELS
    from offline.training import Run, train

    made, corpus = MODELS[name], CORPORA[TRAINABLE[name]]
    checkpoint, log = folder / "checkpoint.pt", folder / "log.jsonl"
    if resume and not checkpoint.is_file():
        raise ValueError(f"there is no run in {folder} to go on with: leave --resume away")
    if not resume and checkpoint.exists():
        raise ValueError(f"there is a run in {folder}: go on with --resume, or give another --folder")
    torch.set_num_threads(threads)
    recipe = replace(made.recipe, seed=seed)
    run = Run(recipe if epochs is None else replace(recipe, epochs=epochs), len(corpus.parts), made.new_model)
    if resume:
        run.resume(checkpoint)
    pieces = load_corpus(corpus.key, data=data, progress=progress)
    split = load_corpus_split(corpus.key, data=data)
    split.check_sides(corpus.key)
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
    arrays = evened(model_weights(model), pick(pieces, split.train), getattr(run.recipe, "evened", 0.0))
    save_weights(path, arrays, facts)
    return path


def export_separator(
    name: str, weights: Path | None, into: Path, *, data: Path | None = None, progress: bool = True
) -> tuple[Path, Result]:
    """Export a model with these weights, or those that ship; parity is proven on every test piece first."""
    import torch

    from offline.models import MODELS

    torch.set_num_threads(1)  # more only get in each other's way on models this small
    made, corpus = MODELS[name], CORPORA[TRAINABLE[name]]
    arrays, facts = load_weights(weights or FOLDER / f"{name}.npz")
    how = (
        f"{made.how.format(seed=facts['recipe']['seed'])}; the weights are those of epoch "
        f"{facts['best_epoch']}, the best by validation loss ({facts['validation_loss']:.4f}; validation "
        f"accuracy {facts['validation_accuracy']:.2%})."
    )
    pieces = split_pieces(corpus.key, data=data, progress=progress)
    return export_plugin(
        made.draft(name, corpus, arrays, how),
        facts_of(corpus, data=data),
        [take_of(piece) for piece in pieces],
        into,
        lambda plugin: made.check(arrays, plugin, pieces),
        lambda takes: made.label(arrays, takes),
    )


def export_rule(name: str, into: Path, *, progress: bool = True) -> tuple[Path, Result]:
    """Export one of the rules, with defaults from the training pieces of the chorales."""
    corpus = CORPORA["bach"]
    pieces = load_corpus(corpus.key, progress=progress)
    draft = RULES[name](name, pick(pieces, load_corpus_split(corpus.key).train))
    return export_plugin(draft, facts_of(corpus), written_takes(corpus.key, progress=progress), into)


def facts_of(corpus: Corpus, *, data: Path | None = None) -> Facts:
    """Return what a card says of a corpus: how large it is, and how it is split."""
    pieces, split = (
        load_corpus(corpus.key, data=data, progress=False),
        load_corpus_split(corpus.key, data=data),
    )
    counts = len(split.train), len(split.validation), len(split.test)
    return Facts(corpus, len(pieces), sum(map(len, pieces.values())), counts)


def check_parity(scorer: Scorer, plugin: Plugin, takes: Sequence[Take]) -> float:
    """Step ``plugin`` over every take beside the sequence model; return the largest difference of a score.

    Raises:
        ValueError: a label differs, or a score by more than ``TOLERANCE``.
    """
    parts = len(plugin.manifest.parts)
    stepper = Stepper(plugin, parts)
    largest = 0.0
    for take in takes:
        stepper.reset()
        stepped = play_take(stepper.step, take, parts)
        whole = scorer(take, stepped.argmax(1))
        difference = float(np.abs(stepped - whole).max())
        largest = max(largest, difference)
        if difference > TOLERANCE or (stepped.argmax(1) != whole.argmax(1)).any():
            raise ValueError(
                f"the step graph of {plugin.manifest.name} and its sequence model differ on {take.name} "
                f"(by up to {difference:.1e}): they are not of the same weights, or the export is broken"
            )
    return largest


def written_takes(
    corpus: str = "bach", split: str = "test", *, data: Path | None = None, progress: bool = True
) -> list[Take]:
    """Return the pieces of one side of a corpus's split, as written."""
    return [take_of(piece) for piece in split_pieces(corpus, split, data=data, progress=progress)]


def split_pieces(
    corpus: str, split: str = "test", *, data: Path | None = None, progress: bool = True
) -> list[Piece]:
    """Return the pieces of one side of a corpus's split."""
    names = getattr(load_corpus_split(corpus, data=data), split)
    return pick(load_corpus(corpus, data=data, progress=progress), names)
