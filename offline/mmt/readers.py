"""A trained model to be measured: a plugin's graph as the host runs it, or weights in PyTorch."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from offline.mmt.generation import Reader
from offline.mmt.model import MultitrackTransformer, parameter_count
from offline.mmt.representations import REPRESENTATIONS, Representation
from offline.mmt.settings import settings_in
from offline.mmt.trained import CHECKPOINT, build, read_trained
from realtime.contract.library import find_plugin
from realtime.contract.plugin import Plugin
from realtime.contract.row_stepper import RowStepper
from realtime.music.mmt.representation import Rows

WEIGHTS = (".npz", CHECKPOINT)


class Model(Protocol):
    """Gives scores of what comes after rows."""

    name: str
    context: int
    parameters: int | None
    """None where nobody says."""
    form: Representation
    settings: dict[str, Any]
    """Of ``Sampling``: those that were chosen for the model."""

    def scores(self, rows: Rows) -> np.ndarray:
        """Return the scores after each of the rows of a piece, (rows, 502); forgets what was read before."""
        ...

    def read(self, rows: Rows) -> np.ndarray:
        """Take the next rows of the music that is read; return the scores of what comes next, (502,)."""
        ...

    def reset(self) -> None:
        """Forget all rows."""
        ...


class GraphModel:
    """A variant of a plugin's graph, by ONNX Runtime."""

    def __init__(self, plugin: Plugin, variant: str, threads: int = 1):
        self._stepper = RowStepper(plugin, variant, threads)
        self._past, self._length = self._stepper.past(), 0
        self.name, self.context = f"{plugin.manifest.name} ({variant})", self._stepper.context
        parameters = plugin.manifest.metrics.get("parameters")
        self.parameters = None if parameters is None else int(parameters)
        self.form = REPRESENTATIONS["mmt"]
        self.settings = settings_in(plugin.manifest.metrics)

    def scores(self, rows: Rows) -> np.ndarray:
        """Return the scores after each of the rows of a piece."""
        self.reset()
        return self._stepper.run(self._past, rows, 0)

    def read(self, rows: Rows) -> np.ndarray:
        """Return the scores of what comes after ``rows``."""
        self._length += len(rows)
        return self._stepper.run(self._past, rows, self._length - len(rows))[-1]

    def reset(self) -> None:
        """Forget all rows."""
        self._length = 0


class TorchModel:
    """A model in PyTorch."""

    def __init__(self, model: MultitrackTransformer, form: Representation, name: str):
        self.model, self.form = model.eval(), form
        self.name, self.context = name, model.size.context
        self.parameters: int | None = parameter_count(model)
        self.settings: dict[str, Any] = {}
        self._reader = Reader(self.model)

    @torch.inference_mode()
    def scores(self, rows: Rows) -> np.ndarray:
        """Return the scores after each of the rows of a piece."""
        self.reset()
        return self.model(torch.from_numpy(rows)[None])[0].float().numpy()

    def read(self, rows: Rows) -> np.ndarray:
        """Return the scores of what comes after ``rows``."""
        return self._reader.read(rows)

    def reset(self) -> None:
        """Forget all rows."""
        self._reader = Reader(self.model)


def open_model(name: str, variant: str = "int8", threads: int = 1) -> Model:
    """Return a plugin's model by its name, or that of a run's weights or checkpoint by its file.

    Raises:
        ValueError: there is none, or it is no continuation, or has no such variant.
        PluginError: the plugin is broken.
    """
    if name.endswith(WEIGHTS):
        torch.set_num_threads(threads)
        weights, facts = read_trained(Path(name))
        return TorchModel(*build(weights, facts), name)
    return GraphModel(find_plugin(name), variant, threads)
