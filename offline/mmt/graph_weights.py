"""Products of what a step computes with its weights, in the precision of each variant of the graph."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from offline.graph import RUNTIME, GraphBuilder

INT8_ACTIVATIONS = 4
"""Accuracy level of MatMulNBits at which the other operand is rounded to 8 bits too."""
SAFE = 64
"""Largest 8-bit weight: two products with unsigned 8-bit numbers must fit 16 bits, in which processors
without VNNI instructions add them."""


@dataclass(frozen=True)
class Precision:
    """In what numbers a variant computes and remembers."""

    bits: Literal[4, 8, 16, 32]
    """Of a weight: 32 and 16 are floats, fewer are whole numbers with a scale for each output (8) or for each
    ``block`` of an output's inputs (4)."""
    block: int = 0
    cache: Literal["float32", "float16", "int8"] = "float32"
    """Of the keys and values of the past; whole numbers have one scale (see ``graph.even_channels``)."""

    @property
    def dtype(self) -> Literal["float32", "float16"]:
        """What flows between the operators."""
        return "float16" if self.bits == 16 else "float32"


PRECISIONS = {
    "fp32": Precision(32),
    "fp16": Precision(16, cache="float16"),
    "int8": Precision(8, cache="int8"),
    "int4": Precision(4, 64, "int8"),
}
"""By the name of the variant; fp16 is for GPUs."""


def product(
    g: GraphBuilder, x: str, name: str, weight: np.ndarray, precision: Precision, bias: str = ""
) -> str:
    """Add ``x`` times a weight of shape (outputs, inputs), as PyTorch has it, and the bias, if any.

    Returns the name of the result, whose last axis is ``outputs``.
    """
    if precision.bits >= 16:
        matrix = g.constant(name, np.ascontiguousarray(weight.T).astype(precision.dtype))
        y = g.add("MatMul", [x, matrix])
        return g.add("Add", [y, bias]) if bias else y
    outputs, inputs = weight.shape
    if precision.bits == 8:
        scales = np.maximum(np.abs(weight).max(axis=1), 1e-12) / SAFE
        whole = np.rint(weight.T / scales).astype(np.int8)
        one = g.number(f"{name}_one", 1)
        y = g.add("DynamicQuantizeMatMul", [x, g.constant(name, whole), one], domain=RUNTIME)
        # An operator of its own: inside the product, scales by output cost a tenth of the whole step.
        y = g.add("Mul", [y, g.constant(f"{name}_scales", scales.astype(np.float32))])
        return g.add("Add", [y, bias]) if bias else y
    packed, scales = blockwise(weight, precision.block)
    operands = [x, g.constant(name, packed), g.constant(f"{name}_scales", scales)]
    return g.add(
        "MatMulNBits",
        [*operands, "", "", bias] if bias else operands,
        domain=RUNTIME,
        K=inputs,
        N=outputs,
        bits=4,
        block_size=precision.block,
        accuracy_level=INT8_ACTIVATIONS,
    )


def blockwise(weight: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a weight (outputs, inputs) as 4-bit numbers and their scales, as MatMulNBits packs them.

    Each block of ``block`` inputs has one scale, by which its farthest number is -8, the end of the range
    that is one longer. Packed: uint8, (outputs, blocks, block / 2), the lower bits first. Scales: float32,
    (outputs, blocks).
    """
    outputs, inputs = weight.shape
    blocks = -(-inputs // block)
    padded = np.zeros((outputs, blocks * block), np.float32)
    padded[:, :inputs] = weight
    cut = padded.reshape(outputs, blocks, block)
    farthest = np.take_along_axis(cut, np.abs(cut).argmax(2, keepdims=True), 2)
    scales = farthest / -8
    safe = np.where(scales == 0, 1, scales)
    whole = (np.clip(np.rint(cut / safe), -8, 7) + 8).astype(np.uint8)
    return whole[..., 0::2] | whole[..., 1::2] << 4, scales[..., 0].astype(np.float32)
