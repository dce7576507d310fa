"""Checkpoints of a training run: written whole or not at all, refused when another recipe made them."""

import os
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: Path, recipe: Any, state: Mapping[str, Any]) -> None:
    """Write ``state`` and the recipe (a dataclass); a run killed while writing keeps the checkpoint before.

    Raises:
        OSError: the file can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save({"recipe": asdict(recipe), **state}, part)
    os.replace(part, path)


def load_checkpoint(path: Path, recipe: Any, *, may_change: Collection[str] = ()) -> dict[str, Any]:
    """Return what was saved with this recipe, its tensors on the processor.

    What the recipe has that the saved one has not counts as unchanged, and so do the names in ``may_change``.

    Raises:
        ValueError: the checkpoint is damaged, or of another recipe.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        theirs = state["recipe"]
    except Exception as error:  # unpickling raises many kinds
        raise ValueError(f"{path} can't be read ({error}); train again without --resume") from error
    mine = {name: value for name, value in asdict(recipe).items() if name not in may_change}
    if other := [name for name in mine if theirs.get(name, mine[name]) != mine[name]]:
        raise ValueError(
            f"{path} was made with another {', '.join(other)}; "
            "give the same options as then, or train again without --resume"
        )
    return state
