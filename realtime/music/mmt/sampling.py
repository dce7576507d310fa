"""The next row of the Multitrack Music Transformer, drawn from its scores (Dong et al., ICASSP 2023).

For each field the codes that may not come are left out, the best of the others are kept, and one of these is
drawn. The type is drawn first; a row that is no note has no other fields.
"""

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from realtime.music.mmt.representation import (
    ANNOUNCEMENT,
    BEAT,
    END_OF_SONG,
    FIELDS,
    INSTRUMENT,
    NOTE,
    POSITION,
    SIZES,
    START_OF_NOTES,
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


class Sampler:
    """Draws row after row, and knows what may come after those that it was shown or drew itself.

    Types and beats never go back.
    """

    def __init__(self, sampling: Sampling, seed: int | np.random.Generator = 0):
        self.sampling = sampling
        self.draws = np.random.default_rng(seed)
        self._kept, self._temperatures = sampling.kept, sampling.temperatures
        self.type = START_OF_SONG
        self.beat = self.position = self.instrument = 0
        """Latest codes."""
        self._allowed = np.zeros(SIZES[INSTRUMENT], bool)

    @property
    def ended(self) -> bool:
        """Whether the song has ended."""
        return self.type == END_OF_SONG

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
            self._allowed[row[INSTRUMENT]] = True
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
        if np.isnan(scores).any():
            raise ValueError("the model gives scores that are no numbers: its weights are damaged")
        row = [0] * len(FIELDS)
        row[TYPE] = self._draw(scores, TYPE, self._types())
        if row[TYPE] == ANNOUNCEMENT:
            row[INSTRUMENT] = self._draw(scores, INSTRUMENT, self._announceable())
        elif row[TYPE] == NOTE:
            for field in range(BEAT, len(FIELDS)):
                row[field] = self._draw(scores, field, self._codes(field, row))
        self._observe(row)
        return np.array(row)

    def _types(self) -> np.ndarray:
        """Return the types that may come."""
        first, last = self.type, END_OF_SONG if self.sampling.ends else NOTE
        if self.sampling.strict:
            spent = self.type == ANNOUNCEMENT and self.instrument == SIZES[INSTRUMENT] - 1
            first = NOTE if self.type >= START_OF_NOTES else START_OF_NOTES if spent else self.type
            last = last if self.type >= START_OF_NOTES else START_OF_NOTES
        return np.arange(max(first, ANNOUNCEMENT), last + 1)

    def _announceable(self) -> np.ndarray:
        """Return the instruments that may be announced."""
        return np.arange(self.instrument + 1 if self.sampling.strict else 1, SIZES[INSTRUMENT])

    def _codes(self, field: int, row: list[int]) -> np.ndarray:
        """Return the codes of a note's field that may come, where the fields before it are in ``row``."""
        first = 1
        if field == BEAT:
            first = max(1, self.beat)
        elif field == POSITION and self.sampling.strict and row[BEAT] == self.beat:
            first = max(1, self.position)
        elif field == INSTRUMENT and self.sampling.announced and self._allowed.any():
            return np.flatnonzero(self._allowed)
        return np.arange(first, SIZES[field])

    def _draw(self, scores: np.ndarray, field: int, codes: np.ndarray) -> int:
        """Return one of ``codes``, none of which the field's filter or the temperature forbids."""
        own = scores[SPANS[field]][codes].astype(np.float64)
        if len(own) > self._kept[field]:
            best = np.sort(np.argpartition(-own, self._kept[field] - 1)[: self._kept[field]])
            codes, own = codes[best], own[best]
        temperature = self._temperatures[field]
        # Drawn even where there is no choice, so that options don't shift the numbers that follow.
        chance = self.draws.random()
        if temperature == 0 or len(own) == 1:
            return int(codes[own.argmax()])
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            shares = np.exp((own - own.max()) / temperature)
        shares = np.nan_to_num(shares, nan=1.0).cumsum()
        return int(codes[min(np.searchsorted(shares, chance * shares[-1], "right"), len(codes) - 1)])
