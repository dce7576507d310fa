"""``concertino train continuation``: from the music to weights, in a folder that a run can go on in."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import torch

from offline.checkpoint import load_checkpoint
from offline.mmt.curves import curves_to, log_to
from offline.mmt.model import parameter_count
from offline.mmt.music import find_music, load_music, notes_of
from offline.mmt.parallel import all_well, as_the_first, choose_device, leads, together
from offline.mmt.recipe import Recipe
from offline.mmt.ship_card import machine
from offline.mmt.split import check_side, load_music_split
from offline.mmt.training import MAY_CHANGE, Run, train
from offline.score import Piece
from offline.weights import model_weights, save_weights
from realtime.music.mmt.representation import Notes

Precision = Literal["auto", "float32", "bfloat16"]


class Tables:
    """Pieces as tables of notes, each read when it is asked for: they may not fit in memory."""

    def __init__(self, pieces: Sequence[Piece]):
        self.pieces = pieces

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.pieces)

    def __getitem__(self, number: int, /) -> Notes:
        """Return the notes of a piece."""
        return notes_of(self.pieces[number])


def load_sides(
    keys: Sequence[str], *, data: Path | None = None, progress: bool = True
) -> tuple[Tables, Tables]:
    """Return the pieces of the training and the validation side of several bodies of music.

    Raises:
        ValueError: a side has none, or as ``offline.mmt.music.load_music``.
        OSError: as there.
    """
    training: list[Piece] = []
    validation: list[Piece] = []
    for key in find_music(keys):
        entries = load_music(key, data=data, progress=progress)
        split = load_music_split(key, entries, data=data)
        training += [entries[name].piece for name in split.train]
        validation += [entries[name].piece for name in split.validation]
    check_side("train", training, keys)
    check_side("validation", validation, keys)
    return Tables(training), Tables(validation)


def _begun(
    checkpoint: Path, recipe: Recipe, resume: bool, precision: Precision | None
) -> dict[str, Any] | None:
    """Return what was saved of the run that is to go on; None where it begins.

    Raises:
        ValueError: there is a run already and ``resume`` is not set, or none to go on with, or another.
    """
    folder = checkpoint.parent
    if resume and not checkpoint.is_file():
        raise ValueError(f"there is no run in {folder} to go on with: leave --resume away")
    if not resume and checkpoint.exists():
        raise ValueError(f"there is a run in {folder}: go on with --resume, or give another --folder")
    if not resume:
        return None
    if precision == "auto":
        return load_checkpoint(checkpoint, recipe, may_change=(*MAY_CHANGE, "bfloat16"))
    return load_checkpoint(checkpoint, _precise(recipe, precision, None), may_change=MAY_CHANGE)


def _precise(recipe: Recipe, precision: Precision | None, state: dict[str, Any] | None) -> Recipe:
    """Return the recipe with the precision that is asked for; ``state`` is of a run that goes on."""
    if precision is None:
        return recipe
    bfloat16 = precision == "bfloat16"
    if precision == "auto" and state is not None:
        bfloat16 = state["recipe"].get("bfloat16", recipe.bfloat16)
    elif precision == "auto":
        bfloat16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return replace(recipe, bfloat16=bfloat16)


def train_continuation(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool,
    threads: int,
    workers: int = 0,
    compiled: bool | None = None,
    precision: Precision | None = None,
    progress: bool = True,
    data: Path | None = None,
) -> Path:
    """Train in ``folder``; return the file of the weights. Under ``torchrun``, together with other processes.

    Only the first process needs to have the run in its folder; all need the music. ``compiled`` is whether
    the model is compiled first; None: where there is a GPU. ``precision`` None is what the recipe says;
    ``auto`` what a run that goes on began with, else bfloat16 on a GPU that has it.

    Raises:
        ValueError: there is a run already and ``resume`` is not set, or none to go on with, or another.
        SystemExit: one of the other processes said so.
    """
    checkpoint, weights = folder / "checkpoint.pt", folder / "weights.npz"
    lead, problem, state = leads(), None, None
    training = validation = Tables(())
    try:
        if lead:
            state = _begun(checkpoint, recipe, resume, precision)
        # Before there are threads of a GPU or of the others: reading the music forks.
        training, validation = load_sides(recipe.music, data=data, progress=progress and lead)
    except (ValueError, OSError) as error:
        problem = error
    torch.set_num_threads(threads)
    with together() as share:
        all_well(problem)
        state = as_the_first(state)
        recipe = as_the_first(_precise(recipe, precision, state))
        device = choose_device()
        run = Run(recipe, device=device, compiled=device.type == "cuda" if compiled is None else compiled)
        if state is not None:
            run.take_up(state)
        folder.mkdir(parents=True, exist_ok=True)
        watchers = (
            [log_to(folder / "log.jsonl"), curves_to(folder / "curves", begin=run.step)] if lead else []
        )
        model = train(
            run,
            training,
            validation,
            checkpoint,
            share=share,
            workers=workers,
            progress=progress,
            watchers=watchers,
        )
        if lead:
            facts = {
                "recipe": asdict(recipe),
                "parameters": parameter_count(model),
                "best_step": run.best_step,
                "validation_loss": run.best_loss,
                "pieces": [len(training), len(validation)],
                "machine": machine(),
                "torch": str(torch.__version__),
            }
            save_weights(weights, model_weights(model), facts)
    return weights
