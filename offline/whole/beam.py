"""The most probable labels of a whole piece by beam search, where decisions may wait for what follows.

Several ways to label the notes so far are carried on side by side; ways that agree in what the parts last
played are one. The scores are the mean over some transpositions of the piece: what a note is to the others
stays.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from torch import Tensor

from offline.score import Piece
from offline.whole.model import Batch, Decider, make_batch
from offline.whole.past import NEVER, PART_FACTS, play_note, rows_of

WAYS = 8
"""Ways that are carried on, and half of those that are compared at each note."""
SHIFTS = (-3, 0, 3)
"""Semitones by which the piece is moved."""
TOGETHER, READ = 150_000, 1 << 13
"""Notes, when padded, that are searched at a time, and that are read at a time."""
LOST = np.float32(-1e9)
LIFT = np.float32(1e-3)
"""By how much the score of a label that was chosen for what follows is put above all others."""


@njit(cache=True)
def _all_rows(i, onset, pitch, duration, lengths, last, parts, rows):
    for b in range(len(rows)):
        n = lengths[b]
        for way in range(rows.shape[1]):
            rows_of(i, onset[b, :n], pitch[b, :n], duration[b, :n], last[b, way], parts, rows[b, way])


@njit(cache=True)
def _advance(i, columns, totals, last, parents, chosen, best):
    """Keep the best ways after note ``i``; write their parents, the parts they chose, and their totals."""
    ways, parts = totals.shape
    onset, pitch, duration = columns
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


@njit(cache=True)
def _advance_all(i, onset, pitch, duration, totals, last, parents, chosen, best):
    for b in range(len(totals)):
        columns = onset[b], pitch[b], duration[b]
        _advance(i, columns, totals[b], last[b], parents[b, i], chosen[b, i], best[b])


def read_shifted(model: Decider, batch: Batch, shifts: Sequence[int]) -> Tensor:
    """Return what is known of each note in each transposition, float32 (longest, pieces, shifts, width)."""
    rows = batch.rows[:, None].repeat(1, len(shifts), 1, 1)
    rows[..., 0] = (rows[..., 0] + torch.tensor(shifts)[:, None]).clamp(0, 127)  # the rest is intervals
    known = model.read(rows.flatten(0, 1), batch.lengths.repeat(len(shifts)))
    return known.unflatten(0, (-1, len(shifts))).permute(2, 0, 1, 3)


def side_by_side(lengths: Sequence[int], most: int) -> list[range]:
    """Return ranges of pieces, of which the longest come first, that are of ``most`` notes when padded."""
    found, first = [], 0
    while first < len(lengths):
        last = min(len(lengths), first + max(1, most // max(1, lengths[first])))
        found.append(range(first, last))
        first = last
    return found


def search_all(
    model: Decider, pieces: Sequence[Piece], ways: int = WAYS, shifts: Sequence[int] = SHIFTS
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each piece, the labels, int64 (notes,), and scores of which they are the highest.

    The scores, float32 (notes, parts), are the logarithms of each part's probability given the labels before;
    where another label was chosen for what follows, its score is raised.
    """
    model.eval()
    order = sorted(range(len(pieces)), key=lambda place: -len(pieces[place]))
    found: list = [None] * len(pieces)
    for few in side_by_side([len(pieces[place]) for place in order], TOGETHER):
        places = order[few.start : few.stop]
        together = _search_together(model, [pieces[place] for place in places], ways, shifts)
        for place, labelled in zip(places, together, strict=True):
            found[place] = labelled
    return found


@torch.no_grad()
def _search_together(
    model: Decider, pieces: Sequence[Piece], ways: int, shifts: Sequence[int]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return labels and scores of pieces, of which the longest come first."""
    batch, parts = make_batch(pieces), model.parts
    columns, lengths = (batch.onset, batch.pitch, batch.duration), batch.lengths
    count, longest = batch.part.shape
    context = torch.zeros(longest, count, len(shifts), model.known)
    for few in side_by_side(lengths.tolist(), READ):  # reading takes more memory than what is read
        read = make_batch(pieces[few.start : few.stop])
        context[: len(read.part[0]), few.start : few.stop] = read_shifted(model, read, shifts)
    last = np.full((count, ways, parts, 4), NEVER)
    total = np.full((count, ways), LOST, np.float32)
    total[:, 0] = 0.0
    rows = np.zeros((count, ways, parts * PART_FACTS), np.int64)
    parents, chosen = (np.zeros((count, longest, ways), np.int64) for _ in range(2))
    chances = np.zeros((count, longest, ways, parts), np.float32)
    for i in range(longest):
        k = int((lengths > i).sum())  # the longest come first: these go on
        _all_rows(i, *columns, lengths, last, parts, rows[:k])
        scores = model.decide(context[i, :k, :, None], torch.from_numpy(rows[:k])[:, None]).mean(1)
        chances[:k, i] = scores.log_softmax(2).numpy()
        _advance_all(
            i, *columns, total[:k, :, None] + chances[:k, i], last[:k], parents[:k], chosen[:k], total[:k]
        )
    return [_way_back(parents[b, :n], chosen[b], chances[b]) for b, n in enumerate(lengths)]


@njit(cache=True)
def _way_back(parents, chosen, chances):
    """Return labels and scores of a piece along its best way."""
    n, parts = len(parents), chances.shape[2]
    labels, scores = np.empty(n, np.int64), np.empty((n, parts), np.float32)
    way = 0
    for i in range(n - 1, -1, -1):
        labels[i], way = chosen[i, way], parents[i, way]
        scores[i] = chances[i, way]
        highest = scores[i].max()
        if scores[i, labels[i]] < highest:
            scores[i, labels[i]] = highest + LIFT
    return labels, scores


def search(
    model: Decider, piece: Piece, ways: int = WAYS, shifts: Sequence[int] = SHIFTS
) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of one piece and the scores, as ``search_all``."""
    return search_all(model, [piece], ways, shifts)[0]
