"""A whole piece scored by a sequence separator: one run of its graph takes all notes."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from realtime.contract.error import PluginError
from realtime.contract.features import SEQUENCE_FEATURES
from realtime.contract.kinds import SEQUENCE_SEPARATOR
from realtime.contract.plugin import Plugin
from realtime.contract.session import check_use, fill_parameters, graph_error, open_session
from realtime.contract.tensors import DTYPES, resolve


class SequenceScorer:
    """The graph of ``plugin`` for ``parts`` parts.

    ``parameters`` is as for ``Stepper``.

    Raises:
        PluginError: ONNX Runtime refuses the graph.
        ValueError: a plugin of another kind, or a number of parts or a parameter that it does not take.
        ImportError: ONNX Runtime is not installed.
    """

    def __init__(
        self, plugin: Plugin, parts: int, parameters: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        check_use(plugin, SEQUENCE_SEPARATOR, parts)
        self.plugin, self.parts = plugin, parts
        self._given = fill_parameters(plugin, parts, parameters or {})
        self._session = open_session(plugin)
        self._scores = next(out.name for out in plugin.manifest.outputs if out.role == "scores")

    def score(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return each part's score of each note: float32, shape (notes, parts).

        ``features`` maps names of ``SEQUENCE_FEATURES`` to a number for each note, shape (notes,), the notes
        in the order of (onset tick, pitch, duration), as ``sequence_features`` makes them; what the graph
        does not ask for is ignored. No notes give no rows, without a run.

        Raises:
            ValueError: a feature that the graph asks for is missing or has another length than the rest.
            PluginError: the graph fails, or gives another number of rows.
        """
        name = self.plugin.manifest.name
        inputs, notes = dict(self._given), len(next(iter(features.values()), ()))
        for tensor in self.plugin.manifest.inputs:
            if tensor.source == "parameter":
                continue
            if tensor.source not in features:
                meaning = SEQUENCE_FEATURES[tensor.source]
                raise ValueError(f"plugin {name} needs the feature {tensor.source!r}: {meaning}")
            values = np.asarray(features[tensor.source])
            if values.shape != (notes,):
                raise ValueError(f"plugin {name}: feature {tensor.source!r} takes {notes} numbers")
            low, high = tensor.clip or (-math.inf, math.inf)
            clipped = np.clip(values + tensor.offset, low, high)
            inputs[tensor.name] = clipped.astype(DTYPES[tensor.dtype]).reshape(
                resolve(tensor.shape, self.parts, notes)
            )
        if notes == 0:
            return np.zeros((0, self.parts), np.float32)
        try:
            scores = np.asarray(self._session.run([self._scores], inputs)[0])
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise graph_error(self.plugin, error) from error
        if scores.shape != (notes, self.parts):
            problem = f"gives scores of shape {list(scores.shape)} for {notes} notes; export the graph again"
            raise PluginError(name, "graph.file", problem)
        return scores
