"""Reads rows one after another and says what comes next, with a past that costs nothing to keep or forget."""

import numpy as np

from realtime.contract.plugin import Plugin
from realtime.contract.row_stepper import CPU, RowStepper


class Decoder:
    """The model of a continuation at a place in the music.

    Raises:
        PluginError: ONNX Runtime refuses the graph.
        ValueError: a plugin of another kind, or a variant or a provider that there is not.
        ImportError: ONNX Runtime is not installed.
    """

    def __init__(self, plugin: Plugin, variant: str = "int8", threads: int = 2, provider: str = CPU):
        self._stepper = RowStepper(plugin, variant, threads, provider)
        self._past = self._stepper.past()
        self.context = self._stepper.context
        self.length = 0

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Take ``rows``, int64 (n, 6), after those before; return scores of what comes next, float32 (502,)."""
        scores = self._stepper.run(self._past, rows, self.length)
        self.length += len(rows)
        return scores[-1].copy()

    def rewind(self, length: int) -> None:
        """Forget all rows from ``length`` on."""
        self.length = min(self.length, length)

    def reset(self) -> None:
        """Forget all rows."""
        self.rewind(0)
