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
    kinds = events["status"] & 0xF0
    # One voice for each channel of each track: files of many tracks use one channel for several.
    voice = events["track"].astype(np.int64) << 4 | events["channel"]
    program = _programs(voice, np.where(kinds == PROGRAM_CHANGE, events["data1"].astype(np.int64), -1))

    struck = np.flatnonzero((kinds == NOTE_ON) | (kinds == NOTE_OFF))
    key = voice[struck] << 7 | events["data1"][struck]
    order = np.argsort(key, kind="stable")
    struck, key = struck[order], key[order]
    # A note ends with the next event of its key, whether that lets go or strikes again.
    begins = np.flatnonzero((kinds[struck[:-1]] == NOTE_ON) & (key[:-1] == key[1:]))
    first, last = struck[begins], struck[begins + 1]
    first, last = first[by_time := np.argsort(first)], last[by_time]
    scale = ticks / performance.resolution
    onset, until = events["tick"][first], events["tick"][last]
    notes = np.stack(
        [np.rint(onset * scale), events["data1"][first], np.rint((until - onset) * scale)], axis=1
    ).astype(np.int64)
    sounding = voice[first] << 7 | program[first]
    tracks = [
        Track(performance.names[each >> 11], each & 127, each >> 7 & 15 == DRUMS, notes[sounding == each])
        for each in np.unique(sounding).tolist()
    ]
    return Sheet(tracks, performance.seconds)


def _programs(voice: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return the program of each event's voice at that event; ``change`` is -1 where there is no change."""
    program = np.zeros_like(voice)
    for each in np.unique(voice[change >= 0]):
        own = np.flatnonzero(voice == each)
        changes = np.flatnonzero(change[own] >= 0)
        latest = np.searchsorted(changes, np.arange(len(own)), "right") - 1
        program[own] = np.where(latest < 0, 0, change[own[changes[latest]]])
    return program
