"""A folder of Standard MIDI Files with a track for each part, as pieces to measure a separator on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import mido
import numpy as np

from offline.take import Take

SUFFIXES = (".mid", ".midi")
DRUMS = 9
"""MIDI channel 10, counted from 0."""
NOTE_MS = 1.0
"""Shortest note that counts."""


def read_folder(folder: Path, parts: Sequence[str], notice: Callable[[str], None]) -> list[Take]:
    """Return a take for each file of ``folder``, in the order of their names.

    Tracks are matched to ``parts`` by name where the names are the same but for case, else by their order,
    high to low by mean pitch. Drums are left out. A file that can't be read, or has another number of tracks
    with notes than there are parts, is left out, and ``notice`` is told why.

    Raises:
        OSError: there is no such folder.
        ValueError: no file could be used.
    """
    if not folder.is_dir():
        raise OSError(f"{folder} is no folder: give one that holds MIDI files with a track for each part")
    takes = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        try:
            takes.append(read_take(path, parts))
        except (OSError, ValueError, EOFError, KeyError, IndexError) as error:  # mido's many ways to refuse
            notice(f"{path.name} is left out: {error or 'it is damaged'}")
    if not takes:
        raise ValueError(
            f"{folder} holds no MIDI file that can be used: it takes a track for each of {', '.join(parts)}"
        )
    return takes


def read_take(path: Path, parts: Sequence[str]) -> Take:
    """Return a file as one take, at the tempo that it says.

    Raises:
        ValueError, OSError, EOFError: it can't be read, or its tracks are not the parts.
    """
    file = mido.MidiFile(path, clip=True)
    if file.type == 2:
        raise ValueError("format 2 holds patterns, not a piece; save it as format 1")
    if file.ticks_per_beat <= 0 or file.ticks_per_beat > 0x7FFF:
        raise ValueError("its time is in SMPTE frames, without beats; save it with beats")
    clock = _clock(file)
    tracks: list[tuple[str, np.ndarray]] = []
    for track in file.tracks:
        notes = _notes(track)
        if len(notes):
            tracks.append((track.name.strip().casefold(), notes))
    if len(tracks) != len(parts):
        raise ValueError(
            f"{len(tracks)} tracks have notes, and there are {len(parts)} parts ({', '.join(parts)})"
        )
    names = [part.casefold() for part in parts]
    if sorted(name for name, _ in tracks) == sorted(names):
        tracks.sort(key=lambda track: names.index(track[0]))
    else:
        tracks.sort(key=lambda track: -track[1][:, 2].mean())
    table = np.concatenate([notes for _, notes in tracks])
    part = np.repeat(np.arange(len(tracks)), [len(notes) for _, notes in tracks])
    start, end = clock(table[:, 0]), clock(table[:, 1])
    long = end - start >= NOTE_MS
    tempo = next((m.tempo for track in file.tracks for m in track if m.type == "set_tempo"), 500_000)
    take = Take(path.stem, start, end, end.copy(), table[:, 2], part, mido.tempo2bpm(tempo))
    return take.pick(np.flatnonzero(long)).in_order()


def _clock(file: mido.MidiFile) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns ticks into milliseconds, through all changes of tempo."""
    changes = sorted(
        (tick, message.tempo)
        for track in file.tracks
        for tick, message in _timed(track)
        if message.type == "set_tempo" and message.tempo > 0
    )
    ticks, tempos = [0], [500_000]
    for tick, tempo in changes:
        ticks.append(tick)
        tempos.append(tempo)
    ms_per_tick = np.array(tempos) / 1000.0 / file.ticks_per_beat
    at = np.array(ticks)
    reached = np.concatenate([[0.0], np.cumsum(np.diff(at) * ms_per_tick[:-1])])

    def milliseconds(tick: np.ndarray) -> np.ndarray:
        place = np.searchsorted(at, tick, side="right") - 1
        return reached[place] + (tick - at[place]) * ms_per_tick[place]

    return milliseconds


def _timed(track: mido.MidiTrack):
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _notes(track: mido.MidiTrack) -> np.ndarray:
    """Return (start, end, pitch) of a track's notes in ticks, int64 (notes, 3); drums are left out."""
    rows, held = [], {}
    for tick, message in _timed(track):
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = message.channel, message.note
        if key in held:
            rows.append((held.pop(key), tick, message.note))
        if message.type == "note_on" and message.velocity > 0:
            held[key] = tick
    return np.array(sorted(rows), np.int64).reshape(-1, 3)
