"""The separator that sees the whole piece and decides it note by note, told what each part has played.

Not in Dong et al. (ISMIR 2021), whose offline models (BiLSTM, Transformer-Enc) label each note from the notes
alone. A bidirectional LSTM reads all notes; then one note after the other is labelled, from what was read and
from the parts' last notes under the labels so far. All facts are rows of tables, which are summed.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from offline.score import Piece
from offline.whole.past import NEVER, PART_FACTS, PART_ROWS, past_rows, step_play, step_rows
from offline.whole.relations import PICKED, ROWS, note_rows

IGNORED = -100
"""Label of a padded note: it takes no part in the loss."""


class Batch(NamedTuple):
    """Pieces side by side, padded at the end; int64 (pieces, longest), lengths (pieces,)."""

    onset: np.ndarray
    pitch: np.ndarray
    duration: np.ndarray
    part: np.ndarray
    lengths: np.ndarray
    rows: Tensor
    """int64 (pieces, longest, PICKED)"""


def make_batch(pieces: Sequence[Piece]) -> Batch:
    """Return the pieces as one batch."""
    lengths = np.array([len(piece) for piece in pieces])
    shape = (len(pieces), int(lengths.max()))
    onset, pitch, duration = (np.zeros(shape, np.int64) for _ in range(3))
    part = np.full(shape, IGNORED, np.int64)
    rows = np.zeros((*shape, PICKED), np.int64)
    for b, piece in enumerate(pieces):
        n = len(piece)
        onset[b, :n], pitch[b, :n], duration[b, :n], part[b, :n] = piece.columns
        rows[b, :n] = note_rows(piece)
    return Batch(onset, pitch, duration, part, lengths, torch.from_numpy(rows))


def batch_past(batch: Batch, given: np.ndarray, parts: int) -> Tensor:
    """Return the rows of the past of every note, int64 (pieces, longest, parts * PART_FACTS)."""
    rows = np.zeros((*given.shape, parts * PART_FACTS), np.int64)
    for b, n in enumerate(batch.lengths):
        onset, pitch, duration = (column[b, :n] for column in (batch.onset, batch.pitch, batch.duration))
        rows[b, :n] = past_rows(onset, pitch, duration, given[b, :n], parts)
    return torch.from_numpy(rows)


def _sum_rows(table: nn.Embedding, rows: Tensor, hidden: float = 0.0) -> Tensor:
    """Return the sum of the rows that each note picks, of which a share may be ``hidden`` at random."""
    flat, weights = rows.flatten(0, -2), None
    if hidden:
        weights = (torch.rand(flat.shape) >= hidden).float() / (1 - hidden)
    summed = functional.embedding_bag(flat, table.weight, mode="sum", per_sample_weights=weights)
    return summed.view(*rows.shape[:-1], -1)


def _turned(lengths: np.ndarray, longest: int) -> Tensor:
    """Return where the notes stand when each piece is read from its end, int64 (pieces, longest).

    PyTorch's own way, packed sequences, takes time that grows with the square of the length in training.
    """
    place = np.arange(longest)
    return torch.from_numpy(np.where(place < lengths[:, None], lengths[:, None] - 1 - place, place))


class Decider(Protocol):
    """What reads whole pieces and decides note by note: one separator, or several together."""

    parts: int

    @property
    def known(self) -> int:
        """Width of what ``read`` returns."""
        ...

    def eval(self) -> Self:
        """Leave nothing out any more."""
        ...

    def read(self, rows: Tensor, lengths: np.ndarray) -> Tensor:
        """Return what is known of each note from all notes, float32 (pieces, longest, known)."""
        ...

    def decide(self, context: Tensor, past: Tensor) -> Tensor:
        """Return the scores (..., parts) of notes by context (..., known) and past (..., facts)."""
        ...


class WholeSeparator(nn.Module):
    """Reads all notes (``read``), then scores each one given the past (``decide``)."""

    def __init__(
        self,
        parts: int = 4,
        width: int = 160,
        units: int = 96,
        hidden: int = 128,
        dropout: float = 0.2,
        *,
        hiding: float = 0.0,
        both_ways: bool = True,
        told: bool = True,
    ):
        """In training a share of ``hiding`` of the facts of each note is left out.

        Without ``both_ways`` no LSTM reads from the end; without ``told`` the past is not told.
        """
        super().__init__()
        self.parts, self.hiding, self.both_ways, self.told = parts, hiding, both_ways, told
        self.table = nn.Embedding(ROWS, width)
        self.past = nn.Embedding(parts * PART_ROWS, width)
        nn.init.normal_(self.table.weight, std=PICKED**-0.5)
        nn.init.normal_(self.past.weight, std=(parts * PART_FACTS) ** -0.5)
        self.mix = nn.Linear(width, hidden)
        self.onward = nn.LSTM(hidden, units, batch_first=True)
        self.back = nn.LSTM(hidden, units, batch_first=True)
        self.context = nn.Linear(hidden + 2 * units, width)
        self.hidden = nn.Linear(width, hidden)
        self.scores = nn.Linear(hidden, parts)
        self.dropout = nn.Dropout(dropout)

    @property
    def known(self) -> int:
        """Width of what ``read`` returns."""
        return self.context.out_features

    @property
    def hidden_share(self) -> float:
        """Share of the facts that are left out now."""
        return self.hiding if self.training else 0.0

    def read(self, rows: Tensor, lengths: np.ndarray) -> Tensor:
        """Return what is known of each note from all notes, float32 (pieces, longest, width)."""
        x = self.dropout(functional.relu(_sum_rows(self.table, rows, self.hidden_share)))
        x = self.dropout(functional.relu(self.mix(x)))
        turn = _turned(lengths, x.shape[1])[..., None].expand_as(x)
        later = self.back(x.gather(1, turn))[0]
        later = later.gather(1, turn[..., : later.shape[2]])
        h = torch.cat([self.onward(x)[0], later if self.both_ways else torch.zeros_like(later)], -1)
        return self.context(torch.cat([x, self.dropout(h)], -1))

    def decide_each(self, context: Tensor, past: Tensor) -> list[Tensor]:
        """Return what :meth:`decide` returns: it has no other members than itself."""
        return [self.decide(context, past)]

    def decide(self, context: Tensor, past: Tensor) -> Tensor:
        """Return the scores (..., parts) of notes by context (..., width) and past (..., facts)."""
        known = (
            context + _sum_rows(self.past, past, self.hidden_share)
            if self.told
            else context.expand(*past.shape[:-1], -1)
        )
        x = self.dropout(functional.relu(known))
        x = self.dropout(functional.relu(self.hidden(x)))
        return self.scores(x)


@torch.no_grad()
def play(
    model: Decider, batch: Batch, draws: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Label a batch note by note; return the parts, int64 (pieces, longest), and the scores (..., parts).

    The part of the highest score plays; with ``draws``, one drawn by the scores.
    """
    model.eval()
    context = model.read(batch.rows, batch.lengths)
    pieces, longest = batch.part.shape
    given = np.zeros((pieces, longest), np.int64)
    scores = np.zeros((pieces, longest, model.parts), np.float32)
    rows = np.zeros((pieces, model.parts * PART_FACTS), np.int64)
    last = np.full((pieces, model.parts, 4), NEVER)
    columns = batch.onset, batch.pitch, batch.duration, batch.lengths
    for i in range(longest):
        step_rows(i, *columns, last, model.parts, rows)
        scores[:, i] = model.decide(context[:, i], torch.from_numpy(rows)).numpy()
        noise = draws.gumbel(size=(pieces, model.parts)) if draws is not None else 0.0
        given[:, i] = (scores[:, i] + noise).argmax(1)
        step_play(i, *columns, given[:, i], last)
    return given, scores


def heads(pieces: Sequence[Piece], longest: int = 800) -> list[Piece]:
    """Return the pieces cut to their first notes, which is enough to choose an epoch by."""
    return [Piece(piece.name, *(column[:longest] for column in piece.columns)) for piece in pieces]


def measure(model: Decider, pieces: Sequence[Piece]) -> tuple[float, float]:
    """Return (loss, accuracy) over all notes of all pieces, labelled by the model on its own decisions."""
    batch = make_batch(pieces)
    given, scores = play(model, batch)
    true = batch.part >= 0
    loss = functional.cross_entropy(torch.from_numpy(scores[true]), torch.from_numpy(batch.part[true])).item()
    return loss, float((given == batch.part)[true].mean())
