"""What each idea of the separator of whole pieces is worth: short runs, measured on the validation pieces.

Each line of the table changes one thing: ``python -m offline.whole.ablation --help``.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from offline.ablation_table import WHOLE, changed, read_table, write_table
from offline.corpora.load import load_corpus, load_corpus_split
from offline.score import Piece
from offline.split import pick
from offline.training import Run, train
from offline.weights import load_weights
from offline.whole.beam import SHIFTS, WAYS, search_all
from offline.whole.model import heads, measure
from offline.whole.plugin import build_whole
from offline.whole.training import WholeRecipe, new_whole_model, train_whole_epoch, written_and_by_hand

RECIPES: dict[str, dict[str, Any]] = {
    "all": {},
    "not told the past": {"told": False},
    "read from the start only": {"both_ways": False},
    "only true pasts in training": {"own": 0.0, "damage": 0.0},
    "no transpositions in training": {"augmentation.transpositions": (0, 0)},
    "some played by hand in training": {"human": 0.25},
    "three that decide together": {"members": 3},
    "no thinning in training": {"augmentation.thinned": 0.0, "augmentation.solo": 0.0},
}
"""What each line changes in the recipe."""
DECODINGS: dict[str, dict[str, Any]] = {
    "argmax, note by note": {"ways": 1, "shifts": (0,)},
    "beam": {"ways": WAYS, "shifts": (0,)},
    "beam and transpositions": {"ways": WAYS, "shifts": SHIFTS},
    "beam of 32": {"ways": 32, "shifts": (0,)},
}


def accuracy(model: Any, pieces: list[Piece], **decoding: Any) -> float:
    """Return the share of the notes that :func:`offline.whole.beam.search_all` labels right."""
    found = np.concatenate([labels for labels, _ in search_all(model, pieces, **decoding)])
    true = np.concatenate([piece.part for piece in pieces])
    return float((found == true)[true >= 0].mean())


def main(
    epochs: Annotated[int, typer.Option(help="Epochs of each short run.")] = 30,
    corpus: Annotated[str, typer.Option(help="Key of the corpus.")] = "bach",
    folder: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/whole-ablation"),
    weights: Annotated[
        Path | None, typer.Option(help="Weights of a long run: their decodings are compared.")
    ] = None,
    out: Annotated[Path, typer.Option("--json", help="File of the table.")] = WHOLE,
    only: Annotated[list[str] | None, typer.Option(help="Only these lines; may be repeated.")] = None,
) -> None:
    """Measure each line on the validation pieces; what is in the file already is not run again."""
    torch.set_num_threads(1)
    pieces, split = load_corpus(corpus), load_corpus_split(corpus)
    training, validation = pick(pieces, split.train), pick(pieces, split.validation)
    by_hand = written_and_by_hand(validation)[len(validation) :]
    table = read_table(out)
    for name, changes in RECIPES.items():
        key = f"{name}, {epochs} epochs"
        if key in table or not epochs or (only and name not in only):
            continue
        recipe = changed(replace(WholeRecipe(), epochs=epochs), changes)
        path = folder / f"{corpus}-{name.replace(' ', '-')}-{epochs}.pt"
        run = Run(recipe, len({*np.concatenate([p.part for p in training]).tolist()}), new_whole_model)
        if path.is_file():
            run.resume(path)
        model = train(run, training, heads(validation), path, epoch=train_whole_epoch, measure=measure)
        table[key] = {
            "accuracy": accuracy(model, validation, ways=1, shifts=(0,)),
            "accuracy_beam": accuracy(model, validation, ways=WAYS, shifts=(0,)),
            "accuracy_human": accuracy(model, by_hand, ways=WAYS, shifts=(0,)),
            "best_epoch": run.best_epoch,
            "changes": changes,
            "recipe": asdict(recipe),
            "command": f"python -m offline.whole.ablation --epochs {epochs} --only '{name}'",
        }
        write_table(out, table)
    if weights:
        model = build_whole(load_weights(weights)[0])
        for name, decoding in DECODINGS.items():
            table[f"{weights.stem}: {name}"] = {
                "accuracy": accuracy(model, validation, **decoding),
                "accuracy_human": accuracy(model, by_hand, **decoding),
                "decoding": decoding,
                "command": f"python -m offline.whole.ablation --weights {weights}",
            }
        write_table(out, table)


if __name__ == "__main__":
    typer.run(main)
