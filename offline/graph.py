"""Small ONNX graphs, written node by node: the step of the LSTM, and what the rules share.

A step takes one note. Written by hand, it has a third of the nodes that PyTorch's exporter makes of the
same model, and what depends on one small integer alone is looked up instead of computed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
"""The first with LayerNormalization; ONNX Runtime 1.13 and later read it."""
IR_VERSION = 8
DTYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "int8": TensorProto.INT8,
}
RUNTIME = "com.microsoft"
"""Domain of the operators that are ONNX Runtime's own."""


class GraphBuilder:
    """Collects nodes and constants; each operator's outputs are named by the caller or numbered."""

    def __init__(self, name: str):
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        """Declare an input of the graph and return its name."""
        self.inputs.append(helper.make_tensor_value_info(name, DTYPES[dtype], shape))
        return name

    def output(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        """Declare an output of the graph and return its name."""
        self.outputs.append(helper.make_tensor_value_info(name, DTYPES[dtype], shape))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant tensor and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, name: str, value: float) -> str:
        """Add a constant of one float32 and return its name."""
        return self.constant(name, np.array([value], np.float32))

    def add(self, op: str, inputs: Sequence[str], name: str = "", **attributes) -> str:
        """Add an operator with one output and return that output's name."""
        return self.add_many(op, inputs, [name or f"{op.lower()}_{len(self.nodes)}"], **attributes)[0]

    def add_many(self, op: str, inputs: Sequence[str], names: Sequence[str], **attributes) -> Sequence[str]:
        """Add an operator with the named outputs and return their names."""
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names

    def build(self) -> bytes:
        """Return the checked model as bytes."""
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)
        own = [helper.make_opsetid(RUNTIME, 1)] if any(n.domain == RUNTIME for n in self.nodes) else []
        model = helper.make_model(
            graph,
            producer_name="concertino",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET), *own],
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)


def lstm_step(weights: Mapping[str, np.ndarray], hints: int = 0) -> bytes:
    """Return the graph of one step of :class:`offline.lstm.LSTMSeparator` with these weights.

    Inputs: ``pitch``, ``position``, ``beat`` (int64, shape (1,)) and the states ``h0``, ``c0``, ``h1`` ...
    (float32, (1, units)); with ``hints`` also ``hints`` (float32, (1, hints)), which the first layer takes
    after all else. Outputs: ``scores`` (float32, (1, parts)) and ``next_h0``, ``next_c0`` ...

    Pitch and position reach the first layer through a table each, of embedding, frequency, weights and
    biases multiplied out; the beat's table would be 8 MB that way, so its 16 numbers are looked up and
    multiplied. Row 0 of the pitches is padding, which no note played is. Each layer is one Gemm of its
    input beside its state, with the four gates side by side.
    """
    from offline.lstm import beat_table, frequency_table

    layers = sum(name.startswith("lstm.") and name.endswith("weight_ih_l0") for name in weights)
    units = weights["norm.0.weight"].shape[0]
    parts = weights["scores.bias"].shape[0]
    width = weights["position.weight"].shape[1]
    g = GraphBuilder("lstm_step")
    for name in ("pitch", "position", "beat"):
        g.input(name, "int64", [1])
    g.output("scores", "float32", [1, parts])
    sizes = {
        "three_gates": g.constant("three_gates", np.array([3 * units, units])),
        "gates": g.constant("gates", np.array([units] * 3)),
    }
    ones, x = g.constant("one", np.ones(units, np.float32)), ""
    zeros = g.constant("zero", np.zeros(units, np.float32))
    scale, shift = np.ones(0), np.zeros(0)  # of the layer norm before: multiplied into the next weights
    for layer in range(layers):
        h = g.input(f"h{layer}", "float32", [1, units])
        c = g.input(f"c{layer}", "float32", [1, units])
        enter, recur, bias = _gates_last(weights, layer)
        if layer == 0:
            beat_rows = slice(2 * width, 3 * width)
            pitches = np.concatenate([weights["pitch.weight"], frequency_table().numpy()], axis=1).astype(
                float
            )
            by_pitch = pitches @ np.concatenate([enter[:width], enter[3 * width : 3 * width + 1]]) + bias
            by_position = weights["position.weight"].astype(float) @ enter[width : 2 * width]
            bias_name = g.add(
                "Add",
                [
                    g.add("Gather", [_table(g, "pitch_table", by_pitch[1:]), "pitch"]),
                    g.add("Gather", [_table(g, "position_table", by_position), "position"]),
                ],
            )
            x = g.add("Gather", [_table(g, "beat_table", beat_table(width).numpy()), "beat"])
            if hints:
                x = g.add("Concat", [x, g.input("hints", "float32", [1, hints])], axis=1)
            enter = np.concatenate([enter[beat_rows], enter[3 * width + 1 :]])
        else:
            bias_name = _table(g, f"bias{layer}", bias + shift @ enter)
            enter = scale[:, None] * enter
        weight = _table(g, f"weight{layer}", np.concatenate([enter, recur]))
        z = g.add("Gemm", [g.add("Concat", [x, h], axis=1), weight, bias_name])
        three, fresh = g.add_many(
            "Split", [z, sizes["three_gates"]], [f"ifo{layer}", f"fresh{layer}"], axis=1
        )
        gates = g.add_many(
            "Split",
            [g.add("Sigmoid", [three]), sizes["gates"]],
            [f"in{layer}", f"forget{layer}", f"out{layer}"],
            axis=1,
        )
        kept, written = g.add("Mul", [gates[1], c]), g.add("Mul", [gates[0], g.add("Tanh", [fresh])])
        cell = g.add("Add", [kept, written], f"next_c{layer}")
        hidden = g.add("Mul", [gates[2], g.add("Tanh", [cell])], f"next_h{layer}")
        for name in (hidden, cell):
            g.output(name, "float32", [1, units])
        x = g.add("LayerNormalization", [hidden, ones, zeros], epsilon=1e-3, axis=-1)
        scale, shift = (
            weights[f"norm.{layer}.weight"].astype(float),
            weights[f"norm.{layer}.bias"].astype(float),
        )
    last = weights["scores.weight"].T.astype(float)
    weight = _table(g, "scores_weight", scale[:, None] * last)
    g.add("Gemm", [x, weight, _table(g, "scores_bias", weights["scores.bias"] + shift @ last)], "scores")
    return g.build()


def _table(g: GraphBuilder, name: str, value: np.ndarray) -> str:
    return g.constant(name, value.astype(np.float32))


def _gates_last(weights: Mapping[str, np.ndarray], layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return input weights (inputs, 4 units), recurrent weights and bias; gates: in, forget, out, new."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    # float64, since folding multiplies and adds what the model rounds to float32 at each step
    ih, hh, bias, more = (weights[f"lstm.{layer}.{name}"].astype(float) for name in names)
    units = len(bias) // 4
    order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]  # PyTorch: i, f, g, o
    return ih[order].T, hh[order].T, (bias + more)[order]
