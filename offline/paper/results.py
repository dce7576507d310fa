"""What the cells of the paper's tables came to: one JSON file per corpus, written whole or not at all."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("results")
"""The committed results."""


@dataclass(frozen=True)
class Outcome:
    """One cell, measured on the whole test pieces of one corpus."""

    accuracy: float
    balanced_accuracy: float
    soundness: float
    completeness: float
    notes: int
    pieces: int
    steps: int
    """Budget of training steps; early stopping may have ended it before. 0 for a rule."""
    best_step: int
    """Step whose weights were kept, by validation loss."""
    validation_accuracy: float | None
    """Of those weights, on an excerpt of each validation piece."""
    seconds: float
    """Spent on training: of processor time; on a GPU of all time, shared by the networks side by side."""
    seed: int
    version: str
    """Of Concertino and of PyTorch, and the GPU, if one was there."""
    date: str
    confusion: dict[str, dict[str, int]] | None = None
    """Notes by their true part, then by the part that they went to."""
    human: dict[str, float] | None = None
    """Accuracy of the same rule or network under each perturbation of ``offline.human``, and under all."""


def read_results(corpus: str, folder: Path = FOLDER) -> dict[str, Outcome]:
    """Return the outcomes of a corpus by cell; none when there is no file.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / f"{corpus}.json"
    try:
        return {key: Outcome(**values) for key, values in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no results ({error}): restore it from the repository") from error


def write_results(corpus: str, outcomes: Mapping[str, Outcome], folder: Path = FOLDER) -> None:
    """Write the outcomes of a corpus; a kill while writing leaves the file as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{corpus}.json"
    part = path.with_suffix(".part")
    text = json.dumps({key: asdict(outcomes[key]) for key in sorted(outcomes)}, indent=1)
    part.write_text(text + "\n", "utf-8")
    os.replace(part, path)
