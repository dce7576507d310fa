"""A MIDI file as tracks of notes on a grid of ticks, by the rules of Dong et al., ISMIR 2021 (4.1)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from offline.score import TICKS
from realtime.music.smf import NOTE_OFF, NOTE_ON, read_performance

PROGRAM_CHANGE = 0xC0
DRUMS = 9
"""MIDI channel 10, counted from 0."""


class Track(NamedTuple):
    """The notes that one track of a file plays on one channel with one program."""

    name: str
    program: int
    """General MIDI program, counted from 0; 0 where the file names none."""
    drums: bool
    notes: np.ndarray
    """(onset, pitch, duration), int64 (notes, 3), times in ticks; a duration may be 0."""


class Sheet(NamedTuple):
    """What a MIDI file holds."""

    tracks: list[Track]
    seconds: float
    """How long it lasts at its own tempo."""


def read_sheet(path: Path, ticks: int = TICKS) -> Sheet:
    """Return the tracks of a MIDI file, their notes rounded to ``ticks`` per quarter note.

    A key that is struck again before it was let go begins a new note.

    Raises:
        ValueError: it can't be read as a performance (``SmfError``).
        OSError: it can't be opened.
    """
    performance = read_performance(path)
    events = performance.events
    scale = ticks / performance.resolution
    found: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    programs: dict[tuple[int, int], int] = {}
    held: dict[tuple[int, int, int], tuple[int, int]] = {}

    def release(key: tuple[int, int, int], tick: int) -> None:
        program, onset = held.pop(key)
        note = round(onset * scale), key[2], round((tick - onset) * scale)
        found.setdefault((*key[:2], program), []).append(note)

    kinds = events["status"] & 0xF0
    rows = zip(*(events[name].tolist() for name in ("tick", "track", "channel", "data1")), strict=True)
    for kind, (tick, track, channel, data) in zip(kinds.tolist(), rows, strict=True):
        if kind == PROGRAM_CHANGE:
            programs[track, channel] = data
        elif kind in (NOTE_ON, NOTE_OFF):
            key = track, channel, data
            if key in held:
                release(key, tick)
            if kind == NOTE_ON:
                # Of its own track first: files of many tracks use one channel for several.
                held[key] = programs.get((track, channel), 0), tick
    tracks = [
        Track(performance.names[track], program, channel == DRUMS, np.array(notes, np.int64))
        for (track, channel, program), notes in sorted(found.items())
    ]
    return Sheet(tracks, performance.seconds)
