"""The model that is timed: one that is installed, or one of a published size with weights of chance.

How long a step takes does not depend on what was learned: a size can be timed before anyone has trained it.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from realtime.contract.kinds import CONTINUATION
from realtime.contract.library import find_plugin
from realtime.contract.plugin import Plugin, load_plugin
from realtime.music.mmt.representation import BEAT

SHIPPED = "mmt"
FULL = "full"
BEATS_BIAS = f"scores.{BEAT}.bias"
BEAT_SLOPE = 2.0
"""What a beat farther costs in the scores of weights of chance: some seven notes are drawn to a beat."""
NEEDED = {"int8": ("fp32", "int8"), "int4": ("fp32", "int4")}
"""Variants whose ranges are measured with another one."""


class Timed(NamedTuple):
    """A model to be timed."""

    plugin: Plugin
    size: str
    """``installed``, or the size that was asked for."""
    parameters: int | None
    """Numbers in it; None where the plugin does not say."""

    @property
    def library(self) -> str:
        """The folder that holds it: for ``CONCERTINO_MODELS``."""
        return str(self.plugin.folder.parent)


def find_timed(name: str | None, size: str, variant: str, folder: Path) -> Timed:
    """Return the model called ``name``, or one of ``size`` with weights of chance, made in ``folder``.

    Raises:
        ValueError: there is no such model or size, or it can't be made here.
        OSError: it can't be written.
    """
    if name is None:
        return make_timed(size, variant, folder)
    plugin = find_plugin(name)
    if plugin.manifest.kind != CONTINUATION:
        raise ValueError(f"model {name} can't go on from music: it is a {plugin.manifest.kind}")
    return Timed(plugin, "installed", None)


def make_timed(size: str, variant: str, folder: Path) -> Timed:
    """Write a model of a size with weights of chance into ``folder``.

    Raises:
        ValueError: there is no such size or variant, or what makes it is not installed.
    """
    try:
        import torch

        from offline.mmt.export import About, export_continuation
        from offline.mmt.model import MODEL_SIZES, MultitrackTransformer
        from realtime.contract.manifest import Training
    except ImportError as error:
        raise ValueError(
            f"a model of the size {size!r} is made with what 'concertino[offline]' installs ({error}):"
            f" install it, or measure an installed model with --model {SHIPPED}"
        ) from None
    if size not in MODEL_SIZES:
        raise ValueError(f"there is no size {size!r}: choose {', '.join(MODEL_SIZES)}")
    torch.manual_seed(0)
    model = MultitrackTransformer(MODEL_SIZES[size]).eval()
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    # A later beat is less likely: else the model would pause most of the time, and have nothing to do.
    weights[BEATS_BIAS] = -BEAT_SLOPE * np.arange(len(weights[BEATS_BIAS]), dtype=np.float32)
    about = About(f"chance-{size}", "Weights of chance", Training("none", "none", "none", "none"))
    variants = NEEDED.get(variant, (variant,))
    made = export_continuation(weights, MODEL_SIZES[size], about, folder, variants=variants)
    parameters = sum(value.numel() for value in model.parameters())
    return Timed(load_plugin(made), size, parameters)
