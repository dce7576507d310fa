"""Weights out of the 16-bit graph that ships: it is the one file that keeps them."""

from itertools import accumulate, pairwise

import numpy as np
import onnx
from onnx import numpy_helper

from offline.mmt.graph import PARTS, Weights
from realtime.music.mmt.representation import SIZES

LAYER = {
    "attention.out.weight": "out{}",
    "attention.out.bias": "out_bias{}",
    "feed.0.weight": "widen{}",
    "feed.0.bias": "widen_bias{}",
    "feed.3.weight": "narrow{}",
    "feed.3.bias": "narrow_bias{}",
    **{
        f"{norm}.{part}": f"{norm}{{}}_{part}"
        for norm in ("before_attention", "before_feed")
        for part in PARTS
    },
}
"""Names within a layer of the model, each with that of the constant of the graph."""
ASKED = ("queries", "keys", "values")


def rounded(weights: Weights) -> dict[str, np.ndarray]:
    """Return the weights as they come back from a 16-bit graph of them, float32."""
    scale = weights["positions.weight"].shape[1] ** -0.5
    found = {name: np.asarray(value).astype(np.float16).astype(np.float32) for name, value in weights.items()}
    found["positions.weight"] = _positions(
        (weights["positions.weight"].astype(float) * scale).astype(np.float16), scale
    )
    return found


def weights_in(graph: bytes) -> dict[str, np.ndarray]:
    """Return the weights of a model by their names, float32, from a graph of it in 16-bit or 32-bit floats.

    Raises:
        ValueError: it is no such graph.
    """
    try:
        constants = onnx.load_model_from_string(graph).graph.initializer
        told = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in constants}
        return _weights(told)
    except Exception as error:  # protobuf's errors have no common base of their own
        raise ValueError(f"it is no graph of a Multitrack Music Transformer in floats ({error})") from error


def _weights(told: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    ends = [*accumulate(SIZES, initial=0)]
    table, found = told["table"], {}
    for field, (first, last) in enumerate(pairwise(ends)):
        found[f"fields.{field}.weight"] = table[first:last]
        found[f"scores.{field}.weight"] = told["heads"].T[first:last]
        found[f"scores.{field}.bias"] = told["heads_bias"][first:last]
    places = told.get("places_table", table[ends[-1] :])  # on a CPU they are lines of the same table
    found["positions.weight"] = _positions(places, table.shape[1] ** -0.5)
    for layer in range(sum(name.startswith("asked") for name in told)):
        for kind, matrix in zip(ASKED, np.split(told[f"asked{layer}"].T, len(ASKED)), strict=True):
            found[f"layers.{layer}.attention.{kind}.weight"] = matrix
        for name, constant in LAYER.items():
            value = told[constant.format(layer)]
            found[f"layers.{layer}.{name}"] = value.T if value.ndim == 2 else value
    return found | {f"norm.{part}": told[f"last_norm_{part}"] for part in PARTS}


def _positions(scaled: np.ndarray, scale: float) -> np.ndarray:
    """Return the embeddings of places; the graph keeps them scaled."""
    return (scaled.astype(float) / scale).astype(np.float32)
