"""What the Multitrack Music Transformer goes on from: its three modes (Dong et al., ICASSP 2023)."""

import numpy as np
import numpy.typing as npt

from realtime.music.mmt.representation import (
    BEAT,
    END_OF_SONG,
    NOTE,
    START_OF_SONG,
    TYPE,
    Rows,
    announce,
    as_rows,
    row,
)


def unconditioned() -> Rows:
    """Return the prompt that leaves everything open: the start of a song."""
    return row(START_OF_SONG)


def instrument_informed(rows: npt.ArrayLike) -> Rows:
    """Return the rows before the first note: the instruments are given, the music is not.

    Raises:
        ValueError: as for ``as_rows``.
    """
    table = as_rows(rows)
    return _before(table, table[:, TYPE] >= NOTE)


def instruments_given(instruments: npt.ArrayLike) -> Rows:
    """Return the same prompt for instrument codes instead of a piece.

    Raises:
        ValueError: a code is none of an instrument.
    """
    return announce(instruments)


def continuation(rows: npt.ArrayLike, beats: int) -> Rows:
    """Return the rows before the first note at beat ``beats`` or later; of a shorter piece, all but its end.

    Raises:
        ValueError: as for ``as_rows``, or ``beats`` is below 1.
    """
    if beats < 1:
        raise ValueError(f"a continuation needs at least one beat to go on from, not {beats}")
    table = as_rows(rows)
    return _before(table, (table[:, BEAT] >= beats + 1) | (table[:, TYPE] == END_OF_SONG))


def _before(table: Rows, stops: np.ndarray) -> Rows:
    """Return the rows before the first one that stops; all of them where none does."""
    found = np.flatnonzero(stops)
    kept = table[: found[0]] if len(found) else table
    return kept if len(kept) else unconditioned()
