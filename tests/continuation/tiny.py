"""A continuation with weights of chance, small enough to be made for every test."""

from pathlib import Path

import torch

from offline.mmt.export import VARIANTS, About, export_continuation
from offline.mmt.model import MODEL_SIZES, MultitrackTransformer
from realtime.contract.manifest import Training

NAME = "tiny-continuation"


def tiny_plugin(
    folder: Path, seed: int = 0, size: str = "tiny", variants: tuple[str, ...] = VARIANTS
) -> Path:
    """Write the plugin to a folder in ``folder`` and return that folder; its context is 128 rows."""
    torch.manual_seed(seed)
    model = MultitrackTransformer(MODEL_SIZES[size]).eval()
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    about = About(NAME, "Weights of chance", Training("none", "none", "none", "none"))
    return export_continuation(weights, MODEL_SIZES[size], about, folder, variants=variants)
