"""The most probable labels of a whole piece by beam search, where decisions may wait for what follows.

Several ways to label the notes so far are carried on side by side; ways that agree in what the parts last
played are one. The scores are the mean over some transpositions of the piece: what a note is to the others
stays.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numba import njit
from torch import Tensor

from offline.score import Piece
from offline.whole.model import WholeSeparator, make_batch
from offline.whole.past import NEVER, PART_FACTS, play_note, rows_of

WAYS = 8
"""Ways that are carried on, and half of those that are compared at each note."""
SHIFTS = (-3, 0, 3)
"""Semitones by which the piece is moved."""
LOST = np.float32(-1e9)
LIFT = np.float32(1e-3)
"""By how much the score of a label that was chosen for what follows is put above all others."""


@njit(cache=True)
def _all_rows(i, onset, pitch, duration, last, parts, rows):
    for way in range(len(last)):
        rows_of(i, onset, pitch, duration, last[way], parts, rows[way])


@njit(cache=True)
def _advance(i, onset, pitch, duration, totals, last, parents, chosen, best):
    """Keep the best ways after note ``i``; write their parents, the parts they chose, and their totals."""
    ways, parts = totals.shape
    order = np.argsort(-totals.ravel(), kind="mergesort")[: 2 * ways]
    kept = np.empty((len(order), parts, 4), np.int64)
    count = 0
    for candidate in order:
        way, part = candidate // parts, candidate % parts
        kept[count] = last[way]
        play_note(i, onset, pitch, duration, part, kept[count])
        new = True
        for other in range(count):
            new = new and not (kept[other] == kept[count]).all()
        if new and count < ways:
            parents[count], chosen[count], best[count] = way, part, totals[way, part]
            count += 1
    for rest in range(count, ways):
        parents[rest], chosen[rest], best[rest] = parents[0], chosen[0], LOST
        kept[rest] = kept[0]
    last[:] = kept[:ways]
    best -= best[0]


def read_shifted(model: WholeSeparator, piece: Piece, shifts: Sequence[int]) -> Tensor:
    """Return what is known of each note in each transposition, float32 (shifts, notes, width)."""
    moved = [replace(piece, pitch=(piece.pitch + shift).clip(0, 127)) for shift in shifts]
    batch = make_batch([piece])
    rows = batch.rows.expand(len(shifts), -1, -1).clone()
    rows[:, :, 0] = torch.from_numpy(np.stack([each.pitch for each in moved]))
    return model.read(rows, np.full(len(shifts), len(piece)))


@torch.no_grad()
def search(
    model: WholeSeparator, piece: Piece, ways: int = WAYS, shifts: Sequence[int] = SHIFTS
) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of a piece, int64 (notes,), and scores of which they are the highest (notes, parts).

    The scores are the logarithms of each part's probability given the labels before; where another label was
    chosen for what follows, its score is raised.
    """
    model.eval()
    n, parts = len(piece), model.parts
    context = read_shifted(model, piece, shifts)
    columns = piece.onset, piece.pitch, piece.duration
    last = np.full((ways, parts, 4), NEVER)
    total = np.full(ways, LOST, np.float32)
    total[0] = 0.0
    rows = np.zeros((ways, parts * PART_FACTS), np.int64)
    parents, chosen = (np.zeros((n, ways), np.int64) for _ in range(2))
    chances = np.zeros((n, ways, parts), np.float32)
    for i in range(n):
        _all_rows(i, *columns, last, parts, rows)
        scores = model.decide(context[:, i, None], torch.from_numpy(rows)[None]).mean(0)
        chances[i] = scores.log_softmax(1).numpy()
        _advance(i, *columns, total[:, None] + chances[i], last, parents[i], chosen[i], total)
    labels, scores = np.empty(n, np.int64), np.empty((n, parts), np.float32)
    way = 0
    for i in range(n - 1, -1, -1):
        labels[i], way = chosen[i, way], parents[i, way]
        scores[i] = chances[i, way]
        highest = scores[i].max()
        if scores[i, labels[i]] < highest:
            scores[i, labels[i]] = highest + LIFT
    return labels, scores
