"""The cells of the paper's tables under the protocol ``--human`` of :mod:`offline.human`."""

from collections.abc import Sequence

import numpy as np

from offline.evaluation import counted, measure_human
from offline.paper.deciding import Decide
from offline.score import Piece
from offline.take import Take, take_of


def under_hands(decide: Decide, pieces: Sequence[Piece], names: Sequence[str]) -> dict[str, float]:
    """Return the accuracy of what ``decide`` gives, under each perturbation by its name and under ``all``.

    ``written`` is that of the same presses as written, as ``offline.evaluation.evaluate_human`` has it.
    """
    return measure_human(lambda takes: label_takes(decide, takes), list(map(take_of, pieces)), names, ())


def label_takes(decide: Decide, takes: Sequence[Take]) -> list[np.ndarray]:
    """Return the part of each note of each take, int64 (notes,) each.

    What is decided by ticks hears a take as the host counts it, at the take's tempo, be that right or not.
    Hints and oracles are told the truth of it; of notes that are nobody's there is none.
    """
    told = [counted(take) for take in takes]
    pieces = [
        Piece(take.name, notes.tick, notes.pitch, notes.duration, take.part[notes.order])
        for take, notes in zip(takes, told, strict=True)
    ]
    found = []
    for labels, notes in zip(decide(pieces), told, strict=True):
        found.append(np.empty_like(labels))
        found[-1][notes.order] = labels
    return found
