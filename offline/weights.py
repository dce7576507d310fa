"""Trained weights as a small file that needs no torch to be read, with the facts of the run that made it."""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import nn

FOLDER = Path(__file__).with_name("weights")
"""Where the weights of the separators that ship are kept."""
FACTS = "facts"


def save_weights(path: Path, weights: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write named float32 arrays and JSON-like ``facts`` to ``path`` (.npz), as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        arrays: dict[str, Any] = {FACTS: np.array(json.dumps(facts)), **weights}
        np.savez_compressed(file, **arrays)
    os.replace(part, path)


def load_weights(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the facts in ``path``.

    Raises:
        ValueError: the file is missing, or holds no weights.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        return arrays, json.loads(str(arrays.pop(FACTS)))
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist; train first, or give --weights another file") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} holds no trained weights ({error}); train again") from error


def model_weights(model: "nn.Module") -> dict[str, np.ndarray]:
    """Return the model's weights by their names, float32."""
    return {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}
