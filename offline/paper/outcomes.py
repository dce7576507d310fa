"""What was decided of a corpus's test pieces, measured, with how the network came about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from offline.evaluation import measure_labels
from offline.paper.music import Music
from offline.paper.results import Outcome

MEASURED = ("accuracy", "balanced_accuracy", "soundness", "completeness", "notes", "pieces")


def measured(
    decided: Sequence[np.ndarray],
    music: Music,
    facts: Mapping[str, Any],
    seed: int,
    device: torch.device | str = "cpu",
) -> Outcome:
    """Return the outcome of the part of each note of each test piece; ``facts`` are those of the training."""
    found = measure_labels(decided, [piece.part for piece in music.test], music.names)
    device, made_by = torch.device(device), f"concertino {version('concertino')}, torch {torch.__version__}"
    if device.type == "cuda":
        made_by += f", cuda {torch.cuda.get_device_name(device)}"
    return Outcome(
        **{name: getattr(found, name) for name in MEASURED},
        **facts,
        seed=seed,
        version=made_by,
        date=datetime.now(UTC).date().isoformat(),
    )
