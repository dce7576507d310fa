"""Excerpts for training: what a piece may look like when another player plays a part of it in another key."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from offline.score import TICKS, Piece


@dataclass(frozen=True)
class Augmentation:
    """How far an excerpt may differ from the piece; each share is of the excerpts."""

    longest: int = 200
    """Notes of an excerpt at most."""
    from_start: float = 0.5
    """Share that begins where the piece does, as a player does."""
    transpositions: tuple[int, int] = (-5, 6)
    """Lowest and highest, in semitones (Dong et al., ISMIR 2021, section 4.3)."""
    thinned: float = 0.3
    """Share from which single notes are left out, so that chords of fewer notes are known too."""
    thinning: float = 0.2
    """Largest share of notes that is left out of such an excerpt."""
    solo: float = 0.05
    """Share in which one part is silent."""
    moved: float = 0.3
    """Share that begins some bars later, so that no piece is known by where it stands."""
    loose: float = 0.4
    """Share that is played as by hand: off the beat grid, unevenly, and on one keyboard."""
    unevenness: float = 1.0
    """Standard deviation of a loose chord's onset, in ticks."""
    spread: float = 0.6
    """Largest standard deviation of a note's onset within a loose chord, in ticks."""


def excerpt(piece: Piece, how: Augmentation, draws: np.random.Generator) -> Piece:
    """Return a random excerpt of ``piece``."""
    start = 0
    if draws.random() >= how.from_start:
        start = int(draws.integers(0, max(1, len(piece) - how.longest // 2)))
    played = select(piece, np.arange(start, min(start + how.longest, len(piece))))
    low, high = how.transpositions
    moved = TICKS * 4 * draws.integers(1, 17) if draws.random() < how.moved else 0
    played = replace(
        played,
        pitch=(played.pitch + draws.integers(low, high + 1)).clip(0, 127),
        onset=played.onset + moved,
    )
    if draws.random() < how.loose:
        played = loosen(played, how.unevenness, draws.uniform(0, how.spread), draws)
    kept = np.ones(len(played), bool)
    if draws.random() < how.thinned:
        kept = draws.random(len(played)) >= draws.uniform(0, how.thinning)
    if draws.random() < how.solo:
        kept &= played.part != draws.integers(0, played.part.max() + 1)
    kept[0] |= not kept.any()  # never an empty excerpt
    return select(played, kept)


def chosen_pieces(training: Sequence[Piece], excerpts: int, draws: np.random.Generator) -> np.ndarray:
    """Return the places of the pieces that an epoch takes its excerpts from, in a random order."""
    if not excerpts:
        return draws.permutation(len(training))
    length = np.array([len(piece) for piece in training], float)
    return draws.choice(len(training), excerpts, p=length / length.sum())


def loosen(piece: Piece, unevenness: float, spread: float, draws: np.random.Generator) -> Piece:
    """Return ``piece`` as a player gives it who does not hear the host's beat.

    At a tempo of its own and shifted; each chord off its place by ``unevenness`` ticks, each note by
    ``spread`` more, in standard deviations. The notes come in the order in which they are played. Of
    voices in unison one note is left: they share a key.
    """
    chords, chord_of = np.unique(piece.onset, return_inverse=True)
    times = (chords - chords[0]) * draws.uniform(0.8, 1.25) + draws.normal(0, unevenness, len(chords))
    times = np.maximum.accumulate(chords[0] + times + draws.uniform(0, TICKS))
    played = times[chord_of] + draws.normal(0, spread, len(piece))
    loose = replace(piece, onset=np.rint(played).astype(np.int64).clip(0))
    _, keys = np.unique(np.stack([chord_of, piece.pitch]), axis=1, return_index=True)
    return select(loose, keys[np.argsort(played[keys], kind="stable")])


def select(piece: Piece, which: np.ndarray) -> Piece:
    """Return the notes of ``piece`` that a mask or a list of indices picks, in that order."""
    chances = None if piece.chances is None else piece.chances[which]
    return Piece(piece.name, *(column[which] for column in piece.columns), chances=chances)
