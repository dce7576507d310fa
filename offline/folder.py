"""A folder of Standard MIDI Files with a track for each part, as pieces to measure a separator on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from offline.take import Take
from realtime.music.smf import NOTE_OFF, NOTE_ON, read_performance

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
        except (OSError, ValueError) as error:
            notice(f"{path.name} is left out: {error}")
    if not takes:
        raise ValueError(
            f"{folder} holds no MIDI file that can be used: it takes a track for each of {', '.join(parts)}"
        )
    return takes


def read_take(path: Path, parts: Sequence[str]) -> Take:
    """Return a file as one take, at the tempo that it says.

    Raises:
        ValueError: it can't be read (``SmfError``), or its tracks are not the parts.
        OSError: it can't be opened.
    """
    performance = read_performance(path)
    tracks = []
    for number, name in enumerate(performance.names):
        notes = _notes(performance.events[performance.events["track"] == number])
        if len(notes):
            tracks.append((name.strip().casefold(), notes))
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
    start, end = table[:, 0] * 1000, table[:, 1] * 1000
    pitch = table[:, 2].astype(np.int64)
    take = Take(path.stem, start, end, end.copy(), pitch, part, float(performance.tempo.bpm[0]))
    return take.pick(np.flatnonzero(end - start >= NOTE_MS)).in_order()


def _notes(events: np.ndarray) -> np.ndarray:
    """Return (start, end, pitch) of a track's notes, times in seconds, float64 (notes, 3); no drums."""
    rows, held = [], {}
    for event in events:
        kind = int(event["status"]) & 0xF0
        if kind not in (NOTE_ON, NOTE_OFF) or event["channel"] == DRUMS:
            continue
        key = int(event["channel"]), int(event["data1"])
        if key in held:
            rows.append((held.pop(key), float(event["seconds"]), key[1]))
        if kind == NOTE_ON:
            held[key] = float(event["seconds"])
    return np.array(sorted(rows), np.float64).reshape(-1, 3)
