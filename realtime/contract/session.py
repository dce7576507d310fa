"""A plugin's graph in ONNX Runtime's Python module, and what every way of running it checks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from realtime.contract.error import PluginError, one_line
from realtime.contract.kinds import KINDS
from realtime.contract.plugin import Plugin
from realtime.contract.tensors import MAX_PARTS, parameter_values

if TYPE_CHECKING:
    import onnxruntime

MISSING_RUNTIME = "ONNX Runtime is not installed: install 'concertino[cpu]' or 'concertino[gpu]'"


def check_use(plugin: Plugin, kind: str, parts: int) -> None:
    """Check that ``plugin`` is of this kind and serves this number of parts.

    Raises:
        ValueError: it is not, or does not.
    """
    manifest = plugin.manifest
    if manifest.kind != kind:
        raise ValueError(
            f"plugin {manifest.name} takes {KINDS[manifest.kind].meaning}, not {KINDS[kind].meaning}"
        )
    known = manifest.parts
    if known and parts != len(known):
        raise ValueError(
            f"plugin {manifest.name} serves {len(known)} parts ({', '.join(known)}), not {parts}:"
            " choose an ensemble of that size"
        )
    if not 1 <= parts <= MAX_PARTS:
        raise ValueError(f"plugin {manifest.name} serves 1 to {MAX_PARTS} parts, not {parts}")


def fill_parameters(
    plugin: Plugin, parts: int, parameters: Mapping[str, Sequence[float]]
) -> dict[str, np.ndarray]:
    """Return the parameter inputs of ``plugin`` by name, filled from ``parameters`` or their defaults.

    Raises:
        ValueError: a parameter that the plugin does not take, or wrong values of one.
    """
    tensors = {tensor.name: tensor for tensor in plugin.manifest.inputs if tensor.source == "parameter"}
    filled = {name: parameter_values(tensor, parts, parameters.get(name)) for name, tensor in tensors.items()}
    for name in parameters:
        if name not in tensors:
            known = ", ".join(tensors) or "none"
            raise ValueError(f"plugin {plugin.manifest.name}: no parameter {name!r}; it has: {known}")
    return filled


def open_session(plugin: Plugin) -> onnxruntime.InferenceSession:
    """Return a session of the plugin's graph, of one thread on the CPU.

    Raises:
        PluginError: ONNX Runtime refuses the graph.
        ImportError: ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(MISSING_RUNTIME) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what fails is raised, and told in one sentence
    try:
        # On the CPU even where there is a GPU: this is the reference that others are compared with.
        return onnxruntime.InferenceSession(
            str(plugin.graph_path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors have no common base of their own
        raise graph_error(plugin, error) from error


def graph_error(plugin: Plugin, error: Exception) -> PluginError:
    """Return what ONNX Runtime said, as the contract's error."""
    reason = one_line(str(error))[:300]
    return PluginError(
        plugin.manifest.name, "graph.file", f"ONNX Runtime refuses it ({reason}); export the graph again"
    )
