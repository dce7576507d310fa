"""From a plugin to the engine's tables: buffers, OrtValues and names, all made before it plays."""

import ctypes
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from realtime.contract.features import FEATURES
from realtime.contract.kinds import SEPARATOR
from realtime.contract.plugin import Plugin
from realtime.contract.tensors import parameter_values, resolve, state_values
from realtime.engine.codes import PARTS, SEPARATORS, TENSORS, Sync
from realtime.engine.inference import DTYPES
from realtime.host.runtime import Runtime

ANY = np.iinfo(np.int64)
LAST_STEP_SECONDS, LOOK_SECONDS = 3.0, 0.001
"""How long the separators' thread may still run one whose slot has been left, and how often we look."""


class WholePieceError(ValueError):
    """A separator that can't be asked note by note; the message names it and says what to do."""


@dataclass
class Loaded:
    """A separator in the engine's tables, and the memory that those tables point to."""

    plugin: Plugin
    index: int
    parts: int
    key: tuple = ()
    """What it was loaded for: name, number of parts, parameters."""
    keep: list[Any] = field(default_factory=list)
    values: list[ctypes.c_void_p] = field(default_factory=list)
    """OrtValues to give back."""


class SeparatorBank:
    """Loads separators for an engine's state and times one step of each, so that deadlines can be judged."""

    def __init__(self, state: np.void) -> None:
        self.state = state
        self.loaded: dict[int, Loaded] = {}
        """By number; the latest that was asked for comes last."""
        self._runtime: Runtime | None = None

    @property
    def runtime(self) -> Runtime:
        """ONNX Runtime, loaded when the first separator is."""
        if self._runtime is None:
            self._runtime = Runtime()
            self.state["ort_run"] = self._runtime.address("Run")
            self.state["ort_release_status"] = self._runtime.address("ReleaseStatus")
        return self._runtime

    def load(self, plugin: Plugin, parts: int, parameters: Mapping[str, Sequence[float]]) -> Loaded:
        """Put a plugin into a free place of the engine's tables, if it is not in one already.

        Where there is none, the one that has longest not been asked for, and serves no ensemble, makes room.

        Args:
            plugin: a checked plugin.
            parts: number of parts where the plugin takes any number.
            parameters: values for its parameter inputs, by name.

        Raises:
            WholePieceError: it takes whole pieces only.
            ValueError: an unknown parameter, a graph that ONNX Runtime refuses, or there is no place.
        """
        manifest = plugin.manifest
        if manifest.kind != SEPARATOR:
            raise WholePieceError(
                f"separator {manifest.name} takes whole pieces only: use concertino render --mode offline"
            )
        known = {i.name for i in manifest.inputs if i.source == "parameter"}
        if unknown := sorted(set(parameters) - known):
            allowed = ", ".join(sorted(known)) or "none"
            raise ValueError(f"separator {manifest.name} has no parameter {unknown[0]!r} (it has: {allowed})")
        parts = len(manifest.parts) or parts
        key = (manifest.name, parts, tuple(sorted((k, tuple(v)) for k, v in parameters.items())))
        loaded = next((each for each in self.loaded.values() if each.key == key), None)
        if loaded is None:
            loaded = Loaded(plugin, self._free(), parts, key)
            self._fill(loaded, parameters)
        self.loaded.pop(loaded.index, None)
        self.loaded[loaded.index] = loaded
        return loaded

    def _free(self) -> int:
        """Return a free place, made if need be."""
        for index in range(SEPARATORS):
            if index not in self.loaded:
                return index
        state = self.state
        serving = set(state["slot_separator"][state["slot_parts"] > 0].tolist())
        index = next((index for index in self.loaded if index not in serving), None)
        if index is None:
            raise ValueError(f"at most {SEPARATORS} separators can be loaded at once")
        if not self._is_left():
            raise ValueError("the separator that has to make room is still busy: try again")
        self._release(self.loaded.pop(index))
        return index

    def _is_left(self) -> bool:
        """Wait until the separators' thread runs none that no slot has; return whether it is so."""
        sync, deadline = self.state["sync"], time.monotonic() + LAST_STEP_SECONDS
        answered_before = int(sync[8 * Sync.ANSWERED])
        while time.monotonic() < deadline:
            answered = int(sync[8 * Sync.ANSWERED])
            # It may run one without being asked, to keep it warm; what it runs after that is what plays now.
            looked_anew = sync[8 * Sync.ASLEEP] or answered > answered_before or not self.state["threaded"]
            if looked_anew and answered >= int(self.state["awaited"]):
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def _release(self, loaded: Loaded) -> None:
        for value in loaded.values:
            self.runtime.release("ReleaseValue", value)
        self.runtime.release("ReleaseSession", ctypes.c_void_p(int(self.state["session"][loaded.index])))
        self.state["session"][loaded.index] = 0

    def _fill(self, loaded: Loaded, parameters: Mapping[str, Sequence[float]]) -> None:
        state, index, manifest = self.state, loaded.index, loaded.plugin.manifest
        if max(len(manifest.inputs), len(manifest.outputs)) > TENSORS or loaded.parts > PARTS:
            raise ValueError(f"separator {manifest.name}: at most {TENSORS} tensors and {PARTS} parts")
        session = self.runtime.session(loaded.plugin.graph_path)
        arrays: dict[str, np.ndarray] = {}
        for place, tensor in enumerate(manifest.inputs):
            if tensor.source == "parameter":
                array = parameter_values(tensor, loaded.parts, parameters.get(tensor.name))
            elif tensor.source == "state":
                array = state_values(tensor, loaded.parts)
            else:
                array = np.zeros(resolve(tensor.shape, loaded.parts), tensor.dtype)
            arrays[tensor.name] = array
            feature = FEATURES.get(tensor.source)
            low, high = tensor.clip or (ANY.min, ANY.max)
            state["input_code"][index, place] = feature.code if feature else -1
            state["input_address"][index, place] = array.ctypes.data
            state["input_dtype"][index, place] = DTYPES[tensor.dtype]
            state["input_offset"][index, place] = tensor.offset
            state["input_low"][index, place], state["input_high"][index, place] = low, high
        outputs = [np.zeros(resolve(t.shape, loaded.parts), t.dtype) for t in manifest.outputs]
        states = 0
        for tensor, array in zip(manifest.outputs, outputs, strict=True):
            if tensor.role == "scores":
                state["scores"][index] = array.ctypes.data
                continue
            fed = arrays[tensor.feeds or ""]
            initial = fed.copy()
            state["state_from"][index, states] = array.ctypes.data
            state["state_to"][index, states] = fed.ctypes.data
            state["state_initial"][index, states] = initial.ctypes.data
            state["state_bytes"][index, states] = fed.nbytes
            states += 1
            loaded.keep.append(initial)
        inputs = [arrays[t.name] for t in manifest.inputs]
        state["state_count"][index] = states
        state["session"][index] = session.value
        state["separator_parts"][index] = loaded.parts
        state["separator_resolution"][index] = manifest.resolution
        for kind, tensors, given in (
            ("input", manifest.inputs, inputs),
            ("output", manifest.outputs, outputs),
        ):
            names = (ctypes.c_char_p * len(tensors))(*(t.name.encode() for t in tensors))
            tensor_values = [self.runtime.tensor(a) for a in given]
            values = (ctypes.c_void_p * len(tensors))(*(v.value for v in tensor_values))
            loaded.values += tensor_values
            state[f"{kind}_names"][index] = ctypes.addressof(names)
            state[f"{kind}_values"][index] = ctypes.addressof(values)
            state[f"{kind}_count"][index] = len(tensors)
            loaded.keep += [names, values, *given]
