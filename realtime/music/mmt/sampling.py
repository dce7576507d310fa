"""The next row of the Multitrack Music Transformer, drawn from its scores (Dong et al., ICASSP 2023).

For each field the codes that may not come are left out, the best of the others are kept, and one of these is
drawn. The type is drawn first; a row that is no note has no other fields.
"""

import copy
import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from realtime.music.mmt.draws import NO_NUMBERS, draw_row
from realtime.music.mmt.representation import (
    ANNOUNCEMENT,
    BEAT,
    END_OF_SONG,
    FIELDS,
    INSTRUMENT,
    NOTE,
    POSITION,
    SIZES,
    START_OF_SONG,
    TYPE,
    as_rows,
)

SCORES = sum(SIZES)
"""Scores of a row: those of each field in turn."""
SPANS = tuple(slice(a, b) for a, b in pairwise((0, *accumulate(SIZES))))
"""Where the scores of each field lie."""
THRESHOLD = 0.9
"""Share of the codes that is left out, as published."""


def kept_codes(size: int, threshold: float) -> int:
    """Return how many codes a threshold keeps of ``size``; computed in floats, as published."""
    return max(1, math.ceil((1 - threshold) * size))


@dataclass(frozen=True)
class Sampling:
    """How rows are drawn; six values are one for each of ``FIELDS``, one value is for all.

    Raises:
        ValueError: a value makes no sense.
    """

    temperature: float | tuple[float, ...] = 1.0
    """Above 1 more even, below 1 less; 0 takes the best code."""
    threshold: float | tuple[float, ...] = THRESHOLD
    """Share of the codes of a field that is never drawn; at 0.9 the type is always the best."""
    announced: bool = False
    """Whether notes keep to the instruments that were announced, where there are any."""
    strict: bool = False
    """Whether rows keep to the order that encoded music has, beyond what is published.

    Instruments by code and each once, one start of notes before the first note, no way back within a beat.
    """
    ends: bool = True
    """Whether the song may end."""

    def __post_init__(self):
        for name, most in (("temperature", math.inf), ("threshold", 1.0)):
            values = _six(getattr(self, name))
            if len(values) != len(FIELDS) or not all(0 <= value <= most for value in values):
                raise ValueError(
                    f"the {name} is a number from 0 to {most:g} or six of them, one for each of "
                    f"{', '.join(FIELDS)}; not {getattr(self, name)}"
                )

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Temperature of each field."""
        return _six(self.temperature)

    @property
    def kept(self) -> tuple[int, ...]:
        """Number of codes that are kept of each field."""
        return tuple(map(kept_codes, SIZES, _six(self.threshold)))


def _six(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * len(FIELDS)


GREEDY = Sampling(temperature=0.0)


CHANCES = 256
"""Numbers that are drawn at once."""


class Sampler:
    """Draws row after row, and knows what may come after those that it was shown or drew itself.

    Types and beats never go back. ``type``, ``beat``, ``position`` and ``instrument`` are the latest codes,
    and may be set. Of a generator that is given as the seed, numbers are taken ahead of time.
    """

    def __init__(self, sampling: Sampling, seed: int | np.random.Generator = 0):
        self.sampling = sampling
        self.draws = np.random.default_rng(seed)
        self.type = START_OF_SONG
        self.beat = self.position = self.instrument = 0
        self._options = np.array([sampling.strict, sampling.ends])
        self._kept, self._temperatures = np.array(sampling.kept), np.array(sampling.temperatures, np.float64)
        self._bound = np.zeros(2, np.int64)
        self._announced = np.zeros(SIZES[INSTRUMENT], bool)
        self._chosen: np.ndarray | None = None
        self._all = np.ones(SIZES[INSTRUMENT], bool)
        self._all[0] = False
        self._chances, self._used = np.zeros(0), 0
        self._work = np.zeros((2, max(SIZES)))

    @property
    def ended(self) -> bool:
        """Whether the song has ended."""
        return self.type == END_OF_SONG

    def not_before(self, beat: int, position: int = 0) -> None:
        """Let no note begin before the position (code) of the beat (code); 0 and 0 undo that."""
        self._bound = np.array([beat, position])

    def allow(self, instruments: npt.ArrayLike | None) -> None:
        """Let nothing but these instruments (codes) be announced or play; None leaves it to ``sampling``.

        Raises:
            ValueError: there are none, or a code is none of an instrument.
        """
        if instruments is None:
            self._chosen = None
            return
        codes = np.asarray(instruments, np.int64).reshape(-1)
        if not len(codes) or codes.min() < 1 or codes.max() >= SIZES[INSTRUMENT]:
            raise ValueError(
                f"instruments are one or more codes from 1 to {SIZES[INSTRUMENT] - 1}; got {codes.tolist()}"
            )
        self._chosen = np.zeros(SIZES[INSTRUMENT], bool)
        self._chosen[codes] = True

    def clone(self) -> "Sampler":
        """Return a sampler that goes on as this one would: to go back to it takes draws back."""
        twin = copy.copy(self)
        twin.draws = copy.deepcopy(self.draws)
        twin._announced = self._announced.copy()
        return twin

    def observe(self, rows: npt.ArrayLike) -> None:
        """Take rows, of shape (rows, 6), as having come.

        Raises:
            ValueError: they are no rows.
        """
        for row in as_rows(rows).tolist():
            self._observe(row)

    def _observe(self, row: list[int]) -> None:
        self.type = max(self.type, row[TYPE])
        if row[TYPE] == ANNOUNCEMENT:
            self.instrument = row[INSTRUMENT]
            self._announced[row[INSTRUMENT]] = True
        elif row[TYPE] == NOTE:
            if row[BEAT] > self.beat:
                self.beat, self.position = row[BEAT], 0
            if row[BEAT] == self.beat:
                self.position = max(self.position, row[POSITION])

    def draw(self, scores: np.ndarray) -> np.ndarray:
        """Return the next row, shape (6,), int64; ``scores`` has the shape (``SCORES``,).

        Raises:
            ValueError: the song has ended, or a score is not a number.
        """
        if self.ended:
            raise ValueError("the song has ended: nothing comes after the end of song")
        left = self._chances[self._used :]
        if len(left) < len(FIELDS):
            left = self._chances = np.concatenate([left, self.draws.random(CHANCES)])
            self._used = 0
        notes = announced = self._all if self._chosen is None else self._chosen
        if self._chosen is None and self.sampling.announced and self._announced.any():
            notes = self._announced
        row = np.zeros(len(FIELDS), np.int64)
        used = draw_row(
            np.ascontiguousarray(scores, np.float64),
            np.array([self.type, self.beat, self.position, self.instrument]),
            self._bound,
            np.stack([notes, announced]),
            self._options,
            self._kept,
            self._temperatures,
            left,
            self._work,
            row,
        )
        if used == NO_NUMBERS:
            raise ValueError("the model gives scores that are no numbers: its weights are damaged")
        self._used += used
        self._observe(row.tolist())
        return row
