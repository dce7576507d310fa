"""The paper's MLP, after de Valk and Weyde: a note's place in its chord and each part's last note.

Linear, as published: its layers have no activation. Unlike the released code, the metric position is that
of the onset, not of the duration, and the last chord has its features too (Dong et al., ISMIR 2021,
section 4.4). Each note sees the notes before it, those of its own chord too.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn

from offline.score import Piece

UNITS = 128
SINGLES = 9
"""Features that are not per part."""
PER_PART = 4
SHORT = 6
"""Ticks up to which a note counts as short."""
NONE = -1
"""Value of an interval to a note that is not there, and of all features of a part not yet heard."""


def chord_features(piece: Piece) -> np.ndarray:
    """Return what does not depend on the parts, float32 (notes, 9).

    Pitch, duration, whether it is short, place in the chord from below, interval to the chord's note below
    and to that above, size of the chord, tick in the beat, size of the next chord.
    """
    rows = np.empty((len(piece), SINGLES), np.float32)
    rows[:, 0], rows[:, 1], rows[:, 2] = piece.pitch, piece.duration, piece.duration <= SHORT
    rows[:, 7] = piece.position
    chords = list(piece.chords())
    sizes = [stop - first for first, stop in chords] + [0]
    for place, (first, stop) in enumerate(chords):
        steps = np.diff(piece.pitch[first:stop])
        rows[first:stop, 3] = np.arange(stop - first)
        rows[first:stop, 4] = [NONE, *steps]
        rows[first:stop, 5] = [*steps, NONE]
        rows[first:stop, 6] = sizes[place]
        rows[first:stop, 8] = sizes[place + 1]
    return rows


@njit(cache=True)
def part_features(pitch, onset, duration, given, weight, bias, rows):
    """Write the 4 features of each part into ``rows``, float32 (notes, 9 + 4 parts), after the 9.

    Interval to its last note, ticks since that began, ticks from its end, whether it still sounds. A
    negative ``given`` is decided here, by the highest of ``weight @ row + bias``, and written.
    """
    parts = len(bias)
    last = np.full((parts, 3), -1, np.int64)  # pitch, onset, end
    for note in range(len(pitch)):
        row = rows[note]
        for part in range(parts):
            at = 9 + 4 * part
            if last[part, 0] < 0:
                for column in range(4):
                    row[at + column] = -1
            else:
                row[at] = abs(pitch[note] - last[part, 0])
                row[at + 1] = onset[note] - last[part, 1]
                row[at + 2] = abs(onset[note] - last[part, 2])
                row[at + 3] = last[part, 2] > onset[note]
        if given[note] < 0:
            best = -np.inf
            for part in range(parts):
                score = bias[part]
                for column in range(len(row)):
                    score += weight[part, column] * row[column]
                if score > best:
                    best, given[note] = score, part
        part = given[note]
        last[part, 0] = pitch[note]
        last[part, 1] = onset[note]
        last[part, 2] = onset[note] + duration[note]


def features(piece: Piece, parts: int) -> np.ndarray:
    """Return all features where the true parts played the past, float32 (notes, 9 + 4 parts)."""
    return _run(piece, piece.part.copy(), np.zeros((parts, SINGLES + PER_PART * parts)), np.zeros(parts))


def _run(piece: Piece, given: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    rows = np.empty((len(piece), SINGLES + PER_PART * len(bias)), np.float32)
    rows[:, :SINGLES] = chord_features(piece)
    part_features(piece.pitch, piece.onset, piece.duration, given, weight, bias, rows)
    return rows


class MLPNetwork(nn.Module):
    """Three dense layers with dropout and one of scores."""

    def __init__(self, parts: int):
        super().__init__()
        self.parts = parts
        sizes = [SINGLES + PER_PART * parts, UNITS, UNITS, UNITS]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.dropout = nn.Dropout(0.2)
        self.scores = nn.Linear(UNITS, parts)

    def forward(self, rows: Tensor) -> Tensor:
        """Return the scores, float32 (notes, parts), of features (notes, 9 + 4 parts)."""
        for layer in self.layers:
            rows = self.dropout(layer(rows))
        return self.scores(rows)

    @torch.no_grad()
    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the one matrix (parts, features) and bias (parts,), float64, that all layers amount to."""
        device = self.scores.weight.device
        weight = torch.eye(SINGLES + PER_PART * self.parts, dtype=torch.float64, device=device)
        bias = torch.zeros(1, dtype=torch.float64, device=device)
        for layer in (*self.layers, self.scores):
            assert isinstance(layer, nn.Linear)
            bias = layer.weight.double() @ bias.expand(layer.in_features) + layer.bias.double()
            weight = layer.weight.double() @ weight
        return weight.cpu().numpy(), bias.cpu().numpy()

    def decide(self, pieces: Sequence[Piece], *, oracle: bool) -> list[np.ndarray]:
        """Return the part of each note, int64 (notes,), of each piece.

        ``oracle``: the past is the true one, else what was decided.
        """
        weight, bias = self.flat()
        found = []
        for piece in pieces:
            if oracle:
                # A note that is nobody's has no true past: what is decided of it stands for that.
                rows = _run(piece, piece.part.copy(), weight, bias)
                found.append((rows @ weight.T + bias).argmax(axis=1))
            else:
                given = np.full(len(piece), -1)
                _run(piece, given, weight, bias)
                found.append(given)
        return found
