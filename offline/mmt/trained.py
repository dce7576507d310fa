"""Trained weights of a continuation: from a run's checkpoint or file, to the file that ships."""

import json
import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from offline.mmt.export import file_of
from offline.mmt.graph_reading import weights_in
from offline.mmt.model import MODEL_SIZES, MultitrackTransformer
from offline.mmt.representations import REPRESENTATIONS, Representation
from offline.weights import FOLDER, load_weights
from realtime.contract.kinds import CONTINUATION
from realtime.contract.library import find_plugin

CHECKPOINT = ".pt"
KEPT = "fp16"
"""The variant that keeps the weights."""
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


def keep_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """Write what is known of the run whose weights the 16-bit graph keeps, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    os.replace(part, path)


def read_kept(graph: Path, facts: Path) -> tuple[Weights, dict[str, Any]]:
    """Return the weights in a 16-bit graph that ships, and the facts of the run that made them.

    Raises:
        ValueError: a file is missing or damaged.
    """
    try:
        return weights_in(graph.read_bytes()), json.loads(facts.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{error.filename} does not exist; restore it, or give --weights a file") from None
    except ValueError as error:
        raise ValueError(
            f"{graph} or {facts} is damaged ({error}); restore it from the repository"
        ) from error


def weights_of(name: str, folder: Path = FOLDER) -> tuple[Weights, dict[str, Any]]:
    """Return weights and the facts of their run: those in the file ``name``, or of the model of this name.

    ``folder`` keeps the facts of models that ship.

    Raises:
        ValueError: there are none, or they are damaged.
    """
    path, facts = Path(name), folder / f"{name}.json"
    if path.suffix in (".npz", CHECKPOINT):
        return read_trained(path)
    plugin = find_plugin(name)
    if plugin.manifest.kind != CONTINUATION or not facts.is_file():
        raise ValueError(f"{name} is no continuation whose weights are here; give the weights.npz of a run")
    return read_kept(plugin.folder / file_of(KEPT), facts)


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
