"""Sizes and values of the tensors that a manifest declares, once the number of parts is known."""

import math
from collections.abc import Sequence

import numpy as np

from realtime.contract.manifest import Dim, Dtype, Input, Output

DTYPES: dict[Dtype, type[np.generic]] = {
    "float32": np.float32,
    "float16": np.float16,
    "int64": np.int64,
    "int32": np.int32,
    "int8": np.int8,
}

MAX_PARTS = 16
"""As many as MIDI has channels."""


def resolve(shape: Sequence[Dim], parts: int, notes: int = 1, rows: int = 1) -> tuple[int, ...]:
    """Return ``shape`` with every ``"parts"``, ``"notes"`` and ``"rows"`` replaced by their numbers."""
    numbers = {"parts": parts, "notes": notes, "rows": rows}
    return tuple(numbers[dim] if isinstance(dim, str) else dim for dim in shape)


def element_count(tensor: Input | Output, parts: int) -> int:
    """Return how many elements ``tensor`` has with ``parts`` parts, for one note; 1 for a scalar."""
    return math.prod(resolve(tensor.shape, parts))


def state_values(tensor: Input, parts: int) -> np.ndarray:
    """Return a state input before the first note: its shape and dtype, each element ``initial``."""
    return np.full(resolve(tensor.shape, parts), tensor.initial, DTYPES[tensor.dtype])


def parameter_values(tensor: Input, parts: int, given: Sequence[float] | None = None) -> np.ndarray:
    """Return a parameter input filled in its shape and dtype, from ``given`` or else from its default.

    Where the tensor is longer than its values, the last one repeats. A default that is longer than the
    tensor (whose size may depend on the parts) is cut; values given by a user must fit.

    Raises:
        ValueError: ``given`` is empty, too long, not finite, has fractions where the dtype takes none, or a
            value outside the tensor's clip.
    """
    count = element_count(tensor, parts)
    values = tensor.default[:count] if given is None else tuple(given)
    if not 0 < len(values) <= count:
        raise ValueError(f"parameter {tensor.name!r} takes 1 to {count} values, not {len(values)}")
    low, high = tensor.clip or (-math.inf, math.inf)
    for value in values:
        if not fits(value, tensor.dtype):
            raise ValueError(f"parameter {tensor.name!r} cannot take {value}: give {tensor.dtype} numbers")
        if not low <= value <= high:
            raise ValueError(f"parameter {tensor.name!r} cannot take {value:g}: give {low} to {high}")
    filled = np.empty(count, DTYPES[tensor.dtype])
    filled[: len(values)] = values
    filled[len(values) :] = values[-1]
    return filled.reshape(resolve(tensor.shape, parts))


def fits(value: float, dtype: Dtype) -> bool:
    """Return whether ``dtype`` can hold ``value``: finite and in range, and whole for integers."""
    if dtype in ("float32", "float16"):
        return math.isfinite(value) and abs(value) <= float(np.finfo(dtype).max)
    limits = np.iinfo(dtype)
    return math.isfinite(value) and value == int(value) and limits.min <= int(value) <= limits.max
