"""Batches of rows from pieces: seed and step alone decide what a step sees, so a run can go on exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from offline.mmt.model import IGNORED
from realtime.music.mmt.representation import (
    BEATS,
    END_OF_SONG,
    KEY,
    ONSET,
    PITCHES,
    RESOLUTION,
    Notes,
    Rows,
    encode,
    row,
)

LOWEST, HIGHEST = -5, 6
"""Semitones that a piece is moved by, at random."""
TRIES, ENOUGH = 10, 10
"""How often another stretch of a piece is drawn, until it has more notes than this."""
MULTIPLE = 64
"""Batches are filled to a multiple of so many rows: few shapes, which compiled code likes."""


def augment(notes: Notes, draws: np.random.Generator) -> Notes:
    """Return the notes in a random key, and of a long piece a random stretch (Dong et al., ICASSP 2023)."""
    moved = notes.copy()
    moved[:, KEY] = np.clip(moved[:, KEY] + draws.integers(LOWEST, HIGHEST + 1), 0, PITCHES - 1)
    beats = int(notes[-1, ONSET]) // RESOLUTION + 1
    if beats <= BEATS:
        return moved
    stretch = moved[:0]
    for _ in range(TRIES):
        begin = int(draws.integers(beats - BEATS + 1)) * RESOLUTION
        first, last = np.searchsorted(moved[:, ONSET], [begin, begin + BEATS * RESOLUTION])
        stretch = moved[first:last]
        if len(stretch) > ENOUGH:
            break
    return stretch


def cut(rows: Rows, context: int) -> Rows:
    """Return the first rows, at most ``context``, of which the last is then the end of song, as published."""
    return rows if len(rows) <= context else np.concatenate([rows[: context - 1], row(END_OF_SONG)])


def collate(pieces: Sequence[Rows]) -> tuple[Tensor, Tensor]:
    """Return rows and the rows that come after them, both (pieces, longest, 6), int64.

    Rows that fill the batch are 0; as targets they are ``IGNORED``.
    """
    longest = max(len(piece) - 1 for piece in pieces)
    longest += -longest % MULTIPLE
    rows = torch.zeros(len(pieces), longest, 6, dtype=torch.int64)
    targets = torch.full_like(rows, IGNORED)
    for number, piece in enumerate(pieces):
        whole = torch.from_numpy(np.ascontiguousarray(piece))
        rows[number, : len(piece) - 1] = whole[:-1]
        targets[number, : len(piece) - 1] = whole[1:]
    return rows, targets


@dataclass(frozen=True)
class Share:
    """Which of the processes that train together this one is."""

    rank: int = 0
    world: int = 1


class Tables(Protocol):
    """Pieces as tables of notes: a list, or what reads them when they are asked for."""

    def __len__(self) -> int:
        """Return the number of pieces."""
        ...

    def __getitem__(self, number: int, /) -> Notes:
        """Return the notes of a piece, sorted by onset."""
        ...


class Steps(Dataset[tuple[Tensor, Tensor]]):
    """The batch of each step: every piece once before any comes again, each time augmented anew."""

    def __init__(self, pieces: Tables, batch: int, context: int, seed: int, share: Share):
        self.pieces, self.batch, self.context, self.seed, self.share = pieces, batch, context, seed, share
        self._order = lru_cache(maxsize=2)(self._order_of)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's share of the batch of a step, as ``collate`` does."""
        places = range(step * self.batch + self.share.rank, (step + 1) * self.batch, self.share.world)
        return collate([self.rows(place) for place in places])

    def rows(self, place: int) -> Rows:
        """Return the piece at a place among all that are shown in the run, augmented."""
        round_, at = divmod(place, len(self.pieces))
        notes = self.pieces[self._order(round_)[at]]
        return cut(encode(augment(notes, np.random.default_rng([self.seed, 1, place]))), self.context)

    def _order_of(self, round_: int) -> np.ndarray:
        return np.random.default_rng([self.seed, 0, round_]).permutation(len(self.pieces))

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name != "_order"}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self._order = lru_cache(maxsize=2)(self._order_of)


def batches(steps: Steps, begin: int, end: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Return the batches of the steps from ``begin`` on, made by so many processes (0: by this one)."""
    return iter(
        DataLoader(
            steps,
            batch_size=None,
            sampler=range(begin, end),
            num_workers=workers,
            pin_memory=torch.cuda.is_available(),
        )
    )


def validation_batches(pieces: Tables, batch: int, context: int, share: Share) -> list[tuple[Tensor, Tensor]]:
    """Return this process's share of the first beats of the pieces, those of a length together."""
    rows = sorted((cut(encode(pieces[n]), context) for n in range(len(pieces))), key=len)[
        share.rank :: share.world
    ]
    return [collate(rows[at : at + batch]) for at in range(0, len(rows), batch)]
