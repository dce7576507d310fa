"""Many of the paper's LSTMs as one network: each weight one tensor whose first axis is the networks.

A GPU takes hardly longer for a step of sixty small LSTMs than for a step of one, if they go side by side.
"""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from offline.lstm import beat_table, frequency_table
from offline.paper.excerpts import Batch
from offline.paper.inputs import LONGEST, WIDTH, Inputs
from offline.paper.networks import BLOCKS, DROPOUT, UNITS, LSTMNetwork
from offline.score import TICKS
from realtime.contract.features import MAX_BEAT

NUMBERS = 4
"""Columns of numbers that are not scaled: pitch, ticks, position, beat. They come first."""
MISSING = -1e9
"""Score of a part that the corpus of a network does not have."""
TIMES = {
    "time number": [1],
    "beat numbers": [2, 3],
    "time embedding": list(range(20, 36)),
    "beat embedding": list(range(36, 68)),
}
"""Columns of each encoding of time."""

log = logging.getLogger(__name__)


def columns_of(inputs: Inputs, parts: int, most: int) -> list[int]:
    """Return the columns of all features that a network has, in the order in which its encoder has them.

    All features are the four numbers; the embeddings of pitch, time, position and beat, and duration; the
    frequency; and the entry hints and pitch hints of as many parts as any of the networks has, ``most``.
    """
    after, hints = 85, 85 + most
    chosen = list(range(4, 20)) if inputs.pitch == "embedding" else [0]
    chosen += TIMES[inputs.time]
    chosen += list(range(68, 84)) if inputs.duration else []
    chosen += [84] if inputs.frequency else []
    chosen += list(range(after, after + parts)) if inputs.entry_hints else []
    chosen += list(range(hints, hints + WIDTH * parts)) if inputs.pitch_hints else []
    return chosen


def cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return an LSTM's output, its new memory, and its gates after their activations."""
    i, f, z, o = gates.chunk(4, 2)
    i, f, z, o = i.sigmoid(), f.sigmoid(), z.tanh(), o.sigmoid()
    c = f * c + i * z
    return o * c.tanh(), c, torch.cat([i, f, z, o], 2)


def cell_gradient(
    dh: Tensor, later: Tensor, dc: Tensor, gates: Tensor, c: Tensor, before: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the gates, before their activations, and of the memory ``before``."""
    i, f, z, o = gates.chunk(4, 2)
    dh, heard = dh + later, c.tanh()
    dc = dc + dh * o * (1 - heard * heard)
    di, df, dz = dc * z * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - z * z)
    return torch.cat([di, df, dz, dh * heard * o * (1 - o)], 2), dc * f


CELLS: dict[str, Any] = {"cpu": (cell, cell_gradient), "cuda": (cell, cell_gradient)}
"""What takes one step, and its gradient, by the kind of device."""


@torch.no_grad()
def compile_cells(networks: int, excerpts: int, units: int, device: torch.device) -> None:
    """Make one kernel of each of a GPU's cells, where its compilers are there; else they stay as they are."""
    gates = torch.zeros(networks, excerpts, 4 * units, device=device)
    dh, later, dc, c, before = (torch.zeros(networks, excerpts, units, device=device) for _ in range(5))
    compiled = torch.compile(cell, dynamic=False), torch.compile(cell_gradient, dynamic=False)
    try:
        compiled[0](gates, before)
        compiled[1](dh, later, dc, gates, c, before)
    except Exception as error:  # the compiler raises many kinds
        log.warning("the cell of the LSTM can't be compiled: training takes longer (%s)", error)
    else:
        CELLS[device.type] = compiled


class Recurrence(torch.autograd.Function):
    """The steps of stacked LSTMs: what comes in, (notes, networks, excerpts, 4 units), to what comes out."""

    @staticmethod
    def forward(ctx: Any, came: Tensor, weight: Tensor) -> Tensor:
        """Return the outputs; ``weight`` is (networks, units, 4 units)."""
        step = CELLS[came.device.type][0]
        h = came.new_zeros(*came.shape[1:3], weight.shape[1])
        c, kept, outputs = torch.zeros_like(h), [], []
        for now in came:
            before = c
            h, c, gates = step(torch.baddbmm(now, h, weight), before)
            outputs.append(h)
            kept.append((gates, c, before))
        ctx.kept, ctx.weight, ctx.outputs = kept, weight, torch.stack(outputs)
        return ctx.outputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        """Return the gradients of what came in and of the weight."""
        (gradient,), turned = gradients, ctx.weight.transpose(1, 2)
        step = CELLS[gradient.device.type][1]
        gradient = gradient.contiguous()
        later = torch.zeros_like(gradient[0])
        dc, steps = torch.zeros_like(later), []
        for dh, (gates, c, before) in zip(gradient.flip(0), reversed(ctx.kept), strict=True):
            d, dc = step(dh, later, dc, gates, c, before)
            later = torch.bmm(d, turned)
            steps.append(d)
        came = torch.stack(steps[::-1])
        # Of each network, all notes but the last told the next one.
        told = ctx.outputs[:-1].permute(1, 3, 0, 2).flatten(2)
        weight = torch.bmm(told, came[1:].permute(1, 0, 2, 3).flatten(1, 2))
        ctx.kept = ctx.outputs = None
        return came, weight


class Stack(nn.Module):
    """Networks, all LSTMs or all BiLSTMs, that start with the weights of ``networks``.

    ``streams``: of the batches that are given side by side, the one that each network reads.
    """

    mask: Tensor
    stream: Tensor
    absent: Tensor
    beats: Tensor
    frequencies: Tensor

    def __init__(self, networks: Sequence[LSTMNetwork], streams: Sequence[int]):
        super().__init__()
        count, self.two = len(networks), len(networks[0].back) > 0
        self.parts = [network.scores.out_features for network in networks]
        self.most = most = max(self.parts)
        self.units = UNITS // 2 if self.two else UNITS
        self.width = 85 + most + WIDTH * most
        self.columns = [
            columns_of(network.encoder.inputs, parts, most)
            for network, parts in zip(networks, self.parts, strict=True)
        ]
        mask, absent = torch.zeros(count, self.width), torch.zeros(count, most)
        for row, chosen in enumerate(self.columns):
            mask[row, chosen] = 1
            absent[row, self.parts[row] :] = MISSING
        self.register_buffer("mask", mask)
        self.register_buffer("absent", absent)
        self.register_buffer("stream", torch.tensor(streams))
        self.register_buffer("beats", beat_table(WIDTH))
        self.register_buffer("frequencies", frequency_table())

        def zeros(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(count, *shape))

        ways, gates = 1 + self.two, 4 * self.units
        self.pitch, self.position = zeros(129, WIDTH), zeros(TICKS, WIDTH)
        self.duration = zeros(LONGEST + 1, WIDTH)
        sizes = [self.width] + [UNITS] * (BLOCKS - 1)
        self.input = nn.ParameterList(zeros(ways, size, gates) for size in sizes)
        self.hidden = nn.ParameterList(zeros(ways, self.units, gates) for _ in sizes)
        self.bias = nn.ParameterList(zeros(ways, gates) for _ in sizes)
        self.gain = nn.ParameterList(zeros(UNITS) for _ in sizes)
        self.shift = nn.ParameterList(zeros(UNITS) for _ in sizes)
        self.scores, self.offset = zeros(UNITS, most), zeros(most)
        with torch.no_grad():
            for row, network in enumerate(networks):
                for own, theirs in self._pairs(row, network):
                    own.copy_(theirs)
                self._biases(row, network, out=False)

    @torch.no_grad()
    def unload(self, row: int, network: LSTMNetwork) -> None:
        """Give a network the weights of its ``row``."""
        for own, theirs in self._pairs(row, network):
            theirs.copy_(own)
        self._biases(row, network, out=True)

    def _pairs(self, row: int, network: LSTMNetwork) -> list[tuple[Any, Tensor]]:
        """Return views of each weight here and of the same weight in ``network``."""
        encoder, parts = network.encoder, self.parts[row]
        pairs = [
            (getattr(self, name)[row], getattr(encoder, name).weight)
            for name in ("pitch", "position", "duration")
            if hasattr(encoder, name)
        ]
        for place in range(BLOCKS):
            for way, block in enumerate(self._blocks(network, place)):
                width = self.columns[row] if place == 0 else range(UNITS)
                pairs += [
                    (self.input[place][row, way, column], block.weight_ih_l0[:, at])
                    for at, column in enumerate(width)
                ]
                pairs.append((self.hidden[place][row, way].T, block.weight_hh_l0))
            norm: Any = network.norm[place]
            pairs += [(self.gain[place][row], norm.weight), (self.shift[place][row], norm.bias)]
        pairs.append((self.scores[row, :, :parts].T, network.scores.weight))
        pairs.append((self.offset[row, :parts], network.scores.bias))
        return pairs

    def _blocks(self, network: LSTMNetwork, place: int) -> list[Any]:
        return [network.onward[place], *([network.back[place]] if self.two else [])]

    def _biases(self, row: int, network: LSTMNetwork, *, out: bool) -> None:
        """Take the two biases of each block as one, which is all that they amount to, or give them back."""
        for place in range(BLOCKS):
            for way, block in enumerate(self._blocks(network, place)):
                own = self.bias[place][row, way]
                if out:
                    block.bias_ih_l0.copy_(own)
                    block.bias_hh_l0.zero_()
                else:
                    own.copy_(block.bias_ih_l0 + block.bias_hh_l0)

    def forward(self, streams: Batch) -> Tensor:
        """Return the scores, float32 (networks, notes, excerpts, parts), of (streams, excerpts, notes)."""
        batch = Batch(*(column[self.stream] for column in streams))
        numbers, x = self._features(batch)
        excerpts, notes = batch.pitch.shape[1:]
        turn = None
        if self.two:
            steps = torch.arange(notes, device=x.device)
            length = batch.length[:, None]
            turn = torch.where(steps[:, None] < length, length - 1 - steps[:, None], steps[:, None])
        for place in range(BLOCKS):
            ways = []  # one run of the notes for both: it is their number that takes the time
            for way in range(1 + self.two):
                weight, bias = self.input[place][:, way], self.bias[place][:, way, None]
                if place == 0:
                    came = torch.baddbmm(bias, x, weight[:, NUMBERS:])
                    # Not in the matrix product: a GPU rounds its factors, and these are large.
                    for column in range(NUMBERS):
                        came = torch.addcmul(came, numbers[..., column, None], weight[:, column, None])
                else:
                    came = torch.baddbmm(bias, x, weight)
                came = came.unflatten(1, (notes, excerpts))
                ways.append(_turned(came, turn) if way else came)
            hidden = self.hidden[place].transpose(0, 1).flatten(0, 1)
            came = torch.cat(ways) if self.two else ways[0]
            ran = Recurrence.apply(came.transpose(0, 1).contiguous(), hidden)
            read, *back = ran.transpose(0, 1).chunk(len(ways))
            read = torch.cat([read, *(_turned(one, turn) for one in back)], 3).flatten(1, 2)
            normed = functional.layer_norm(read, (UNITS,), eps=1e-3)
            x = torch.addcmul(self.shift[place][:, None], normed, self.gain[place][:, None])
            x = functional.dropout(x, DROPOUT, self.training)
        scores = torch.baddbmm((self.offset + self.absent)[:, None], x, self.scores)
        return scores.unflatten(1, (notes, excerpts))

    def _features(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return numbers and other features, float32 (networks, notes of all excerpts, columns)."""
        pitch, onset, duration = (c.transpose(1, 2).flatten(1) for c in batch[:3])
        row, position, beat = pitch + 1, onset % TICKS, onset // TICKS
        numbers = torch.stack([row, onset, position, beat], 2).float() * self.mask[:, None, :NUMBERS]
        notes = batch.pitch.shape[2]
        entry = batch.entry.transpose(1, 2).flatten(1, 2)
        hints = torch.bmm(_chosen((batch.mean + 1).flatten(1), 129), self.pitch)
        hints = hints.unflatten(1, batch.mean.shape[1:]).flatten(2)
        columns = [
            torch.bmm(_chosen(row, 129), self.pitch),
            self.beats[onset.clamp(0, MAX_BEAT)],
            torch.bmm(_chosen(position, TICKS), self.position),
            self.beats[beat.clamp(0, MAX_BEAT)],
            torch.bmm(_chosen(duration.clamp(0, LONGEST), LONGEST + 1), self.duration),
            self.frequencies[row],
            entry,
            hints[:, None].expand(-1, notes, -1, -1).flatten(1, 2),
        ]
        return numbers, torch.cat(columns, 2) * self.mask[:, None, NUMBERS:]


def _chosen(index: Tensor, rows: int) -> Tensor:
    """Return what picks rows of a table in a matrix product, whose gradient needs no sorting."""
    return (index[..., None] == torch.arange(rows, device=index.device)).float()


def _turned(x: Tensor, turn: Tensor | None) -> Tensor:
    """Return (networks, notes, excerpts, columns) with the notes of each excerpt from last to first."""
    assert turn is not None
    return x.gather(1, turn[..., None].expand_as(x))
