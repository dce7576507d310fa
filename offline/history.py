"""A separator that is told what a host knows: who played last what, who still holds a key, and for how long.

Not in Dong et al. (ISMIR 2021), whose models see the notes alone. Every fact is one of a few values (an
interval, a range of milliseconds), so that the first layer is a sum of table rows. It knows no beat: times
are in milliseconds, which a player gives and no clock has to be right for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn
from torch.nn import functional

from offline.facts import (
    ABOVE,
    CHORD_INDEX,
    DOWN,
    LAST,
    NEAREST,
    PITCH,
    SINCE_NOTE,
    SINCE_ONSET,
    SINCE_PITCH,
    SINCE_RELEASE,
    SINGLES,
    columns_of,
    describe,
    describe_all,
    fact_count,
)
from offline.take import Take
from realtime.contract.features import NO_PITCH

EDGES_MS = (0, 1, 12, 35, 80, 160, 320, 640, 1280, 2560)
"""A time is told by how many of these it reaches; what has not happened reaches none."""
TIMES = len(EDGES_MS) + 1
FARTHEST = 24
"""Semitones: intervals beyond are told as this one."""
INTERVALS = 2 * FARTHEST + 2
"""Down, same, up, and none."""
NO_INTERVAL = INTERVALS - 1
KEYS, CHORD, ABOVES, STEPS_ABOVE = 128, 6, 3, FARTHEST + 2
"""Rows for the pitch, the place in the chord, and of the chord's next notes how many and their intervals."""
OF_PART = 2 * INTERVALS + 2 * TIMES + TIMES
"""Rows of each part: interval and time of its last note, its key down or not, and time of its release."""
PITCH_EDGES_MS = (0, 1, 80, 160, 320, 640, 1280, 2560, 5120)
PITCH_TIMES = len(PITCH_EDGES_MS) + 1
OF_CHORDAL = INTERVALS + PITCH_TIMES
"""More rows of each part, where parts play chords: interval from its nearest note, time of this pitch."""

_EDGES = np.array(EDGES_MS, np.int64)
_PITCH_EDGES = np.array(PITCH_EDGES_MS, np.int64)
_CHORD_ROW = KEYS
_NOTE_ROW = _CHORD_ROW + CHORD
_ABOVE_ROW = _NOTE_ROW + TIMES
PART_ROW = _ABOVE_ROW + ABOVES * STEPS_ABOVE
"""First row of the first part."""


def row_count(parts: int, chordal: bool = False) -> int:
    """Return the rows of the table."""
    return PART_ROW + parts * (OF_PART + (OF_CHORDAL if chordal else 0))


def picked(parts: int, chordal: bool = False) -> int:
    """Return how many rows each note picks."""
    return 3 + ABOVES + (5 if chordal else 3) * parts


@njit(cache=True)
def _time(ms, edges):
    reached = 0
    for edge in edges:
        reached += ms >= edge
    return reached


@njit(cache=True)
def _interval(pitch, other):
    if other == NO_PITCH:
        return NO_INTERVAL
    return min(max(pitch - other, -FARTHEST), FARTHEST) + FARTHEST


@njit(cache=True)
def rows_of(fact, parts, rows):
    """Write the table's rows for one note's facts into ``rows`` (int64, shape (picked,)).

    The rows of chordal parts are written where there is place for them.
    """
    pitch = fact[PITCH]
    rows[0] = pitch
    rows[1] = _CHORD_ROW + min(fact[CHORD_INDEX], CHORD - 1)
    rows[2] = _NOTE_ROW + _time(fact[SINCE_NOTE], _EDGES)
    for j in range(ABOVES):
        above = fact[ABOVE + j]
        step = STEPS_ABOVE - 1 if above == NO_PITCH else min(above - pitch, FARTHEST)
        rows[3 + j] = _ABOVE_ROW + j * STEPS_ABOVE + step
    per_part = fact[SINGLES:].reshape(-1, parts)
    for part in range(parts):
        first = PART_ROW + part * OF_PART
        interval = _interval(pitch, per_part[LAST, part])
        onset = _time(per_part[SINCE_ONSET, part], _EDGES)
        release = _time(per_part[SINCE_RELEASE, part], _EDGES)
        down = 1 if per_part[DOWN, part] > 0 else 0
        place = 3 + ABOVES + part
        rows[place] = first + down * INTERVALS + interval
        rows[place + parts] = first + 2 * INTERVALS + down * TIMES + onset
        rows[place + 2 * parts] = first + 2 * INTERVALS + 2 * TIMES + release
        if len(rows) > 3 + ABOVES + 3 * parts:
            first = PART_ROW + parts * OF_PART + part * OF_CHORDAL
            rows[place + 3 * parts] = first + _interval(pitch, per_part[NEAREST, part])
            rows[place + 4 * parts] = first + INTERVALS + _time(per_part[SINCE_PITCH, part], _PITCH_EDGES)


@njit(cache=True)
def _rows_of_take(columns, given, parts, facts, rows):
    describe_all(columns, given, parts, facts)
    for i in range(len(rows)):
        rows_of(facts[i], parts, rows[i])


@njit(cache=True)
def step_rows(i, columns, given, lengths, parts, facts, rows):
    """Write facts and rows of note ``i`` of every take of a batch; ``columns`` are the batch's first five."""
    start, end, sound_end, pitch, period = columns
    for b in range(len(lengths)):
        n = lengths[b]
        if i < n:
            mine = (start[b, :n], end[b, :n], sound_end[b, :n], pitch[b, :n], period[b, :n])
            describe(i, mine, given[b], parts, facts[b])
            rows_of(facts[b], parts, rows[b])


def take_rows(take: Take, given: np.ndarray, parts: int, chordal: bool = False) -> np.ndarray:
    """Return the rows of every note, int64 (notes, picked), where the past was played by ``given``."""
    rows = np.empty((len(take), picked(parts, chordal)), np.int64)
    facts = np.empty((len(take), fact_count(parts)), np.int64)
    _rows_of_take(columns_of(take), given.astype(np.int64), parts, facts, rows)
    return rows


class HistorySeparator(nn.Module):
    """Table rows summed, two layers, one LSTM that remembers the piece, and one score for each part."""

    def __init__(
        self,
        parts: int = 4,
        width: int = 192,
        units: int = 128,
        dropout: float = 0.2,
        chordal: bool = False,
        together: bool = True,
    ):
        """Without ``together`` a note is told nothing of the others of its period."""
        super().__init__()
        self.parts, self.chordal, self.together = parts, chordal, together
        self.table = nn.Embedding(row_count(parts, chordal), width)
        nn.init.normal_(self.table.weight, std=(1.0 / picked(parts, chordal)) ** 0.5)
        self.mix = nn.Linear(width, units)
        self.lstm = nn.LSTM(units, units, batch_first=True)
        self.hidden = nn.Linear(2 * units, units)
        self.scores = nn.Linear(units, parts)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, rows: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the scores, float32 (takes, notes, parts), and the LSTM's state after the last note.

        ``rows`` is int64 of shape (takes, notes, picked).
        """
        pieces, notes, each = rows.shape
        summed = functional.embedding_bag(rows.view(-1, each), self.table.weight, mode="sum")
        x = self.dropout(functional.relu(summed))
        x = self.dropout(functional.relu(self.mix(x))).view(pieces, notes, -1)
        h, after = self.lstm(x, state)
        x = self.dropout(functional.relu(self.hidden(torch.cat([x, h], dim=2))))
        return self.scores(x), after


class Batch(NamedTuple):
    """Takes side by side, padded at the end; arrays of shape (takes, longest), lengths (takes,)."""

    start: np.ndarray
    end: np.ndarray
    sound_end: np.ndarray
    pitch: np.ndarray
    period: np.ndarray
    part: np.ndarray
    lengths: np.ndarray


def make_batch(takes: Sequence[Take], together: bool = True) -> Batch:
    """Return the takes as one batch; the part of a padded note is -1, as that of a note that is nobody's.

    Without ``together`` each note has a period of its own.
    """
    lengths = np.array([len(take) for take in takes])

    def pad(columns: Sequence[np.ndarray], value: float) -> np.ndarray:
        out = np.full((len(takes), lengths.max()), value, columns[0].dtype)
        for line, column in zip(out, columns, strict=True):
            line[: len(column)] = column
        return out

    start, end, sound_end, pitch, period = (
        pad(each, 0) for each in zip(*map(columns_of, takes), strict=True)
    )
    if not together:
        period = np.broadcast_to(np.arange(period.shape[1]), period.shape)
    part = pad([take.part for take in takes], -1)
    return Batch(start, end, sound_end, pitch, period, part, lengths)


def batch_rows(batch: Batch, given: np.ndarray, parts: int, chordal: bool = False) -> Tensor:
    """Return the rows of a batch, int64 (takes, longest, picked); those of padded notes are 0."""
    takes, longest = batch.part.shape
    rows = np.zeros((takes, longest, picked(parts, chordal)), np.int64)
    facts = np.empty((longest, fact_count(parts)), np.int64)
    for b, n in enumerate(batch.lengths):
        mine = tuple(column[b, :n] for column in batch[:5])
        _rows_of_take(mine, given[b, :n], parts, facts[:n], rows[b, :n])
    return torch.from_numpy(rows)


@torch.no_grad()
def play(
    model: HistorySeparator, batch: Batch, draws: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Let ``model`` play a batch note by note on its own decisions.

    Returns the parts, int64 (takes, longest), and the scores, float32 (takes, longest, parts). The part of
    the highest score plays; with ``draws``, one drawn by the scores.
    """
    model.eval()
    takes, longest = batch.part.shape
    given = np.full((takes, longest), -1, np.int64)
    scores = np.zeros((takes, longest, model.parts), np.float32)
    facts = np.empty((takes, fact_count(model.parts)), np.int64)
    rows = np.zeros((takes, picked(model.parts, model.chordal)), np.int64)
    state, columns = None, tuple(batch[:5])
    for i in range(longest):
        step_rows(i, columns, given, batch.lengths, model.parts, facts, rows)
        out, state = model(torch.from_numpy(rows)[:, None], state)
        scores[:, i] = out[:, 0].numpy()
        noise = draws.gumbel(size=(takes, model.parts)) if draws is not None else 0.0
        given[:, i] = (scores[:, i] + noise).argmax(1)
    return given, scores


def measure(model: HistorySeparator, takes: Sequence[Take]) -> tuple[float, float]:
    """Return (loss, accuracy) over all notes of all takes, played by the model on its own decisions."""
    batch = make_batch(takes, model.together)
    given, scores = play(model, batch)
    true = batch.part >= 0
    loss = functional.cross_entropy(torch.from_numpy(scores[true]), torch.from_numpy(batch.part[true])).item()
    return loss, float((given == batch.part)[true].mean())
