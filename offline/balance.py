"""Scores in favour of parts that have few notes, which a trained separator gives too few still.

A network that is in doubt says how often each part plays; a share of that is taken away again (logit
adjustment, Menon et al., ICLR 2021).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from offline.score import Piece

BIAS = "scores.bias"
"""How the names of the weights end that are each part's score before anything is known."""


def evened(weights: Mapping[str, np.ndarray], pieces: Sequence[Piece], share: float) -> dict[str, np.ndarray]:
    """Return the weights with a ``share`` of what parts have in advance taken from their scores.

    ``pieces`` tell how often each plays. A share of 0 changes nothing; with 1 all are equal in advance.
    """
    if not share:
        return dict(weights)
    parts = next(len(value) for name, value in weights.items() if name.endswith(BIAS))
    notes = np.bincount(np.concatenate([piece.part for piece in pieces]), minlength=parts)
    ahead = np.log(np.maximum(notes, 1) / notes.sum())
    return {
        name: (value - share * ahead).astype(value.dtype) if name.endswith(BIAS) else value
        for name, value in weights.items()
    }
