"""Pieces and excerpts as the paper's networks are given them: notes, hints and labels, in padded batches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from offline.augment import Augmentation, excerpt
from offline.lstm import IGNORED
from offline.score import Piece

UNUSED = -1
"""Mean pitch of a part that has no notes."""


@dataclass(frozen=True)
class Sounding:
    """The notes of a piece or of an excerpt, with the hints of the whole piece.

    ``pitch``, ``onset``, ``duration`` and ``part`` are int64 (notes,), as in :class:`offline.score.Piece`.
    """

    pitch: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    part: np.ndarray
    entry: np.ndarray
    """Entry hints, int8 (notes, parts)."""
    mean: np.ndarray
    """Pitch hints, int64 (parts,): the rounded mean pitch of each part, or ``UNUSED``."""

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.pitch)

    def cut(self, start: int, stop: int) -> "Sounding":
        """Return the notes from ``start`` to before ``stop``; hints stay those of the whole piece."""
        names = ("pitch", "onset", "duration", "part", "entry")
        return replace(self, **{name: getattr(self, name)[start:stop] for name in names})

    def transpose(self, semitones: int) -> "Sounding":
        """Return the notes and the pitch hints moved by ``semitones``, kept within 0 to 127."""
        mean = np.where(self.mean == UNUSED, UNUSED, (self.mean + semitones).clip(0, 127))
        return replace(self, pitch=(self.pitch + semitones).clip(0, 127), mean=mean)


def entry_hints(part: np.ndarray, parts: int) -> np.ndarray:
    """Return -1 before each part's first note, 0 at it and 1 after it, int8 (notes, parts).

    A part without notes has 0 throughout. The place of a note is its index in the sorted piece, as Dong et
    al. (ISMIR 2021, section 4.2) mean it; their released code was off by one part.
    """
    hints = np.zeros((len(part), parts), np.int8)
    for column in range(parts):
        entries = np.flatnonzero(part == column)
        if len(entries):
            hints[:, column] = np.sign(np.arange(len(part)) - entries[0])
    return hints


def pitch_hints(pitch: np.ndarray, part: np.ndarray, parts: int) -> np.ndarray:
    """Return the rounded mean pitch of each part, int64 (parts,), ``UNUSED`` for one without notes."""
    owned = [pitch[part == column] for column in range(parts)]
    return np.array([round(float(p.mean())) if len(p) else UNUSED for p in owned], np.int64)


def whole(piece: Piece, parts: int) -> Sounding:
    """Return all notes of ``piece`` with its hints."""
    hints = entry_hints(piece.part, parts), pitch_hints(piece.pitch, piece.part, parts)
    return Sounding(piece.pitch, piece.onset, piece.duration, piece.part, *hints)


AUGMENTATIONS: dict[str, Augmentation | None] = {
    "none": None,
    "light": None,
    "strong": Augmentation(longest=500, solo=0.0, moved=0.0),
}
"""Light: one transposition in [-5, 6] (Dong et al., ISMIR 2021, section 4.3). Strong: what the paper does
there is not known to us; here it is a transposition, notes left out, and chords played unevenly, off the
beat and at another tempo, as in :mod:`offline.augment`.
"""
LIGHT = (-5, 6)


def draw(
    piece: Piece, notes: Sounding, augmentation: str, longest: int, draws: np.random.Generator
) -> Sounding:
    """Return a random excerpt of at most ``longest`` notes; ``notes`` are those of ``piece``.

    Raises:
        KeyError: there is no augmentation of this name.
    """
    how = AUGMENTATIONS[augmentation]
    if how is not None:
        # Notes are left out and change places: the hints are those of the excerpt.
        return whole(excerpt(piece, replace(how, longest=longest), draws), len(notes.mean))
    start = int(draws.integers(0, max(1, len(notes) - longest + 1)))
    cut = notes.cut(start, start + longest)
    return cut.transpose(int(draws.integers(LIGHT[0], LIGHT[1] + 1))) if augmentation == "light" else cut


class Batch(NamedTuple):
    """Padded excerpts: int64 (excerpts, longest) but for the hints and ``length``.

    Pitch and mean are -1 where there is none; labels of padded steps are ``IGNORED``.
    """

    pitch: Tensor
    onset: Tensor
    duration: Tensor
    label: Tensor
    entry: Tensor
    """float32 (excerpts, longest, parts)."""
    mean: Tensor
    """int64 (excerpts, parts)."""
    length: Tensor
    """int64 (excerpts,): notes that are not padding."""

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on ``device``."""
        return Batch(*(column.to(device, non_blocking=True) for column in self))


def make_batch(excerpts: Sequence[Sounding]) -> Batch:
    """Return the excerpts padded at the end to the longest."""
    length = torch.tensor([len(e) for e in excerpts])
    shape = (len(excerpts), int(length.max()))

    def pad(name: str, value: int) -> Tensor:
        rows = torch.full(shape, value, dtype=torch.int64)
        for row, one in zip(rows, excerpts, strict=True):
            row[: len(one)] = torch.tensor(getattr(one, name))  # a copy: a corpus is read-only
        return rows

    entry = torch.zeros(*shape, len(excerpts[0].mean))
    for row, one in zip(entry, excerpts, strict=True):
        row[: len(one)] = torch.from_numpy(one.entry)
    mean = torch.from_numpy(np.stack([e.mean for e in excerpts]))
    return Batch(
        pad("pitch", -1), pad("onset", 0), pad("duration", 0), pad("part", IGNORED), entry, mean, length
    )
