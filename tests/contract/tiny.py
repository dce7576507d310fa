"""Valid separators of both kinds, small enough to be made for every test."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
Json = dict[str, Any]


def make_graph(opset: int = OPSET, ir_version: int = 8) -> onnx.ModelProto:
    """scores = memory + onehot(pitch mod 4) + bias; memory_next = (memory + onehot) / 2, of 4 parts."""
    i64, f32 = TensorProto.INT64, TensorProto.FLOAT
    nodes = [
        helper.make_node("Mod", ["pitch", "four"], ["part"]),
        helper.make_node("OneHot", ["part", "four", "off_on"], ["hit"], axis=-1),
        helper.make_node("Add", ["memory", "hit"], ["sum"]),
        helper.make_node("Add", ["sum", "bias"], ["biased"]),
        helper.make_node("Add", ["biased", "last"], ["scores"]),
        helper.make_node("Mul", ["sum", "half"], ["memory_next"]),
    ]
    weights = {
        "four": np.array([4], np.int64),
        "off_on": np.array([0, 1], np.float32),
        "half": np.array([0.5], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("pitch", i64, [1]),
            helper.make_tensor_value_info("last", f32, [1, 4]),
            helper.make_tensor_value_info("bias", f32, [1, 4]),
            helper.make_tensor_value_info("memory", f32, [1, 4]),
        ],
        [
            helper.make_tensor_value_info("scores", f32, [1, 4]),
            helper.make_tensor_value_info("memory_next", f32, [1, 4]),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)


def make_manifest() -> Json:
    return {
        "schema": 1,
        "name": "tiny",
        "kind": "separator",
        "summary": "Pitch modulo four, with a memory",
        "version": "1.0",
        "licence": "MIT",
        "graph": {"sha256": "0" * 64, "opset": OPSET},
        "inputs": [
            {
                "name": "pitch",
                "dtype": "int64",
                "shape": [1],
                "source": "pitch",
                "offset": 1,
                "clip": [0, 60],
            },
            {
                "name": "last",
                "dtype": "float32",
                "shape": [1, "parts"],
                "source": "last_pitch",
                "clip": [0, 0],
            },
            {
                "name": "bias",
                "dtype": "float32",
                "shape": [1, 4],
                "source": "parameter",
                "default": [0.25, 0.0],
            },
            {"name": "memory", "dtype": "float32", "shape": [1, 4], "source": "state", "initial": 0.125},
        ],
        "outputs": [
            {"name": "scores", "dtype": "float32", "shape": [1, "parts"], "role": "scores"},
            {"name": "memory_next", "dtype": "float32", "shape": [1, 4], "role": "state", "feeds": "memory"},
        ],
        "training": {"corpus": "none", "licence": "none", "split": "none", "command": "none"},
        "metrics": {"accuracy": 0.25},
        "parts": ["Soprano", "Alto", "Tenor", "Bass"],
    }


def make_any_parts() -> tuple[onnx.ModelProto, Json]:
    """scores = last pitch of each part, for any number of parts; no state."""
    parts = [
        helper.make_tensor_value_info("last", TensorProto.FLOAT, ["n"]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n"]),
    ]
    graph = helper.make_graph([helper.make_node("Neg", ["last"], ["scores"])], "any", parts[:1], parts[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    manifest = make_manifest() | {
        "name": "any",
        "parts": [],
        "inputs": [{"name": "last", "dtype": "float32", "shape": ["parts"], "source": "last_pitch"}],
        "outputs": [{"name": "scores", "dtype": "float32", "shape": ["parts"], "role": "scores"}],
    }
    return model, manifest


def make_sequence(parts: int | str = 4) -> tuple[onnx.ModelProto, Json]:
    """scores of note i = onehot(pitch modulo 4) + its duration / 100 + bias, of 4 parts; reads all notes.

    The mean pitch of the piece is added to all scores, so that each depends on every note.
    """
    i64, f32 = TensorProto.INT64, TensorProto.FLOAT
    nodes = [
        helper.make_node("Mod", ["pitch", "four"], ["part"]),
        helper.make_node("OneHot", ["part", "four", "off_on"], ["hit"], axis=-1),
        helper.make_node("Mul", ["duration", "hundredth"], ["length"]),
        helper.make_node("Add", ["hit", "length"], ["long"]),
        helper.make_node("Cast", ["pitch"], ["real"], to=f32),
        helper.make_node("ReduceMean", ["real"], ["mean"], keepdims=1),
        helper.make_node("Add", ["long", "mean"], ["whole"]),
        helper.make_node("Add", ["whole", "bias"], ["scores"]),
    ]
    weights = {
        "four": np.array([4], np.int64),
        "off_on": np.array([0, 1], np.float32),
        "hundredth": np.array([0.01], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "sequence",
        [
            helper.make_tensor_value_info("pitch", i64, ["n"]),
            helper.make_tensor_value_info("duration", f32, ["n", 1]),
            helper.make_tensor_value_info("bias", f32, [4]),
        ],
        [helper.make_tensor_value_info("scores", f32, ["n", parts])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    manifest = make_manifest() | {
        "name": "whole",
        "kind": "sequence-separator",
        "inputs": [
            {"name": "pitch", "dtype": "int64", "shape": ["notes"], "source": "pitch", "clip": [0, 127]},
            {
                "name": "duration",
                "dtype": "float32",
                "shape": ["notes", 1],
                "source": "duration",
                "offset": -1,
                "clip": [0, 96],
            },
            {"name": "bias", "dtype": "float32", "shape": [4], "source": "parameter", "default": [0.0]},
        ],
        "outputs": [{"name": "scores", "dtype": "float32", "shape": ["notes", "parts"], "role": "scores"}],
    }
    return model, manifest


def write_plugin(folder: Path, manifest: Json, graph: bytes, *, hashed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if hashed:
        manifest["graph"]["sha256"] = hashlib.sha256(graph).hexdigest()
    (folder / "model.onnx").write_bytes(graph)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "README.md").write_text("# A tiny separator\n")
    return folder
