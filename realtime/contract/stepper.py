"""A separator stepped note by note from Python: the plain reference for the compiled path.

Evaluation, verification and the benchmark's Python column use it. It holds the GIL between steps and
allocates small objects, so it has no place on the audio thread.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realtime.contract.features import FEATURES
from realtime.contract.kinds import SEPARATOR
from realtime.contract.manifest import Input
from realtime.contract.plugin import Plugin
from realtime.contract.session import check_use, fill_parameters, graph_error, open_session
from realtime.contract.tensors import DTYPES, resolve, state_values


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a feature's value goes: ``values`` is a flat view of the input's buffer."""

    feature: str
    single: bool
    values: np.ndarray
    offset: int
    low: float
    high: float


class Stepper:
    """The graph of ``plugin`` for ``parts`` parts, with its recurrent state.

    Buffers are made once. Each state has two that take turns as input and output of the graph.
    ``parameters`` maps a parameter input's name to its values; one that is shorter than the tensor repeats
    its last value, one that is not given takes its default.

    Raises:
        PluginError: ONNX Runtime refuses the graph.
        ValueError: a plugin of another kind, or a number of parts or a parameter that it does not take.
        ImportError: ONNX Runtime is not installed.
    """

    def __init__(
        self, plugin: Plugin, parts: int, parameters: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        manifest = plugin.manifest
        check_use(plugin, SEPARATOR, parts)
        self.plugin = plugin
        self.parts = parts
        self._slots: list[_Slot] = []
        self._states: list[tuple[np.ndarray, float]] = []
        state_pairs: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        buffers = fill_parameters(plugin, parts, parameters or {})
        for tensor in manifest.inputs:
            if tensor.source == "state":
                pair = (state_values(tensor, parts), state_values(tensor, parts))
                state_pairs[tensor.name] = pair
                self._states.append((pair[0], tensor.initial))
            elif tensor.source != "parameter":
                buffers[tensor.name] = buffer = np.zeros(resolve(tensor.shape, parts), DTYPES[tensor.dtype])
                self._slots.append(_slot(tensor, buffer))
        self._session = open_session(plugin)
        scores = next(output for output in manifest.outputs if output.role == "scores")
        self._scores = np.zeros(resolve(scores.shape, parts), np.float32)
        self._bindings = []
        for now, after in ((0, 1), (1, 0)):
            binding = self._session.io_binding()
            for name, buffer in buffers.items():
                _bind(binding.bind_input, name, buffer)
            for name, pair in state_pairs.items():
                _bind(binding.bind_input, name, pair[now])
            for output in manifest.outputs:
                feeds = output.feeds
                _bind(binding.bind_output, output.name, state_pairs[feeds][after] if feeds else self._scores)
            self._bindings.append(binding)
        self._kept = (buffers, state_pairs)  # the bindings hold bare pointers into them
        self._turn = 0

    def reset(self) -> None:
        """Forget every note: each state takes its initial value again."""
        for buffer, initial in self._states:
            buffer.fill(initial)
        self._turn = 0  # the turn in which these buffers are the input

    def step(self, features: Mapping[str, int | Sequence[int] | np.ndarray]) -> np.ndarray:
        """Return the scores of the parts for one note, and move the state on.

        ``features`` maps names of ``FEATURES`` to a number, or to as many numbers as the feature has (for
        those that are per part, ``parts``); features that the graph does not ask for are ignored. The
        result is float32 of shape (parts,), a copy that later steps leave alone.

        Raises:
            ValueError: a feature that the graph asks for is missing or has the wrong length.
            PluginError: the graph fails; the state is then as before the step.
        """
        for slot in self._slots:
            self._write(slot, features)
        try:
            self._session.run_with_iobinding(self._bindings[self._turn])
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise graph_error(self.plugin, error) from error
        self._turn = 1 - self._turn if self._states else 0
        return self._scores.reshape(-1).copy()

    def _write(self, slot: _Slot, features: Mapping[str, int | Sequence[int] | np.ndarray]) -> None:
        name = self.plugin.manifest.name
        if slot.feature not in features:
            raise ValueError(
                f"plugin {name} needs the feature {slot.feature!r}: {FEATURES[slot.feature].meaning}"
            )
        value = features[slot.feature]
        values = (value,) if isinstance(value, (int, np.integer)) else value
        if len(values) != slot.values.size or slot.single is (values is value):
            wanted = "one number" if slot.single else f"{slot.values.size} numbers"
            raise ValueError(f"plugin {name}: feature {slot.feature!r} takes {wanted}, not {value}")
        # Plain Python, for these few numbers, is faster than NumPy's clip; integers stay integers.
        slot.values[:] = [min(max(number + slot.offset, slot.low), slot.high) for number in values]


def _slot(tensor: Input, buffer: np.ndarray) -> _Slot:
    low, high = tensor.clip or (-math.inf, math.inf)
    single = FEATURES[tensor.source].size == 1
    return _Slot(tensor.source, single, buffer.reshape(-1), tensor.offset, low, high)


def _bind(bind: Callable[..., None], name: str, buffer: np.ndarray) -> None:
    bind(name, "cpu", 0, buffer.dtype.type, buffer.shape, buffer.ctypes.data)
