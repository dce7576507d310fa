"""Notes to rows of six codes and back (Dong et al., ICASSP 2023, section on representation).

A row is (type, beat, position, pitch, duration, instrument). In all fields but the type, 0 is undefined. The
codes are those of the authors' ``representation.py`` (resolution 12, 32 durations), which give the published
number of parameters; the ``encoding.json`` beside it is of another version.
"""

import numpy as np
import numpy.typing as npt

from realtime.music.mmt.instruments import DROPPED, INSTRUMENT_OF, INSTRUMENTS, PROGRAM_OF, PROGRAMS

RESOLUTION = 12
"""Ticks per beat, which is a quarter note."""
BEATS = 256
"""Beats that the model can name; those from this one on are left out."""
PITCHES = 128

FIELDS = ("type", "beat", "position", "pitch", "duration", "instrument")
TYPE, BEAT, POSITION, PITCH, DURATION, INSTRUMENT = range(6)
START_OF_SONG, ANNOUNCEMENT, START_OF_NOTES, NOTE, END_OF_SONG = range(5)
"""The types of a row; an announcement names an instrument of the piece."""

DURATIONS = np.array(
    [*range(1, 13), 15, 16, 18, 20, 21, 24, 30, 36, 40, 42, 48, 60, 72, 84, 96, 120, 144, 168, 192, 384]
)
"""Ticks by code - 1, ascending."""

SIZES = (5, BEATS + 1, RESOLUTION + 1, PITCHES + 1, len(DURATIONS) + 1, INSTRUMENTS + 1)
"""Number of codes of each field."""

ONSET, KEY, LENGTH, PROGRAM = range(4)
"""Columns of a table of notes."""
NOTE_COLUMNS = ("onset", "pitch", "duration", "program")

Notes = np.ndarray
"""Shape (notes, 4), int64: onset and duration in ticks, pitch as a MIDI key, General MIDI program from 0."""
Rows = np.ndarray
"""Shape (rows, 6), int64: codes of ``FIELDS``."""


def duration_code(ticks: npt.ArrayLike) -> np.ndarray:
    """Return the code of the nearest duration, of two the shorter; any shape, int64.

    What is shorter than a tick counts as one, what is longer than the longest as the longest.
    """
    ticks = np.clip(np.asarray(ticks, np.int64), DURATIONS[0], DURATIONS[-1])
    above = np.searchsorted(DURATIONS, ticks)
    below = np.maximum(above - 1, 0)
    return np.where(ticks - DURATIONS[below] <= DURATIONS[above] - ticks, below, above) + 1


def as_notes(notes: npt.ArrayLike) -> Notes:
    """Return a table of notes as int64.

    Raises:
        ValueError: it has another shape, or a value is out of range.
    """
    table = np.asarray(notes)
    table = np.zeros((0, 4), np.int64) if table.size == 0 else table
    if table.ndim != 2 or table.shape[1] != len(NOTE_COLUMNS) or not np.issubdtype(table.dtype, np.integer):
        raise ValueError(f"notes are a table of whole numbers, {', '.join(NOTE_COLUMNS)}; not {table.shape}")
    table = table.astype(np.int64)
    highest = np.array([np.iinfo(np.int64).max, PITCHES - 1, np.iinfo(np.int64).max, PROGRAMS - 1])
    wrong = np.argwhere((table < 0) | (table > highest))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(f"note {row} has the {NOTE_COLUMNS[column]} {table[row, column]}, out of range")
    return table


def tidy(notes: npt.ArrayLike) -> Notes:
    """Return the notes as they are encoded: known programs only, sorted, each once.

    They are sorted by (onset, pitch, duration, program), and duplicates are dropped before programs merge
    into instruments. Notes of no duration last a tick; the first note is moved into the first beat.

    Raises:
        ValueError: as for ``as_notes``.
    """
    table = as_notes(notes)
    table = table[INSTRUMENT_OF[table[:, PROGRAM]] != DROPPED]
    table[:, LENGTH] = np.maximum(table[:, LENGTH], 1)
    table = np.unique(table, axis=0)
    if len(table):
        table[:, ONSET] -= table[0, ONSET] // RESOLUTION * RESOLUTION
    return table


def encode(notes: npt.ArrayLike) -> Rows:
    """Return the rows of a piece: start, announcements by code, start of notes, notes, end.

    Notes from beat ``BEATS`` on are left out, and so are instruments that play none of the others.

    Raises:
        ValueError: as for ``as_notes``.
    """
    table = tidy(notes)
    table = table[table[:, ONSET] < BEATS * RESOLUTION]
    instrument = INSTRUMENT_OF[table[:, PROGRAM]]
    onset = table[:, ONSET]
    columns = (
        np.full(len(table), NOTE),
        onset // RESOLUTION + 1,
        onset % RESOLUTION + 1,
        table[:, KEY] + 1,
        duration_code(table[:, LENGTH]),
        instrument,
    )
    return np.concatenate([announce(np.unique(instrument)), np.stack(columns, axis=1), row(END_OF_SONG)])


def announce(instruments: npt.ArrayLike) -> Rows:
    """Return the rows before the notes: start of song, one for each instrument code by code, start of notes.

    Raises:
        ValueError: a code is none of an instrument.
    """
    codes = np.unique(np.asarray(instruments, np.int64))
    if len(codes) and not (codes[0] > DROPPED and codes[-1] <= INSTRUMENTS):
        raise ValueError(f"instruments have codes from 1 to {INSTRUMENTS}; got {codes.tolist()}")
    rows = [row(START_OF_SONG), *(row(ANNOUNCEMENT, int(code)) for code in codes), row(START_OF_NOTES)]
    return np.concatenate(rows)


def row(type_: int, instrument: int = 0) -> Rows:
    """Return one row that is no note, shape (1, 6)."""
    return np.array([[type_, 0, 0, 0, 0, instrument]])


def as_rows(rows: npt.ArrayLike) -> Rows:
    """Return rows as int64.

    Raises:
        ValueError: they have another shape, or a code is out of range.
    """
    table = np.asarray(rows)
    table = np.zeros((0, len(FIELDS)), np.int64) if table.size == 0 else table
    if table.ndim != 2 or table.shape[1] != len(FIELDS) or not np.issubdtype(table.dtype, np.integer):
        raise ValueError(f"rows have the six fields {', '.join(FIELDS)}, whole numbers; not {table.shape}")
    wrong = np.argwhere((table < 0) | (table >= np.array(SIZES)))
    if len(wrong):
        at, field = wrong[0]
        raise ValueError(f"row {at} has the {FIELDS[field]} code {table[at, field]}, out of range")
    return table.astype(np.int64)


def decode(rows: npt.ArrayLike) -> Notes:
    """Return the notes in ``rows`` up to the end of song, in their order.

    Each instrument is played by its own program. Rows before the notes, and notes with a field that is
    undefined, are left out.

    Raises:
        ValueError: as for ``as_rows``.
    """
    table = as_rows(rows)
    ends = np.flatnonzero(table[:, TYPE] == END_OF_SONG)
    table = table[: ends[0]] if len(ends) else table
    table = table[(table[:, TYPE] == NOTE) & (table[:, BEAT:] > 0).all(axis=1)]
    columns = (
        (table[:, BEAT] - 1) * RESOLUTION + table[:, POSITION] - 1,
        table[:, PITCH] - 1,
        DURATIONS[table[:, DURATION] - 1],
        PROGRAM_OF[table[:, INSTRUMENT]],
    )
    return np.stack(columns, axis=1)
