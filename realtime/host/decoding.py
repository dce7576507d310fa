"""From the scores of a piece's notes to the part of each: ranges, switches and single voices respected.

The scores of a note are turned into logarithms of probabilities over all labels, as live. A part that is
switched off, or does not reach a note, is given it only where no other part suits better; a part of a single
voice is given one note of each chord as long as there are others, and then all notes of a chord are decided
together, at the least cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime.ensembles.schema import Ensemble
from realtime.host.assignment import assign
from realtime.host.piece import Notes

FLOOR = -50.0
"""Lowest logarithm that counts: beyond it a part is as good as ruled out."""
TWICE, OUT_OF_RANGE, SWITCHED_OFF = 1e4, 1e6, 1e8
"""What a note costs on a part that plays another note of its chord, does not reach it, is switched off.

Each is more than whole chords of the lesser one, which is more than a chord of notes at ``FLOOR``.
"""
LARGEST = 32
"""Notes of a chord that are decided together; those of a larger one are decided each by itself."""


@dataclass(frozen=True, eq=False)
class Casting:
    """What an ensemble's parts make of a piece's scores."""

    log_scores: np.ndarray
    """Logarithm of each part's probability, at least ``FLOOR``: float64, shape (notes, parts)."""
    misfit: np.ndarray
    """Cost of a part that can't or may not play the note: float64, shape (notes, parts)."""
    chords: np.ndarray
    """Where each chord starts, and at last the number of notes: int, shape (chords + 1,)."""
    single: np.ndarray
    """Whether a part plays one note at a time: bool, shape (parts,)."""

    def decide(self, lean: np.ndarray | None = None) -> np.ndarray:
        """Return the part of each note: int64, shape (notes,).

        ``lean`` is added to the logarithms of the scores: float64, shape (notes, parts).
        """
        costs = self.misfit - (self.log_scores if lean is None else self.log_scores + lean)
        parts = costs.argmin(axis=1)
        if not self.single.any():
            return parts
        sizes = np.diff(self.chords)
        for chord in np.flatnonzero((sizes > 1) & (sizes <= LARGEST)).tolist():
            here = slice(self.chords[chord], self.chords[chord + 1])
            if (np.bincount(parts[here], minlength=len(self.single))[self.single] > 1).any():
                parts[here] = self._together(costs[here])
        return parts

    def _together(self, costs: np.ndarray) -> np.ndarray:
        """Return the parts of one chord's notes at the least cost, from costs (notes, parts)."""
        notes, parts = costs.shape
        part = np.tile(np.arange(parts), notes)  # every part can be had once for each note
        again = np.repeat(np.arange(notes) > 0, parts) & self.single[part]
        return part[assign(costs[:, part] + TWICE * again)]

    def confidence(self, parts: np.ndarray) -> np.ndarray:
        """Return the probability of each note's part, float64, shape (notes,)."""
        return np.exp(self.log_scores[np.arange(len(parts)), parts])

    def mean_log_score(self, parts: np.ndarray) -> float:
        """Return how convincing these parts are: the mean logarithm of their probabilities."""
        return float(self.log_scores[np.arange(len(parts)), parts].mean())


def cast(
    scores: np.ndarray, labels: Sequence[int], notes: Notes, ensemble: Ensemble, joint: bool = False
) -> Casting:
    """Return what the parts of ``ensemble`` make of ``scores``.

    Args:
        scores: float32, shape (notes, labels).
        labels: the part that plays each label, -1: none.
        notes: of the piece.
        ensemble: whose parts they are.
        joint: whether every part plays one note at a time; else those whose ``voices`` is ``mono``.

    Raises:
        ValueError: a score is NaN or infinite upwards, or a note is ruled out for every label.
    """
    given = scores.astype(np.float64)
    highest = given.max(axis=1, keepdims=True)
    if not np.isfinite(highest).all():
        wrong = int(np.argmin(np.isfinite(highest[:, 0])))
        raise ValueError(f"the separator has no usable score for note {wrong}: choose another")
    log_scores = given - highest - np.log(np.exp(given - highest).sum(axis=1, keepdims=True))
    by_part = np.full((len(given), len(ensemble.parts)), FLOOR)
    for label, part in enumerate(labels):
        if part >= 0:
            by_part[:, part] = np.maximum(log_scores[:, label], FLOOR)
    lowest, highest_key = (
        np.array([getattr(p, name) for p in ensemble.parts]) for name in ("lowest", "highest")
    )
    pitch = notes.pitch[:, None]
    misfit = OUT_OF_RANGE * ((pitch < lowest) | (pitch > highest_key))
    misfit = misfit + SWITCHED_OFF * np.array([not part.plays for part in ensemble.parts])
    single = np.array([joint or part.voices == "mono" for part in ensemble.parts])
    return Casting(by_part, misfit, notes.chords(), single)
