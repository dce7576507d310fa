"""What ONNX graphs of many small integer steps are written with."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from offline.graph import GraphBuilder


class Ops(GraphBuilder):
    """A graph of many small integer steps, written as expressions of names."""

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant under a name of this graph: a loop's body sees the names around it."""
        return super().constant(f"{self.name}_{name}", value)

    def add(self, op: str, inputs: Sequence[str], name: str = "", **attributes) -> str:
        """Add an operator with one output, as the base class; its name is of this graph too."""
        return super().add(op, inputs, name or f"{self.name}_{op.lower()}_{len(self.nodes)}", **attributes)

    def whole(self, value: int) -> str:
        """Return a constant of one number, int64 (1,)."""
        return self._known(f"number_{value}", np.array(value, np.int64))

    def axes(self, *values: int) -> str:
        """Return a constant list of int64."""
        return self._known("list_" + "_".join(map(str, values)), np.array(values, np.int64))

    def _known(self, name: str, value: np.ndarray) -> str:
        """Return the constant of this name, which is added once."""
        if all(tensor.name != f"{self.name}_{name}" for tensor in self.constants):
            self.constant(name, value)
        return f"{self.name}_{name}"

    def cast(self, x: str, to: int = TensorProto.INT64) -> str:
        """Return ``x`` as numbers of another type."""
        return self.add("Cast", [x], to=to)

    def all(self, *masks: str) -> str:
        """Return the conjunction of masks."""
        out = masks[0]
        for mask in masks[1:]:
            out = self.add("And", [out, mask])
        return out

    def clip(self, x: str, low: int, high: int) -> str:
        """Return ``x`` within ``low`` and ``high``."""
        return self.add("Max", [self.add("Min", [x, self.whole(high)]), self.whole(low)])

    def count(self, x: str, edges: Sequence[int]) -> str:
        """Return how many of ``edges`` each element reaches."""
        reached = [self.cast(self.add("GreaterOrEqual", [x, self.whole(edge)])) for edge in edges]
        return reached[0] if len(reached) == 1 else self.sum(*reached)

    def sum(self, first: str, *others: str) -> str:
        """Return a sum, term by term: it takes the memory of two terms."""
        for other in others:
            first = self.add("Add", [first, other])
        return first

    def times(self, x: str, factor: int) -> str:
        """Return ``x`` times ``factor``."""
        return self.add("Mul", [x, self.whole(factor)])

    def unsqueeze(self, x: str, *axes: int) -> str:
        """Return ``x`` with new axes of one element."""
        return self.add("Unsqueeze", [x, self.axes(*axes)])

    def body(self) -> onnx.GraphProto:
        """Return the graph as the body of a loop, which keeps its constants."""
        return helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)


def linear(g: Ops, weights: Mapping[str, np.ndarray], name: str, x: str, mark: str = "") -> str:
    """Add the layer ``name`` on ``x``; return its output. ``mark`` begins the names of its constants."""
    weight = g.constant(f"{mark}{name}_weight", weights[f"{name}.weight"].T)
    bias = g.constant(f"{mark}{name}_bias", weights[f"{name}.bias"])
    return g.add("Add", [g.add("MatMul", [x, weight]), bias])
