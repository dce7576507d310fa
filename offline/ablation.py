"""What each idea of the separator that is told the past is worth: short runs, on the validation pieces.

Each line of the table changes one thing in the recipe, or in how the scores become decisions:
``python -m offline.ablation --help``.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import typer

from offline.ablation_table import LIVE, changed, read_table, write_table
from offline.corpora.catalog import find_corpus
from offline.corpora.load import load_corpus, load_corpus_split
from offline.facts import DOWN, SINGLES, fact_count
from offline.gather import gathered
from offline.history import HistorySeparator, make_batch, measure, picked, step_rows
from offline.history_training import HistoryRecipe
from offline.human import PERTURBATIONS, human_takes
from offline.models import MODELS, excerpts_of
from offline.score import Piece
from offline.scoring import build_history
from offline.shipped import TRAINABLE
from offline.split import pick
from offline.take import Take, take_of
from offline.training import Run, train
from offline.weights import FOLDER, load_weights

RECIPES: dict[str, dict[str, Any]] = {
    "all": {},
    "only true pasts in training": {"own": 0.0, "damage": 0.0},
    "no decisions of its own in training": {"own": 0.0},
    "only as written in training": {"human": 0.0},
    "all of it by hand in training": {"human": 1.0},
    "no transpositions in training": {"augmentation.transpositions": (0, 0)},
    "each note of a period by itself": {"together": False},
    "not told of nearest notes and this pitch": {"chordal": False},
    "none heard through a chord window": {"gathered": 0.0},
    "half of the excerpts bent in time as recordings are": {"played": 0.5},
    "half of the target from the offline model": {"distilled": 0.5, "teacher": "{model}-offline"},
}
"""What each line changes in the recipe; one that changes nothing there is left out."""


class Decoding(NamedTuple):
    """How scores become decisions."""

    shifts: tuple[int, ...] = (0,)
    """Semitones by which the notes are moved; the scores are the mean."""
    ranges: bool = False
    """Whether parts that never reach a pitch in training do not get it."""
    mono: bool = False
    """Whether a part whose key is down gets no other note, as long as another part is free."""
    window: float = 0.0
    """Chord window, in ms, through which the notes come."""


DECODINGS = {
    "the highest score": Decoding(),
    "ranges": Decoding(ranges=True),
    "one note at a time": Decoding(mono=True),
    "ranges, one note at a time": Decoding(ranges=True, mono=True),
    "mean over transpositions": Decoding(shifts=(-3, 0, 3)),
    **{f"through a chord window of {ms} ms": Decoding(window=ms) for ms in (10, 20, 30, 40, 50)},
}


def teacher_is_there(recipe: HistoryRecipe, name: str) -> bool:
    """Return whether the weights of the recipe's teacher are there, if it has one; if not, say so."""
    if not recipe.teacher or (FOLDER / f"{recipe.teacher}.npz").is_file():
        return True
    typer.echo(f"{name}: left out, as there are no weights of {recipe.teacher}")
    return False


def part_ranges(pieces: Sequence[Piece], parts: int) -> np.ndarray:
    """Return which pitches lie within what each part plays in the pieces: bool (parts, 128)."""
    reach = np.zeros((parts, 128), bool)
    for part in range(parts):
        played = np.concatenate([piece.pitch[piece.part == part] for piece in pieces])
        reach[part, played.min() : played.max() + 1] = True
    return reach


@torch.no_grad()
def accuracy(model: HistorySeparator, takes: Sequence[Take], how: Decoding, reach: np.ndarray) -> float:
    """Return the share of the notes that ``model`` gives to their part, on its own decisions.

    ``reach`` is as ``part_ranges`` returns it.
    """
    model.eval()
    batch = make_batch([gathered(take, how.window) for take in takes], model.together)
    count, longest = batch.part.shape
    given = np.full((count, longest), -1, np.int64)
    facts = np.empty((count, fact_count(model.parts)), np.int64)
    rows = np.zeros((count, picked(model.parts, model.chordal)), np.int64)
    shift = torch.tensor(how.shifts).repeat_interleave(count)[:, None]
    state = None
    for i in range(longest):
        step_rows(i, tuple(batch[:5]), given, batch.lengths, model.parts, facts, rows)
        moved = torch.from_numpy(rows).repeat(len(how.shifts), 1)
        moved[:, :1] = (moved[:, :1] + shift).clamp(0, 127)  # all but the pitch is intervals and times
        out, state = model(moved[:, None], state)
        scores = out[:, 0].view(len(how.shifts), count, model.parts).mean(0).numpy()
        if how.ranges:
            scores = _without(scores, ~reach[:, batch.pitch[:, i]].T)
        if how.mono:
            down = facts[:, SINGLES:].reshape(count, -1, model.parts)[:, DOWN] > 0
            scores = _without(scores, down)
        given[:, i] = scores.argmax(1)
    return float((given == batch.part)[batch.part >= 0].mean())


def _without(scores: np.ndarray, ruled_out: np.ndarray) -> np.ndarray:
    """Return the scores with those that are ruled out at the bottom; where all are, as they were."""
    ruled_out = ruled_out & ~ruled_out.all(1, keepdims=True)
    return np.where(ruled_out, scores - 1e6, scores)


def main(
    model: Annotated[str, typer.Option(help="Whose recipe and corpus.")] = "bach-chorale",
    epochs: Annotated[int, typer.Option(help="Epochs of each short run.")] = 60,
    folder: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/ablation"),
    weights: Annotated[
        Path | None, typer.Option(help="Weights of a long run: its ways of deciding are compared.")
    ] = None,
    out: Annotated[Path, typer.Option("--json", help="File of the table.")] = LIVE,
    only: Annotated[list[str] | None, typer.Option(help="Only these lines; may be repeated.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the corpora.")] = None,
) -> None:
    """Measure each line on the validation pieces, written and by hand; what is in the file stays."""
    torch.set_num_threads(1)
    made, corpus = MODELS[model], find_corpus(TRAINABLE[model])
    pieces, split = load_corpus(corpus.key, data=data), load_corpus_split(corpus.key, data=data)
    training, validation = pick(pieces, split.train), pick(pieces, split.validation)
    written = [take_of(piece) for piece in excerpts_of(validation)]
    by_hand = human_takes(written, list(PERTURBATIONS), seed=1)
    reach = part_ranges(training, len(corpus.parts))
    table = read_table(out)

    def note(key: str, trained: Any, how: Decoding, **facts: Any) -> None:
        measured = {
            "accuracy": accuracy(trained, written, how, reach),
            "accuracy_human": accuracy(trained, by_hand, how, reach),
        }
        table[key] = measured | facts
        write_table(out, table)

    full = replace(made.recipe, epochs=epochs, own_full=min(made.recipe.own_full, epochs // 2))
    for name, changes in RECIPES.items():
        key, recipe = f"{model}, {epochs} epochs: {name}", changed(full, changes, model)
        unwanted = not epochs or (only and name not in only) or (changes and recipe == full)
        if key in table or unwanted or not teacher_is_there(recipe, name):
            continue
        path = folder / f"{model}-{name.replace(' ', '-')}-{epochs}.pt"
        run = Run(recipe, len(corpus.parts), made.new_model)
        if path.is_file():
            run.resume(path)
        trained = train(run, training, [*written, *by_hand], path, epoch=made.epoch, measure=measure)
        note(
            key,
            trained,
            Decoding(),
            best_epoch=run.best_epoch,
            changes=changes,
            recipe=asdict(recipe),
            command=f"python -m offline.ablation --model {model} --epochs {epochs} --only '{name}'",
        )
    if weights:
        trained = build_history(load_weights(weights)[0])
        for name, how in DECODINGS.items():
            command = f"python -m offline.ablation --model {model} --epochs 0 --weights {weights}"
            note(f"{model}: {name}", trained, how, decoding=how._asdict(), command=command)


if __name__ == "__main__":
    typer.run(main)
