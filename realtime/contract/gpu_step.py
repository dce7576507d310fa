"""A step of a continuation's graph on a GPU, with all that it reads and writes at fixed addresses there.

A step is some eighty kernels of a few microseconds each, so each copy and each call counts: what changes goes
there in one copy, and all addresses are told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.contract.continuation import CODES, SCORES
from realtime.contract.tensors import resolve

if TYPE_CHECKING:
    import onnxruntime


class GpuStep:
    """``count`` rows in, their scores out.

    Args:
        session: of the graph.
        names: the graph's inputs by what they are told: rows, places, last and total.
        scores: the name of the output that is the scores.
        past: the buffers of the past, by the name of the input, and the output that each of them feeds.
        count: rows of each run.
        context: rows that the past has room for.
        device: where the past is.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        names: Mapping[str, str],
        scores: str,
        past: Mapping[str, tuple[Any, str]],
        count: int,
        context: int,
        device: str,
    ):
        import onnxruntime

        self._session, self._past = session, past
        # One array for all that changes, so that one copy brings it there: rows, their places, the last one.
        self._told = np.zeros(count * (len(CODES) + 1) + 1, np.int64)
        split = count * len(CODES)
        self._rows, self._places = self._told[:split].reshape(count, -1), self._told[split:-1]
        self._inputs = onnxruntime.OrtValue.ortvalue_from_numpy(self._told, device, 0)
        # The most there may be: the GPU reads how many there are from the last place, the processor this.
        self._total = np.array(context, np.int32)
        shape = resolve(SCORES[1], 1, rows=count)
        self._scores = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32), device, 0)
        self._binding = session.io_binding()
        start, word = self._inputs.data_ptr(), self._told.itemsize
        for source, dtype, shape, offset in (
            ("rows", np.int64, (1, *self._rows.shape), 0),
            ("places", np.int64, (1, count), split),
            ("last", np.int32, (1,), len(self._told) - 1),
        ):
            self._binding.bind_input(names[source], device, 0, dtype, shape, start + offset * word)
        self._binding.bind_input(names["total"], "cpu", 0, np.int32, (), self._total.ctypes.data)
        self._binding.bind_ortvalue_output(scores, self._scores)
        for name, (value, fed) in past.items():
            self._binding.bind_ortvalue_input(name, value)
            self._binding.bind_ortvalue_output(fed, value)

    def run(self, rows: np.ndarray, begin: int) -> np.ndarray:
        """Take ``rows``, int64 (count, 6), as those from place ``begin`` on; return float32 (count, 502)."""
        self._rows[:] = rows
        self._places[:] = np.arange(begin, begin + len(rows))
        self._told[-1] = begin + len(rows) - 1  # its lower half is the int32 that is asked for
        self._inputs.update_inplace(self._told)
        self._session.run_with_iobinding(self._binding)
        return self._scores.numpy()[0]
