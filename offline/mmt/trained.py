"""Trained weights of a continuation: from a run's checkpoint or file, to the file that ships."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from offline.mmt.model import MODEL_SIZES, MultitrackTransformer
from offline.mmt.representations import REPRESENTATIONS, Representation
from offline.weights import load_weights, save_weights

CHECKPOINT = ".pt"
Weights = dict[str, np.ndarray]


def read_trained(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Return the best weights in a run's checkpoint or in a file of weights, float32, and the run's facts.

    Raises:
        ValueError: the file is missing, damaged, or of another kind.
    """
    arrays, facts = _from_checkpoint(path) if path.suffix == CHECKPOINT else load_weights(path)
    if not isinstance(facts.get("recipe"), dict) or facts["recipe"].get("size") not in MODEL_SIZES:
        raise ValueError(f"{path} holds no weights of a continuation; give those of a run that made some")
    return single(arrays), facts


def _from_checkpoint(path: Path) -> tuple[Weights, dict[str, Any]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        facts = {"recipe": state["recipe"], "step": state["step"], "best_step": state["best_step"]}
        facts["validation_loss"] = state["best_loss"]
        return {name: value.numpy() for name, value in state["best_weights"].items()}, facts
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist; train first, or give another file") from None
    except (OSError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no checkpoint ({error}); train again") from error


def single(weights: Mapping[str, np.ndarray]) -> Weights:
    """Return the weights as 32-bit floats, which is what is computed with."""
    return {name: np.asarray(value).astype(np.float32) for name, value in weights.items()}


def halved(weights: Mapping[str, np.ndarray]) -> Weights:
    """Return the weights as the file that ships keeps them: rounded to 16-bit floats."""
    return {name: np.asarray(value).astype(np.float16) for name, value in weights.items()}


def keep(path: Path, weights: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write the file that ships: half as large as a run's own."""
    save_weights(path, halved(weights), facts)


def build(
    weights: Mapping[str, np.ndarray], facts: Mapping[str, Any]
) -> tuple[MultitrackTransformer, Representation]:
    """Return the model with these weights, ready to score, and what it reads.

    Raises:
        ValueError: the weights are those of another model than the facts say.
    """
    recipe = facts["recipe"]
    form = REPRESENTATIONS[recipe.get("representation", "mmt")]
    model = MultitrackTransformer(MODEL_SIZES[recipe["size"]], codes=form.codes)
    try:
        model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    except RuntimeError as error:
        raise ValueError(f"these are no weights of the size {recipe['size']!r} ({error})") from error
    return model.eval(), form
