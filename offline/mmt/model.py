"""The Multitrack Music Transformer: a decoder that gives scores of the next row (Dong et al., ICASSP 2023).

The layers are those of the authors' code (x-transformers 0.25.9, absolute positions), so at full size there
are 19.94 million parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from realtime.music.mmt.representation import SIZES

IGNORED = -100
"""Target of the rows that only fill a batch; the published training does not leave them out."""


@dataclass(frozen=True)
class Size:
    """How large a model is."""

    width: int
    layers: int
    heads: int
    head: int = 64
    """Width of a head."""
    context: int = 1024
    """Rows that the model sees."""

    @property
    def inner(self) -> int:
        """Width inside a feed-forward layer."""
        return 4 * self.width


MODEL_SIZES = {
    "full": Size(512, 6, 8),
    "small": Size(192, 4, 3),
    "mini": Size(128, 2, 2),
    "tiny": Size(32, 2, 2, head=16, context=128),
}
"""``full`` is the published one, ``small`` is for a few cores, ``mini`` for minutes, ``tiny`` for tests."""


class Past(NamedTuple):
    """Keys and values of the rows so far, in place: nothing of them is copied at a step."""

    keys: Tensor
    """Shape (layers, batch, heads, context, head)."""
    values: Tensor


class Attention(nn.Module):
    """Causal self-attention; queries, keys and values have no bias."""

    def __init__(self, size: Size, dropout: float):
        super().__init__()
        inner = size.heads * size.head
        self.heads, self.dropout = size.heads, dropout
        self.queries = nn.Linear(size.width, inner, bias=False)
        self.keys = nn.Linear(size.width, inner, bias=False)
        self.values = nn.Linear(size.width, inner, bias=False)
        self.out = nn.Linear(inner, size.width)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None = None, begin: int = 0) -> Tensor:
        """Return what ``x``, (batch, rows, width), takes from itself and the ``begin`` rows of ``past``."""
        queries, keys, values = (
            layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer in (self.queries, self.keys, self.values)
        )
        rows, mask = x.shape[1], None
        if past is not None:
            end = begin + rows
            past[0][:, :, begin:end] = keys
            past[1][:, :, begin:end] = values
            keys, values = past[0][:, :, :end], past[1][:, :, :end]
            if begin and rows > 1:
                mask = torch.ones(rows, end, dtype=torch.bool, device=x.device).tril(begin)
        taken = functional.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=rows > 1 and mask is None,
        )
        return self.out(taken.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Attention, then a feed-forward network, each on what is normalised, each added to what was there."""

    def __init__(self, size: Size, dropout: float):
        super().__init__()
        self.before_attention = nn.LayerNorm(size.width)
        self.attention = Attention(size, dropout)
        self.before_feed = nn.LayerNorm(size.width)
        self.feed = nn.Sequential(
            nn.Linear(size.width, size.inner),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(size.inner, size.width),
        )

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None = None, begin: int = 0) -> Tensor:
        """Return ``x``, (batch, rows, width), after this layer; see ``Attention``."""
        x = x + self.attention(self.before_attention(x), past, begin)
        return x + self.feed(self.before_feed(x))


class MultitrackTransformer(nn.Module):
    """The model: six embeddings summed, learned positions, decoder layers, six sets of scores.

    ``codes`` are those of each field; a baseline has rows of one field.
    """

    def __init__(self, size: Size, dropout: float = 0.2, codes: Sequence[int] = SIZES):
        super().__init__()
        self.size, self.codes = size, tuple(codes)
        tables = [nn.Embedding(field, size.width) for field in self.codes]
        for table in tables:
            nn.init.kaiming_normal_(table.weight)
        self.fields = nn.ModuleList(tables)
        self.positions = nn.Embedding(size.context, size.width)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(size, dropout) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.width)
        self.scores = nn.ModuleList(nn.Linear(size.width, field) for field in self.codes)

    def forward(self, rows: Tensor, past: Past | None = None, begin: int = 0) -> Tensor:
        """Return the scores of what comes after each row, (batch, rows, 502), those of each field in turn.

        ``rows`` are codes of shape (batch, rows, 6), int64. Rows that fill a batch stand at the end, where
        no other row sees them. With ``past``, the rows follow on the ``begin`` rows that it holds, and are
        added to it; scores are those of one run over all of them.

        Raises:
            ValueError: there are more rows than the context holds.
        """
        end = begin + rows.shape[1]
        if end > self.size.context:
            raise ValueError(f"{end} rows are more than the {self.size.context} that the model can see")
        place = torch.arange(begin, end, device=rows.device)
        x = self.positions(place) * self.size.width**-0.5
        x = x + torch.stack([table(rows[..., f]) for f, table in enumerate(self.fields)]).sum(0)
        x = self.dropout(x)
        for number, layer in enumerate(self.layers):
            x = layer(x, None if past is None else (past.keys[number], past.values[number]), begin)
        x = self.norm(x)
        return torch.cat([head(x) for head in self.scores], dim=-1)

    def no_past(self, batch: int = 1) -> Past:
        """Return an empty past, to be filled by ``forward``."""
        size, like = self.size, self.norm.weight
        shape = (size.layers, batch, size.heads, size.context, size.head)
        return Past(*(torch.zeros(shape, dtype=like.dtype, device=like.device) for _ in range(2)))


def field_losses(scores: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of each field, shape (6,); the loss is their sum.

    ``scores`` (batch, rows, 502) and ``targets`` (batch, rows, 6), in which rows of ``IGNORED`` don't count.
    Undefined fields of rows that are no notes are learned, as published.
    """
    parts = scores.float().split(SIZES, dim=-1)
    return torch.stack(
        [
            functional.cross_entropy(part.flatten(0, 1), targets[..., field].flatten(), ignore_index=IGNORED)
            for field, part in enumerate(parts)
        ]
    )


def parameter_count(model: nn.Module) -> int:
    """Return the number of trained numbers."""
    return sum(parameter.numel() for parameter in model.parameters())
