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
from offline.mmt.recipe import Recipe
from offline.mmt.representations import REPRESENTATIONS, Representation
from realtime.music.mmt.representation import BEATS, KEY, ONSET, PITCHES, RESOLUTION, Notes, Rows

LOWEST, HIGHEST = -5, 6
"""Semitones that a piece is moved by, at random."""
TRIES, ENOUGH = 10, 10
"""How often another stretch of a piece is drawn, until it has more notes than this."""
ROWS_OF_A_TURN, TURNS = 512, 8
"""A round of excerpts shows a piece once for so many of its notes, but not more often than this."""
FROM_THE_START = 0.25
"""Share of the excerpts that begin where the piece does."""
MULTIPLE = 64
"""Batches are filled to a multiple of so many rows: few shapes, which compiled code likes."""


def augment(notes: Notes, draws: np.random.Generator, most: int = BEATS) -> Notes:
    """Return the notes in a random key, and of a long piece a random stretch of beats, as published."""
    moved = notes.copy()
    moved[:, KEY] = np.clip(moved[:, KEY] + draws.integers(LOWEST, HIGHEST + 1), 0, PITCHES - 1)
    beats = int(notes[-1, ONSET]) // RESOLUTION + 1
    if beats <= most:
        return moved
    stretch = moved[:0]
    for _ in range(TRIES):
        begin = int(draws.integers(beats - most + 1)) * RESOLUTION
        first, last = np.searchsorted(moved[:, ONSET], [begin, begin + most * RESOLUTION])
        stretch = moved[first:last]
        if len(stretch) > ENOUGH:
            break
    return stretch


def cut(rows: Rows, context: int, end: Rows = REPRESENTATIONS["mmt"].end) -> Rows:
    """Return the first rows, at most ``context``, of which the last is then the end of song, as published."""
    return rows if len(rows) <= context else np.concatenate([rows[: context - 1], end])


def excerpt(
    notes: Notes, rows: int, draws: np.random.Generator, form: Representation = REPRESENTATIONS["mmt"]
) -> Rows:
    """Return rows of a stretch of a piece in a random key, at most ``rows``.

    It begins with any beat that leaves half of the rows at least, where there are so many, and announces
    what plays within the beats that have a code. It has an end only where the piece has its own.
    """
    moved = notes.copy()
    moved[:, KEY] = np.clip(moved[:, KEY] + draws.integers(LOWEST, HIGHEST + 1), 0, PITCHES - 1)
    first = int(draws.integers(max(1, len(notes) - rows // form.per_note // 2)))
    first = 0 if draws.random() < FROM_THE_START else first
    begin = int(notes[first, ONSET]) // RESOLUTION * RESOLUTION
    at, until = np.searchsorted(moved[:, ONSET], [begin, begin + form.beats * RESOLUTION])
    table = form.encode(moved[at:until])
    return table[: min(rows, len(table) - (until < len(notes)))]


def collate(pieces: Sequence[Rows]) -> tuple[Tensor, Tensor]:
    """Return rows and the rows that come after them, both (pieces, longest, fields), int64.

    Rows that fill the batch are 0; as targets they are ``IGNORED``.
    """
    longest = max(len(piece) - 1 for piece in pieces)
    longest += -longest % MULTIPLE
    rows = torch.zeros(len(pieces), longest, pieces[0].shape[1], dtype=torch.int64)
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
    """The batch of each step: every piece once before any comes again, each time augmented anew.

    Of excerpts, long pieces have several before any other comes again.
    """

    def __init__(self, pieces: Tables, recipe: Recipe, context: int, share: Share):
        self.pieces, self.recipe, self.context, self.share = pieces, recipe, context, share
        self.form = REPRESENTATIONS[recipe.representation]
        turns = [1] * len(pieces)
        if recipe.rows:
            turns = [min(TURNS, 1 + len(pieces[n]) // ROWS_OF_A_TURN) for n in range(len(pieces))]
        self.shown = np.repeat(np.arange(len(pieces)), turns)
        self._firsts = np.cumsum([0, *map(recipe.pieces_at, range(max(1, len(recipe.rows))))])
        self._order = lru_cache(maxsize=2)(self._order_of)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's share of the batch of a step, as ``collate`` does."""
        turn, at = divmod(step, len(self._firsts) - 1)
        first = turn * self._firsts[-1] + self._firsts[at]
        places = range(first + self.share.rank, first + self.recipe.pieces_at(step), self.share.world)
        rows = self.recipe.rows[at] if self.recipe.rows else 0
        return collate([self.rows(place, rows) for place in places])

    def rows(self, place: int, rows: int = 0) -> Rows:
        """Return the piece at a place among all that are shown in the run, augmented.

        ``rows`` is how many targets its excerpt has at most; 0 is none, but the piece as published.
        """
        round_, at = divmod(place, len(self.shown))
        notes = self.pieces[int(self.shown[self._order(round_)[at]])]
        draws, form = np.random.default_rng([self.recipe.seed, 1, place]), self.form
        if rows:
            return excerpt(notes, min(rows, self.context) + 1, draws, form)
        return cut(form.encode(augment(notes, draws, form.beats)), self.context, form.end)

    def _order_of(self, round_: int) -> np.ndarray:
        return np.random.default_rng([self.recipe.seed, 0, round_]).permutation(len(self.shown))

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name not in ("_order", "form")}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self.form = REPRESENTATIONS[self.recipe.representation]
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


def validation_batches(
    pieces: Tables, recipe: Recipe, context: int, share: Share
) -> list[tuple[Tensor, Tensor]]:
    """Return this process's share of the first beats of the pieces, those of a length together."""
    chosen = range(len(pieces))
    if recipe.held:
        chosen = np.unique(np.linspace(0, len(pieces) - 1, recipe.held).round().astype(int)).tolist()
    form = REPRESENTATIONS[recipe.representation]
    rows = [
        beginning(pieces[n], context, form) if recipe.rows else cut(form.encode(pieces[n]), context, form.end)
        for n in chosen
    ]
    rows = sorted(rows, key=len)[share.rank :: share.world]
    return [collate(rows[at : at + recipe.batch]) for at in range(0, len(rows), recipe.batch)]


def beginning(notes: Notes, context: int, form: Representation = REPRESENTATIONS["mmt"]) -> Rows:
    """Return the first rows of a piece, one more than the context so that each has a next one.

    The end is there only where it is the piece's own.
    """
    rows = form.encode(notes)
    beyond = notes[-1, ONSET] // RESOLUTION - notes[0, ONSET] // RESOLUTION >= form.beats
    return rows[: min(context + 1, len(rows) - bool(beyond))]
