"""Standard MIDI Files: the parts of an ensemble, written as tracks."""

import errno
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

from realtime.music.smf import MESSAGE_BYTES, NOTE_OFF, NOTE_ON
from realtime.music.tempo import TempoMap

RESOLUTION = 960
SLOWEST_BPM = 60e6 / 0xFFFFFF
"""A tempo event has 24 bits for the microseconds of a quarter note."""

MESSAGE = np.dtype([("seconds", "<f8"), ("status", "u1"), ("data1", "u1"), ("data2", "u1")])


class PartTrack(NamedTuple):
    """One track to be written."""

    name: str
    channel: int
    """0 to 15, of the program change; the events carry their own."""
    program: int | None
    """None: no program change is written."""
    events: np.ndarray
    """Shape (events,), with the fields of ``MESSAGE``, in time order; ``status`` is the whole byte."""


def write_parts(path: Path, parts: Sequence[PartTrack], tempo: TempoMap | float = 120.0) -> None:
    """Write a conductor track with the tempo and one track per part to ``path`` (SMF format 1).

    The file appears whole or not at all. Times are rounded to 1/960 of a quarter note; a note that
    would vanish by it keeps one tick where there is room.

    Raises:
        ValueError: a tempo is slower than a file can say (about 3.6 BPM).
        OSError: the file can't be written.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder; give a file", str(path))
    if path.exists() and not path.is_file():  # the file would take the place of a pipe or device
        raise OSError(errno.EINVAL, "it is no file but a pipe or device; give a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    tempo = _as_written(tempo if isinstance(tempo, TempoMap) else TempoMap.fixed(tempo))
    # mido leaves its charset changed when a text can't be encoded, so none such may reach it.
    names = [part.name.encode("utf-8", "replace").decode() for part in parts]
    tracks = [_conductor(tempo)]
    tracks += [_track(part, name, tempo) for part, name in zip(parts, names, strict=True)]
    file = mido.MidiFile(type=1, ticks_per_beat=RESOLUTION, charset="utf-8", tracks=tracks)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as out:
            file.save(file=out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _as_written(tempo: TempoMap) -> TempoMap:
    """Return ``tempo`` in the file's units: changes on ticks, whole microseconds to the quarter note."""
    if tempo.bpm.min() < SLOWEST_BPM:
        raise ValueError(f"tempo {tempo.bpm.min():g} BPM: a MIDI file takes {SLOWEST_BPM:.2f} and faster")
    microseconds = np.maximum(np.rint(60e6 / tempo.bpm), 1.0)
    return TempoMap.from_quarters(np.rint(tempo.quarters * RESOLUTION) / RESOLUTION, 60e6 / microseconds)


def _conductor(tempo: TempoMap) -> mido.MidiTrack:
    ticks = np.rint(tempo.quarters * RESOLUTION).astype(np.int64)
    return mido.MidiTrack(
        mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm), time=int(delta))
        for bpm, delta in zip(tempo.bpm, np.diff(ticks, prepend=0), strict=True)
    )


def _track(part: PartTrack, name: str, tempo: TempoMap) -> mido.MidiTrack:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=name))
    if part.program is not None:
        track.append(mido.Message("program_change", channel=part.channel, program=part.program))
    events = part.events
    ticks = np.rint(tempo.quarters_at(np.maximum(events["seconds"], 0.0)) * RESOLUTION).astype(np.int64)
    ticks = _lengthen(np.maximum.accumulate(ticks), events)
    order = np.argsort(ticks, kind="stable")
    for event, delta in zip(events[order], np.diff(ticks[order], prepend=0), strict=True):
        message = [int(event["status"]), int(event["data1"]), int(event["data2"])]
        length = MESSAGE_BYTES[message[0] & 0xF0]
        track.append(mido.Message.from_bytes(message[:length], time=int(delta)))
    return track


def _lengthen(ticks: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Return ``ticks`` with one tick for each note of none, unless its key is pressed again by then.

    Many readers drop a note that ends where it begins.
    """
    lengthened = ticks.copy()
    status = events["status"]
    kind = status & 0xF0
    begins = ((kind == NOTE_ON) & (events["data2"] > 0)).tolist()
    notes = np.flatnonzero((kind == NOTE_ON) | (kind == NOTE_OFF)).tolist()
    keys = ((status.astype(np.int64) & 0x0F) << 7 | events["data1"]).tolist()
    following: dict[int, int] = {}
    last: dict[int, int] = {}
    for index in notes:
        if keys[index] in last:
            following[last[keys[index]]] = index
        last[keys[index]] = index
    for begin, end in following.items():
        if begins[begin] and not begins[end] and ticks[begin] == ticks[end]:
            again = following.get(end)
            if again is None or ticks[again] > ticks[end]:
                lengthened[end] += 1
    return lengthened
