"""Excerpts for training: what a piece may look like when another player plays a part of it in another key."""

from dataclasses import dataclass

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
    loose: float = 0.2
    """Share that is played off the beat grid: at a tempo of its own, shifted, and uneven."""
    unevenness: float = 1.0
    """Standard deviation of a loose chord's onset, in ticks."""


def excerpt(piece: Piece, how: Augmentation, draws: np.random.Generator) -> Piece:
    """Return a random excerpt of ``piece``; the notes keep their order."""
    start = 0
    if draws.random() >= how.from_start:
        start = int(draws.integers(0, max(1, len(piece) - how.longest // 2)))
    onset, pitch, duration, part = (column[start : start + how.longest] for column in piece.columns)
    low, high = how.transpositions
    pitch = (pitch + draws.integers(low, high + 1)).clip(0, 127)
    if draws.random() < how.moved:
        onset = onset + TICKS * 4 * draws.integers(1, 17)
    if draws.random() < how.loose:
        onset = loosen(onset, how.unevenness, draws)
    kept = np.ones(len(onset), bool)
    if draws.random() < how.thinned:
        kept = draws.random(len(onset)) >= draws.uniform(0, how.thinning)
    if draws.random() < how.solo:
        kept &= part != draws.integers(0, part.max() + 1)
    kept[0] |= not kept.any()  # never an empty excerpt
    return Piece(piece.name, onset[kept], pitch[kept], duration[kept], part[kept])


def loosen(onset: np.ndarray, unevenness: float, draws: np.random.Generator) -> np.ndarray:
    """Return onsets as a player who does not hear the host's beat would give them; chords stay together."""
    chords, chord_of = np.unique(onset, return_inverse=True)
    played = (chords - chords[0]) * draws.uniform(0.8, 1.25) + draws.normal(0, unevenness, len(chords))
    played = np.rint(chords[0] + played + draws.uniform(0, TICKS)).astype(np.int64)
    return np.maximum.accumulate(played.clip(0))[chord_of]
