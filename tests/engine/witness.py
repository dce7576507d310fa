"""A separator that remembers what it is told, and that can be slow, wrong or broken when a note asks for it.

Its state holds what it saw at each step, the latest first. Its favourite label is the pitch modulo 4. A
velocity above 100 costs time; some pitches bring scores or steps that the engine must survive.
"""

import ctypes
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.contract.tiny import OPSET, Json, make_manifest, write_plugin

NAME = "witness"
SCALARS = ("pitch", "velocity", "position", "beat", "tick", "chord_index", "since_note")
PER_PART = (
    "last_pitch",
    "chord_last_pitch",
    "sounding",
    "down",
    "since_onset",
    "since_release",
    "since_pitch",
    "nearest_pitch",
)
FOURS = (*PER_PART, "chord_above")
"""Features of four values: the separator has four labels, and a chord tells four notes ahead."""
LABELS = ("Soprano", "Alto", "Tenor", "Bass")
REMEMBERED = 96
UNSEEN = -99.0
PREFERENCE = 10.0
"""Score of the favourite label; the others have 0."""
NOT_A_NUMBER, ALL_RULED_OUT, INFINITE, FAILS = 0, 1, 2, 127
"""Pitches that ask for trouble."""
QUICK = 100
"""Highest velocity that costs no time."""
SIDE, ROUNDS = 256, 24
"""Multiplications of matrices of this side for each velocity above ``QUICK``: some 10 ms."""

F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def make_graph() -> onnx.ModelProto:
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["before", "turn"], ["after"]),
            helper.make_node("Identity", ["going"], ["still"]),
        ],
        "round",
        [
            helper.make_tensor_value_info("count", I64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", F32, [SIDE, SIDE]),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", F32, [SIDE, SIDE]),
        ],
    )
    node = helper.make_node
    nodes = [
        # What was seen.
        node("Concat", [*SCALARS, *FOURS], ["row"], axis=0),
        node("Unsqueeze", ["row", "zero"], ["newest"]),
        node("Slice", ["seen", "zero", "older"], ["kept"]),
        node("Concat", ["newest", "kept"], ["seen_next"], axis=0),
        # The favourite label.
        node("Cast", ["pitch"], ["key"], to=I64),
        node("Mod", ["key", "four"], ["label"]),
        node("OneHot", ["label", "four", "off_on"], ["favourite"], axis=-1),
        # Time.
        node("Cast", ["velocity"], ["force"], to=I64),
        node("Sub", ["force", "quick"], ["above"]),
        node("Max", ["above", "zero"], ["paid"]),
        node("Mul", ["paid", "rounds"], ["trips"]),
        node("Squeeze", ["trips"], ["trip_count"]),
        node("Loop", ["trip_count", "", "turn"], ["turned"], body=body),
        node("ReduceMax", ["turned"], ["largest"], keepdims=0),
        node("Mul", ["largest", "nothing"], ["no_score"]),
        # Trouble.
        node("Sub", ["pitch", "one"], ["above_one"]),
        node("Log", ["above_one"], ["log"]),
        node("Min", ["log", "nothing"], ["ruled_out"]),
        node("Sub", ["pitch", "two"], ["above_two"]),
        node("Reciprocal", ["above_two"], ["inverse"]),
        node("Sub", ["inverse", "two"], ["rarely"]),
        node("Max", ["rarely", "nothing"], ["infinite"]),
        node("Gather", ["short", "key"], ["looked_up"]),
        node("Sum", ["favourite", "no_score", "ruled_out", "infinite", "looked_up"], ["score_row"]),
        node("Reshape", ["score_row", "four"], ["scores"]),
    ]
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(SIDE, SIDE)))
    weights = {
        "zero": np.array([0], np.int64),
        "older": np.array([REMEMBERED - 1], np.int64),
        "four": np.array([4], np.int64),
        "off_on": np.array([0, PREFERENCE], np.float32),
        "quick": np.array([QUICK], np.int64),
        "rounds": np.array([ROUNDS], np.int64),
        "turn": turn.astype(np.float32),
        "nothing": np.array([0], np.float32),
        "one": np.array([1], np.float32),
        "two": np.array([2], np.float32),
        "short": np.zeros(FAILS, np.float32),
    }
    columns = len(SCALARS) + 4 * len(FOURS)
    graph = helper.make_graph(
        nodes,
        NAME,
        [
            *(helper.make_tensor_value_info(name, F32, [1]) for name in SCALARS),
            *(helper.make_tensor_value_info(name, F32, [4]) for name in FOURS),
            helper.make_tensor_value_info("seen", F32, [REMEMBERED, columns]),
        ],
        [
            helper.make_tensor_value_info("scores", F32, [4]),
            helper.make_tensor_value_info("seen_next", F32, [REMEMBERED, columns]),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def make_witness_manifest(name: str, resolution: int) -> Json:
    columns = len(SCALARS) + 4 * len(FOURS)
    seen = {"dtype": "float32", "shape": [REMEMBERED, columns]}
    return make_manifest() | {
        "name": name,
        "resolution": resolution,
        "parts": list(LABELS),
        "inputs": [
            *({"name": name, "dtype": "float32", "shape": [1], "source": name} for name in SCALARS),
            *({"name": name, "dtype": "float32", "shape": ["parts"], "source": name} for name in PER_PART),
            {"name": "chord_above", "dtype": "float32", "shape": [4], "source": "chord_above"},
            {"name": "seen", "source": "state", "initial": UNSEEN} | seen,
        ],
        "outputs": [
            {"name": "scores", "dtype": "float32", "shape": ["parts"], "role": "scores"},
            {"name": "seen_next", "role": "state", "feeds": "seen"} | seen,
        ],
    }


def write_witness(library: Path, name: str = NAME, resolution: int = 24) -> Path:
    """Write the plugin into a library's folder."""
    return write_plugin(
        library / name, make_witness_manifest(name, resolution), make_graph().SerializeToString()
    )


def seen_by(state: np.void, separator: int = 0) -> list[dict[str, int | list[int]]]:
    """Return what the witness has seen since its last restart, in order, straight from its carried state."""
    columns = len(SCALARS) + 4 * len(FOURS)
    memory = (ctypes.c_float * (REMEMBERED * columns)).from_address(int(state["state_to"][separator, 0]))
    table = np.frombuffer(memory, np.float32).reshape(REMEMBERED, columns)
    found: list[dict[str, int | list[int]]] = []
    for row in table[::-1]:
        if row[0] == UNSEEN:
            continue
        values = [int(value) for value in row]
        one = dict(zip(SCALARS, values, strict=False))
        rest = values[len(SCALARS) :]
        found.append(one | {name: rest[4 * i : 4 * i + 4] for i, name in enumerate(FOURS)})
    return found
