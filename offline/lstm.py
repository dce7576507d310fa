"""The online LSTM of Dong et al. (ISMIR 2021, section 4.2): it labels each note from the notes so far."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from offline.score import TICKS, Piece
from offline.take import Take
from realtime.contract.features import MAX_BEAT

IGNORED = -100
"""Label of a padded step: it takes no part in the loss."""


def beat_table(width: int) -> Tensor:
    """Return the fixed sinusoids of the beat, float32 (4097, width): sine in even columns, cosine in odd."""
    rate = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = torch.arange(MAX_BEAT + 1, dtype=torch.float64)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).float()


def frequency_table() -> Tensor:
    """Return each pitch's frequency as a share of the highest key's, float32 (129, 1); row 0 is padding."""
    share = 2.0 ** ((torch.arange(128, dtype=torch.float64) - 127) / 12)
    return torch.cat([torch.zeros(1), share.float()])[:, None]


def new_block(inputs: int, units: int) -> nn.LSTM:
    """Return an LSTM that starts as Keras does: orthogonal recurrent weights and open forget gates."""
    block = nn.LSTM(inputs, units, batch_first=True)
    for name, value in block.named_parameters():
        if name == "weight_ih_l0":
            nn.init.xavier_uniform_(value)
        elif name == "weight_hh_l0":
            nn.init.orthogonal_(value)
        else:
            nn.init.zeros_(value)
        if name == "bias_ih_l0":
            nn.init.ones_(value[units : 2 * units])
    return block


class LSTMSeparator(nn.Module):
    """Embeddings, three blocks of LSTM, layer norm and dropout, and one score for each part.

    The paper's output has one class more, for padding. Here the loss leaves padded steps out, so that
    class would never be a target nor be chosen: it is left away.
    """

    beats: Tensor
    frequencies: Tensor

    def __init__(
        self,
        parts: int = 4,
        units: int = 128,
        layers: int = 3,
        width: int = 16,
        dropout: float = 0.2,
    ):
        super().__init__()
        self.pitch = nn.Embedding(129, width)
        self.position = nn.Embedding(TICKS, width)
        self.register_buffer("beats", beat_table(width), persistent=False)
        self.register_buffer("frequencies", frequency_table(), persistent=False)
        sizes = [3 * width + 1] + [units] * layers
        self.lstm = nn.ModuleList(new_block(a, b) for a, b in pairwise(sizes))
        self.norm = nn.ModuleList(nn.LayerNorm(units, eps=1e-3) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Linear(units, parts)

    def forward(self, pitch: Tensor, position: Tensor, beat: Tensor) -> Tensor:
        """Return the scores, float32 (pieces, notes, parts), of int64 features of shape (pieces, notes).

        ``pitch`` is the MIDI key number, -1 for padding; ``beat`` may exceed the table and is clipped.
        """
        row = pitch + 1
        beats = self.beats[beat.clamp(0, MAX_BEAT)]
        x = torch.cat([self.pitch(row), self.position(position), beats, self.frequencies[row]], dim=2)
        for lstm, norm in zip(self.lstm, self.norm, strict=True):
            x = self.dropout(norm(lstm(x)[0]))
        return self.scores(x)


def make_batch(pieces: Sequence[Piece]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return pitch, position, beat and label, each int64 (pieces, longest), padded at the end."""
    longest = max(map(len, pieces))

    def pad(rows: Sequence[np.ndarray], value: int) -> Tensor:
        out = torch.full((len(rows), longest), value, dtype=torch.int64)
        for line, row in zip(out, rows, strict=True):
            line[: len(row)] = torch.from_numpy(row)
        return out

    return (
        pad([p.pitch for p in pieces], -1),
        pad([p.position for p in pieces], 0),
        pad([p.beat for p in pieces], 0),
        pad([p.part for p in pieces], IGNORED),
    )


@torch.no_grad()
def score_take(model: LSTMSeparator, take: Take) -> np.ndarray:
    """Return the scores of the whole take as one sequence, float32 (notes, parts)."""
    model.eval()
    pitch, tick = torch.from_numpy(take.pitch)[None], torch.from_numpy(take.tick)[None]
    return model(pitch, tick % TICKS, tick // TICKS)[0].numpy()


@torch.no_grad()
def measure(model: LSTMSeparator, pieces: Sequence[Piece]) -> tuple[float, float]:
    """Return (loss, accuracy), both over all notes of all pieces, each piece at its full length."""
    model.eval()
    loss = right = notes = 0.0
    for piece in pieces:
        pitch, position, beat, label = make_batch([piece])
        scores = model(pitch, position, beat)[0]
        loss += functional.cross_entropy(scores, label[0], reduction="sum").item()
        right += (scores.argmax(1) == label[0]).sum().item()
        notes += len(piece)
    return (loss / notes, right / notes) if notes else (math.nan, math.nan)
