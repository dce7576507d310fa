"""Music as the paper's model and its baselines read it: one interface, so that one training serves all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from offline.mmt.baselines import BEATS as BASELINE_BEATS
from offline.mmt.baselines import MMM, REMI, Vocabulary, decode_mmm, decode_remi, encode_mmm, encode_remi
from realtime.music.mmt.prompts import unconditioned
from realtime.music.mmt.representation import (
    BEATS,
    END_OF_SONG,
    FIELDS,
    SIZES,
    Notes,
    Rows,
    decode,
    encode,
    row,
)
from realtime.music.mmt.sampling import Sampler, Sampling, kept_codes


class Draws(Protocol):
    """Draws row after row, and knows what may come after those that it was shown or drew itself."""

    @property
    def ended(self) -> bool:
        """Whether the song has ended."""
        ...

    def observe(self, rows: Rows, /) -> None:
        """Take rows as having come."""
        ...

    def draw(self, scores: np.ndarray, /) -> np.ndarray:
        """Return the next row."""
        ...


@dataclass(frozen=True)
class Representation:
    """How notes become rows of codes, and back."""

    title: str
    fields: tuple[str, ...]
    codes: tuple[int, ...]
    """Of each field."""
    beats: int
    """That have a code; later notes are left out."""
    per_note: int
    """Rows that a note takes, about."""
    start: Rows
    """What comes before anything else."""
    end: Rows
    encode: Callable[[Notes], Rows]
    decode: Callable[[Rows], Notes]
    sampler: Callable[[Sampling, np.random.Generator], Draws]


class TokenSampler:
    """Draws tokens: the best of them are kept, as many as the threshold of the first field says."""

    def __init__(self, vocabulary: Vocabulary, sampling: Sampling, draws: np.random.Generator):
        self.end, self.draws, self.ended = vocabulary.token("end_of_song"), draws, False
        self._never = [0, vocabulary.token("start_of_song")]
        share = sampling.threshold if isinstance(sampling.threshold, float | int) else sampling.threshold[0]
        self._kept, self._temperature = kept_codes(len(vocabulary), share), sampling.temperatures[0]

    def observe(self, rows: Rows) -> None:
        """Take tokens, of shape (tokens, 1), as having come."""
        self.ended = self.ended or bool((rows == self.end).any())

    def draw(self, scores: np.ndarray) -> np.ndarray:
        """Return the next token, shape (1,), int64."""
        allowed = scores.astype(np.float64)
        allowed[self._never] = -np.inf
        best = np.argsort(-allowed, kind="stable")[: self._kept]
        if self._temperature:
            shares = np.exp((allowed[best] - allowed[best[0]]) / self._temperature).cumsum()
            found = int(best[np.searchsorted(shares, self.draws.random() * shares[-1], "right")])
        else:
            found = int(best[0])
        self.ended = found == self.end
        return np.array([found])


def _tokens(
    title: str,
    vocabulary: Vocabulary,
    per_note: int,
    encode: Callable[[Notes], np.ndarray],
    decode: Callable[[np.ndarray], Notes],
) -> Representation:
    return Representation(
        title,
        ("token",),
        (len(vocabulary),),
        BASELINE_BEATS,
        per_note,
        np.array([[vocabulary.token("start_of_song")]]),
        np.array([[vocabulary.token("end_of_song")]]),
        lambda notes: encode(notes)[:, None],
        lambda rows: decode(rows[:, 0]),
        lambda sampling, draws: TokenSampler(vocabulary, sampling, draws),
    )


REPRESENTATIONS: dict[str, Representation] = {
    "mmt": Representation(
        "MMT", FIELDS, SIZES, BEATS, 1, unconditioned(), row(END_OF_SONG), encode, decode, Sampler
    ),
    "mmm": _tokens("MMM-style", MMM, 4, encode_mmm, decode_mmm),
    "remi": _tokens("REMI+-style", REMI, 5, encode_remi, decode_remi),
}
