"""Excerpts drawn where the network is: the music as a few long columns, and a plan of all draws."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from offline.lstm import IGNORED
from offline.paper.excerpts import LIGHT, UNUSED, Batch, Sounding, make_batch

NEVER = 1 << 40
"""Place of the first note of a part that has none."""


class Flat(NamedTuple):
    """The pieces of several streams, one after the other; all int64."""

    pitch: Tensor
    onset: Tensor
    duration: Tensor
    part: Tensor
    entry: Tensor
    """Place in its piece of each part's first note, (pieces, parts), or ``NEVER``."""
    mean: Tensor
    """Pitch hints, (pieces, parts)."""


class Plan(NamedTuple):
    """What is drawn at each step, int64 (steps, streams, excerpts)."""

    piece: Tensor
    begin: Tensor
    """First note of the excerpt, counted from the first of all notes."""
    start: Tensor
    """The same, counted from the first of the piece."""
    length: Tensor
    moved: Tensor
    """Semitones."""


def flatten(streams: Sequence[Sequence[Sounding]], most: int, device: torch.device) -> Flat:
    """Return the pieces of all streams on ``device``, with hints of ``most`` parts."""
    pieces = [piece for stream in streams for piece in stream]
    names = ("pitch", "onset", "duration", "part")
    columns = [np.concatenate([getattr(piece, name) for piece in pieces]) for name in names]
    entry = np.full((len(pieces), most), NEVER)
    mean = np.full((len(pieces), most), UNUSED)
    for row, piece in enumerate(pieces):
        # Of an excerpt with hints of its whole piece this would not be the part's entry.
        for part in np.unique(piece.part):
            entry[row, part] = int(np.argmax(piece.part == part))
        mean[row, : len(piece.mean)] = piece.mean
    return Flat(*(torch.from_numpy(column).to(device) for column in (*columns, entry, mean)))


def plan(
    streams: Sequence[Sequence[Sounding]],
    moves: Sequence[bool],
    steps: int,
    batch: int,
    longest: int,
    seed: int,
    device: torch.device,
) -> Plan:
    """Draw for every step ``batch`` excerpts of each stream; ``moves``: transposed, as ``draw`` does."""
    draws = np.random.default_rng(seed)
    first_piece = first_note = 0
    columns: list[list[np.ndarray]] = [[] for _ in Plan._fields]
    for stream, move in zip(streams, moves, strict=True):
        notes = np.array([len(piece) for piece in stream])
        # Every piece once before one comes again.
        rounds = -(-steps * batch // len(stream))
        order = np.concatenate([draws.permutation(len(stream)) for _ in range(rounds)])
        piece = order[: steps * batch]
        start = draws.integers(0, np.maximum(1, notes[piece] - longest + 1))
        moved = draws.integers(LIGHT[0], LIGHT[1] + 1, len(piece)) * move
        begin = first_note + (np.cumsum(notes) - notes)[piece] + start
        length = np.minimum(notes[piece] - start, longest)
        for column, values in zip(columns, (first_piece + piece, begin, start, length, moved), strict=True):
            column.append(values.reshape(steps, batch))
        first_piece, first_note = first_piece + len(stream), first_note + int(notes.sum())
    return Plan(*(torch.from_numpy(np.stack(column, 1).astype(np.int64)).to(device) for column in columns))


def gather(flat: Flat, drawn: Plan, longest: int) -> Batch:
    """Return the excerpts of one step, (streams, excerpts, ``longest``): a ``Batch`` for each stream."""
    steps = torch.arange(longest, device=flat.pitch.device)
    there = steps < drawn.length[..., None]
    at = (drawn.begin[..., None] + steps).clamp(max=len(flat.pitch) - 1)
    pitch = (flat.pitch[at] + drawn.moved[..., None]).clamp(0, 127)
    place = (drawn.start[..., None] + steps)[..., None]
    entry = flat.entry[drawn.piece][..., None, :]
    hints = torch.sign(place - entry) * (entry < NEVER) * there[..., None]
    mean = flat.mean[drawn.piece]
    moved = (mean + drawn.moved[..., None]).clamp(0, 127)
    zero = torch.zeros_like(pitch)
    return Batch(
        torch.where(there, pitch, -1),
        torch.where(there, flat.onset[at], zero),
        torch.where(there, flat.duration[at], zero),
        torch.where(there, flat.part[at], IGNORED),
        hints.float(),
        torch.where(mean == UNUSED, UNUSED, moved),
        drawn.length,
    )


def stack_batches(excerpts: Sequence[Sequence[Sounding]], most: int, longest: int) -> Batch:
    """Return the excerpts of each stream as a ``Batch`` of all, padded with excerpts of no notes."""
    count = max(map(len, excerpts))
    filled: dict[str, Any] = {"label": IGNORED, "pitch": -1, "mean": UNUSED}
    batches = [make_batch(stream) for stream in excerpts]
    columns = []
    for name in Batch._fields:
        first = getattr(batches[0], name)
        shape = [len(batches), count, *([longest] if first.dim() > 1 and name != "mean" else [])]
        shape += [most] if name in ("entry", "mean") else []
        column = torch.full(shape, filled.get(name, 0), dtype=first.dtype)
        for row, batch in zip(column, batches, strict=True):
            own = getattr(batch, name)
            row[tuple(slice(0, size) for size in own.shape)] = own
        columns.append(column)
    return Batch(*columns)
