"""The paper's rules: most common label, zones, closest pitch (Dong et al., ISMIR 2021, section 4.4).

They are compared as published, on written pieces. The rules that a host can follow note by note are in
:mod:`offline.rules`.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from offline.rules import best_zones
from offline.score import Piece

BUSY = 99999
"""Cost of a part that still sounds, or has not entered: more than the square of any interval."""


def most_common_part(pieces: Sequence[Piece], parts: int) -> int:
    """Return the part with the most notes."""
    return int(np.bincount(np.concatenate([p.part for p in pieces]), minlength=parts).argmax())


def ordered_zones(pieces: Sequence[Piece], parts: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return (lowest pitch of each zone, part of each zone), high to low, that keep the most notes.

    The optimum over all boundaries and all orders of the parts; of equal ones, the order that comes first.
    """
    notes = Piece(
        "", *(np.concatenate(columns) for columns in zip(*(p.columns for p in pieces), strict=True))
    )
    best = (-1, (0,) * parts, tuple(range(parts)))
    for order in permutations(range(parts)):
        lower = best_zones([replace(notes, part=np.argsort(order)[notes.part])], parts)
        kept = int((zone_parts(notes, lower, order) == notes.part).sum())
        if kept > best[0]:
            best = (kept, lower, order)
    return best[1:]


def zone_parts(piece: Piece, lower: Sequence[int], order: Sequence[int]) -> np.ndarray:
    """Return the part of the first zone that each note reaches, int64 (notes,)."""
    reached = piece.pitch[:, None] >= np.array(lower)[None]
    return np.array(order)[reached.argmax(axis=1)]


def closest_parts(piece: Piece, parts: int, *, mono: bool) -> np.ndarray:
    """Return the part whose last note is closest in pitch, int64 (notes,).

    The first note of each part is told, if it has one. Notes of one onset are decided from the notes before
    it; of equal parts the first is taken. ``mono``: a part that still sounds costs ``BUSY`` more, and the
    notes of an onset go to parts of their own at the least total cost; where they are more than the parts,
    each goes to its closest. Of equal assignments the last is taken.
    """
    heard = np.unique(piece.part[piece.part >= 0])
    entry = {int(part): int(np.flatnonzero(piece.part == part)[0]) for part in heard}
    entries = {note: part for part, note in entry.items()}
    last, end = np.zeros(parts, np.int64), np.zeros(parts, np.int64)
    absent = np.ones(parts, bool)
    given = np.empty(len(piece), np.int64)
    for first, stop in piece.chords():
        notes = range(first, stop)
        cost = (piece.pitch[first:stop, None] - last) ** 2
        cost[:, absent] = BUSY
        told = [entries.get(note) for note in notes]
        if mono and len(notes) <= parts:
            chosen = _assign(cost + BUSY * (~absent & (end > piece.onset[first])), told)
        else:
            chosen = [int(row.argmin()) if t is None else t for row, t in zip(cost, told, strict=True)]
        for note, part in zip(notes, chosen, strict=True):
            given[note] = part
            last[part], absent[part] = piece.pitch[note], False
            end[part] = piece.onset[note] + piece.duration[note]
    return given


def _assign(cost: np.ndarray, told: Sequence[int | None]) -> tuple[int, ...]:
    """Return a part of its own for each note, at the least total cost; a note that is told keeps its part."""
    best, chosen = np.inf, tuple(range(len(told)))
    for order in permutations(range(cost.shape[1]), len(told)):
        if any(t is not None and t != part for part, t in zip(order, told, strict=True)):
            continue
        total = sum(int(row[part]) for row, part, t in zip(cost, order, told, strict=True) if t is None)
        if total <= best:
            best, chosen = total, order
    return chosen
