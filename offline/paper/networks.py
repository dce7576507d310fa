"""The paper's networks: LSTM, BiLSTM, Transformer decoder and encoder (Dong et al., ISMIR 2021, section 4.2).

As published, but for two things: there is no class for padding, which the loss leaves out; and a BiLSTM
reads a padded excerpt backwards from its last note, not from the padding.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from offline.lstm import beat_table, new_block
from offline.paper.excerpts import Batch, Sounding, make_batch
from offline.paper.inputs import Encoder, Inputs

UNITS = 128
BLOCKS = 3
DROPOUT = 0.2
HEADS = 8
INNER = 256
"""Units within a Transformer's block."""
WINDOW = 500
"""Notes of the excerpts in training, and the most that a Transformer reads at once."""
TOGETHER = {"cpu": 16_000, "cuda": 128_000}
"""Notes, with padding, that are scored at once, by the kind of device."""


class LSTMNetwork(nn.Module):
    """Three blocks of LSTM, layer norm and dropout, and a score for each part.

    ``whole``: half of the units read each block's input from the end.
    """

    def __init__(self, inputs: Inputs, parts: int, *, whole: bool):
        super().__init__()
        self.encoder = Encoder(inputs, parts)
        sizes = [self.encoder.width] + [UNITS] * BLOCKS
        units = UNITS // 2 if whole else UNITS
        self.onward = nn.ModuleList(new_block(size, units) for size in sizes[:-1])
        self.back = nn.ModuleList(new_block(size, units) for size in sizes[:-1] if whole)
        self.norm = nn.ModuleList(nn.LayerNorm(size, eps=1e-3) for _, size in pairwise(sizes))
        self.dropout = nn.Dropout(DROPOUT)
        self.scores = nn.Linear(UNITS, parts)

    def forward(self, batch: Batch) -> Tensor:
        """Return the scores, float32 (excerpts, notes, parts)."""
        x, turn = self.encoder(batch), _reversal(batch.length, batch.pitch.shape[1])
        for place, (onward, norm) in enumerate(zip(self.onward, self.norm, strict=True)):
            read = onward(x)[0]
            if len(self.back):
                read = torch.cat([read, _turned(self.back[place](_turned(x, turn))[0], turn)], dim=2)
            x = self.dropout(norm(read))
        return self.scores(x)

    @torch.no_grad()
    def score(self, pieces: Sequence[Sounding]) -> list[np.ndarray]:
        """Return the scores of whole pieces, each float32 (notes, parts)."""
        return _in_batches(self, pieces)


def _reversal(length: Tensor, longest: int) -> Tensor:
    """Return for each step the one that takes its place when only the notes turn round."""
    steps = torch.arange(longest, device=length.device)[None]
    return torch.where(steps < length[:, None], length[:, None] - 1 - steps, steps)


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    return x.gather(1, turn[..., None].expand_as(x))


class Attention(nn.Module):
    """A post-norm block: attention to all notes or to those before, then two dense layers, each added."""

    def __init__(self, *, whole: bool):
        super().__init__()
        self.whole = whole
        self.ask = nn.Linear(UNITS, 3 * UNITS)
        self.answer = nn.Linear(UNITS, UNITS)
        self.inner, self.outer = nn.Linear(UNITS, INNER), nn.Linear(INNER, UNITS)
        self.norm = nn.ModuleList(nn.LayerNorm(UNITS, eps=1e-6) for _ in range(2))
        self.dropout = nn.Dropout(DROPOUT)
        for layer in (self.ask, self.answer, self.inner, self.outer):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, notes: Tensor | None) -> Tensor:
        """Return x, float32 (excerpts, notes, 128), after the block.

        ``notes``: what may be attended to, bool (excerpts, 1, 1, notes); None for a block that sees only
        what is before, since padding comes last.
        """
        heads = self.ask(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(*heads, attn_mask=notes, is_causal=not self.whole)
        x = self.norm[0](x + self.dropout(self.answer(found.transpose(1, 2).flatten(2))))
        return self.norm[1](x + self.dropout(self.outer(functional.relu(self.inner(x)))))


class TransformerNetwork(nn.Module):
    """Three post-norm blocks of attention; ``whole``: to all notes, else to those before.

    Whole pieces are read in windows as long as the excerpts in training, half overlapping: places further
    on were never learned.
    """

    places: Tensor

    def __init__(self, inputs: Inputs, parts: int, *, whole: bool):
        super().__init__()
        self.whole = whole
        self.encoder = Encoder(inputs, parts)
        self.register_buffer("places", beat_table(UNITS)[:WINDOW], persistent=False)
        self.mix = nn.Linear(self.encoder.width, UNITS)
        self.blocks = nn.ModuleList(Attention(whole=whole) for _ in range(BLOCKS))
        self.dropout = nn.Dropout(DROPOUT)
        self.scores = nn.Linear(UNITS, parts)

    def forward(self, batch: Batch) -> Tensor:
        """Return the scores, float32 (excerpts, notes, parts), of at most ``WINDOW`` notes each."""
        longest = batch.pitch.shape[1]
        x = self.dropout(self.mix(self.encoder(batch)) + self.places[:longest])
        steps = torch.arange(longest, device=x.device)
        notes = (steps < batch.length[:, None])[:, None, None] if self.whole else None
        for block in self.blocks:
            x = block(x, notes)
        return self.scores(x)

    @torch.no_grad()
    def score(self, pieces: Sequence[Sounding]) -> list[np.ndarray]:
        """Return the scores of whole pieces, each float32 (notes, parts)."""
        spans = [window_spans(len(piece), self.whole) for piece in pieces]
        windows = [p.cut(s.start, s.stop) for p, own in zip(pieces, spans, strict=True) for s, _ in own]
        found = iter(_in_batches(self, windows))
        return [
            np.concatenate([next(found)[kept.start - s.start : kept.stop - s.start] for s, kept in own])
            for own in spans
        ]


def window_spans(notes: int, whole: bool) -> list[tuple[range, range]]:
    """Return (what is read, what of its scores is kept) for each window over so many notes.

    A decoder keeps what it has at least half a window of past for; an encoder keeps the middle.
    """
    starts = [*range(0, max(1, notes - WINDOW), WINDOW // 2)]
    if notes > WINDOW:
        starts.append(notes - WINDOW)
    read = [range(start, min(start + WINDOW, notes)) for start in starts]
    bounds = [(a.stop + b.start) // 2 if whole else a.stop for a, b in pairwise(read)]
    kept = [range(a, b) for a, b in pairwise([0, *bounds, notes])]
    return list(zip(read, kept, strict=True))


def _in_batches(model: nn.Module, pieces: Sequence[Sounding]) -> list[np.ndarray]:
    """Score pieces of like length together."""
    model.eval()
    device = next(model.parameters()).device
    together = TOGETHER[device.type]
    found: dict[int, np.ndarray] = {}
    waiting = sorted(range(len(pieces)), key=lambda i: len(pieces[i]), reverse=True)
    while waiting:
        count = max(1, together // len(pieces[waiting[0]]))
        now, waiting = waiting[:count], waiting[count:]
        batch = make_batch([pieces[i] for i in now]).to(device)
        for i, scores in zip(now, model(batch).cpu(), strict=True):
            found[i] = scores[: len(pieces[i])].numpy()
    return [found[i] for i in range(len(pieces))]


NETWORKS = {
    "lstm": (LSTMNetwork, False),
    "bilstm": (LSTMNetwork, True),
    "transformer-dec": (TransformerNetwork, False),
    "transformer-enc": (TransformerNetwork, True),
}
"""Class of each network, and whether it reads the whole piece."""


def new_network(name: str, inputs: Inputs, parts: int) -> LSTMNetwork | TransformerNetwork:
    """Return an untrained network."""
    kind, whole = NETWORKS[name]
    return kind(inputs, parts, whole=whole)
