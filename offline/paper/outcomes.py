"""What was decided of a corpus's test pieces, measured, with how the network came about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch

from offline.evaluation import measure_labels
from offline.paper.deciding import Decide
from offline.paper.hands import under_hands
from offline.paper.music import Music
from offline.paper.results import Outcome

MEASURED = ("accuracy", "balanced_accuracy", "soundness", "completeness", "notes", "pieces", "confusion")


def measured(
    decide: Decide,
    music: Music,
    facts: Mapping[str, Any],
    seed: int,
    device: torch.device | str = "cpu",
    *,
    human: bool = False,
) -> Outcome:
    """Return the outcome of what ``decide`` gives the test pieces; ``facts`` are those of the training.

    ``human``: under a player's hands too.
    """
    found = measure_labels(decide(music.test), [piece.part for piece in music.test], music.names)
    device, made_by = torch.device(device), f"concertino {version('concertino')}, torch {torch.__version__}"
    if device.type == "cuda":
        made_by += f", cuda {torch.cuda.get_device_name(device)}"
    return Outcome(
        **{name: getattr(found, name) for name in MEASURED},
        **facts,
        seed=seed,
        version=made_by,
        date=datetime.now(UTC).date().isoformat(),
        human=under_hands(decide, music.test, music.names) if human else None,
    )
