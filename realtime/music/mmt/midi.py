"""Tables of notes for the Multitrack Music Transformer, from and to Standard MIDI Files."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime.music.mmt.instruments import INSTRUMENT_OF, NAMES
from realtime.music.mmt.representation import KEY, LENGTH, ONSET, PROGRAM, RESOLUTION, Notes, as_notes
from realtime.music.smf import NOTE_OFF, NOTE_ON, Performance, read_performance
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts
from realtime.music.tempo import TempoMap

DRUMS = 9
"""MIDI channel 10, counted from 0: what is on it is left out."""
MELODIC = tuple(channel for channel in range(16) if channel != DRUMS)
PROGRAM_CHANGE = 0xC0
BPM = 100.0
"""Tempo of what is decoded, as published."""
VELOCITY = 64
"""The representation has none; this is MusPy's."""


def read_notes(path: Path) -> Notes:
    """Return the notes of a MIDI file, without drums, rounded to ``RESOLUTION`` ticks a quarter note.

    Raises:
        ValueError: it can't be read as a performance (``SmfError``).
        OSError: it can't be opened.
    """
    return performance_notes(read_performance(path))


def performance_notes(performance: Performance) -> Notes:
    """Return the notes of a performance, sorted by onset; a program holds from its change on.

    A key that is struck again before it was let go begins a new note; one that is never let go lasts to the
    end of the file.
    """
    events = performance.events
    events = events[events["channel"] != DRUMS]
    voice = events["track"].astype(np.int64) << 4 | events["channel"]
    kind = events["status"] & 0xF0
    program = _programs(voice, np.where(kind == PROGRAM_CHANGE, events["data1"].astype(np.int64), -1))
    key = voice << 7 | events["data1"]
    struck = np.flatnonzero((kind == NOTE_ON) | (kind == NOTE_OFF))
    struck = struck[np.argsort(key[struck], kind="stable")]
    last = performance.events["tick"].max(initial=0)
    until = np.append(events["tick"][struck[1:]], last)
    until[np.append(np.diff(key[struck]) != 0, True)] = last
    begins = kind[struck] == NOTE_ON
    struck, until = struck[begins], until[begins]
    scale = RESOLUTION / performance.resolution
    onset = events["tick"][struck]
    columns = (
        np.rint(onset * scale),
        events["data1"][struck],
        np.rint((until - onset) * scale),
        program[struck],
    )
    notes = np.stack(columns, axis=1).astype(np.int64)
    return notes[np.lexsort(notes.T[::-1])]


def _programs(voice: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return the program of each event's voice at that event; ``change`` is -1 where there is no change."""
    order = np.argsort(voice, kind="stable")
    first = np.flatnonzero(np.diff(voice[order], prepend=-1))
    # Numbers that grow from voice to voice, so that a running maximum never reaches back into another one.
    latest = np.where(change[order] >= 0, np.arange(len(order)), -1)
    latest[first] = np.arange(len(order))[first]
    changed = np.maximum(change[order], 0)
    program = np.empty_like(voice)
    program[order] = changed[np.maximum.accumulate(latest)] if len(order) else changed
    return program


def write_notes(path: Path, notes: npt.ArrayLike, bpm: float = BPM) -> None:
    """Write notes as a MIDI file, a track for each program.

    A note ends where its key is struck again. Beyond 15 programs, tracks share channels.

    Raises:
        ValueError: the notes are no table of notes, or the tempo is too slow for a file.
        OSError: the file can't be written.
    """
    table = as_notes(notes)
    tempo = TempoMap.fixed(bpm)
    tracks = []
    for number, program in enumerate(np.unique(table[:, PROGRAM]).tolist()):
        own = apart(table[table[:, PROGRAM] == program])
        channel = MELODIC[number % len(MELODIC)]
        name = NAMES[INSTRUMENT_OF[program]] or f"program {program + 1}"
        tracks.append(PartTrack(name, channel, program, _events(own, channel, tempo)))
    write_parts(path, tracks, tempo)


def apart(notes: Notes) -> Notes:
    """Return one program's notes without overlaps on a key; the longest of those that begin together."""
    notes = notes[np.lexsort((-notes[:, LENGTH], notes[:, ONSET], notes[:, KEY]))].copy()
    again = (np.diff(notes[:, KEY], prepend=-1) == 0) & (np.diff(notes[:, ONSET], prepend=-1) == 0)
    notes = notes[~again]
    follows = np.flatnonzero(np.diff(notes[:, KEY]) == 0)
    room = notes[follows + 1, ONSET] - notes[follows, ONSET]
    notes[follows, LENGTH] = np.minimum(notes[follows, LENGTH], room)
    return notes


def _events(notes: Notes, channel: int, tempo: TempoMap) -> np.ndarray:
    """Return note-on and note-off messages in time order, ends before beginnings."""
    length = np.maximum(notes[:, LENGTH], 1)
    ticks = np.concatenate([notes[:, ONSET] + length, notes[:, ONSET]])
    events = np.zeros(len(ticks), MESSAGE)
    events["seconds"] = tempo.seconds_at(ticks / RESOLUTION)
    events["status"] = np.repeat([NOTE_OFF | channel, NOTE_ON | channel], len(notes))
    events["data1"] = np.tile(notes[:, KEY], 2)
    events["data2"] = VELOCITY
    return events[np.argsort(ticks, kind="stable")]
