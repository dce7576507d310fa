"""Standard MIDI Files (SMF 1.0): what was played, read as arrays.

The decoder is our own: mido 1.3.3 drops the time before a meta event that it does not know, so all later
notes of that track come too early, and gives up a whole file for an odd key signature. Writing is mido's
(see ``smf_write``).
"""

import stat
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from realtime.music.tempo import DEFAULT_BPM, TempoMap

MAX_BYTES = 16 << 20
MAX_HOURS = 24.0
"""Longest performance that is read: a damaged file can claim years, and ``render`` would render them."""

EVENT = np.dtype(
    [
        ("tick", "<i8"),
        ("seconds", "<f8"),
        ("track", "<u2"),
        ("channel", "u1"),
        ("status", "u1"),
        ("data1", "u1"),
        ("data2", "u1"),
    ]
)
"""A channel message; ``status`` is the whole byte, ``channel`` its low half (0 to 15)."""

MESSAGE_BYTES = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}
"""Length of each kind of channel message, its status byte included."""

NOTE_OFF, NOTE_ON = 0x80, 0x90
RELEASE_VELOCITY = 64
"""Of a note-off that was written as a note-on of velocity 0 (MIDI 1.0, "Note On")."""

FIRST_SYSTEM, META, SYSTEM_EXCLUSIVE = 0xF0, 0xFF, (0xF0, 0xF7)
TRACK_NAME, END_OF_TRACK, SET_TEMPO = 0x03, 0x2F, 0x51
"""Kinds of meta events; those that are not named here are skipped."""

END_RANK, CONTROL_RANK, BEGIN_RANK = 0, 1, 2
"""Order of the messages of several tracks at one tick: a note ends before the next one begins."""


class SmfError(ValueError):
    """A file that can't be read as a performance; the message says which file and why."""


class Performance(NamedTuple):
    """All channel messages of a file in time order; the order within a track is that of the file."""

    events: np.ndarray
    """Shape (events,), dtype ``EVENT``. A note-on of velocity 0 has become a note-off."""
    tempo: TempoMap
    resolution: int
    """Ticks per quarter note."""
    names: tuple[str, ...]
    """Name of each track, empty where it has none."""
    seconds: float
    """From the start to the last event or end of track."""


class _Track(NamedTuple):
    """A track as it was decoded."""

    rows: array
    """Five numbers for each message: tick, rank, status, data1, data2."""
    tempi: list[tuple[int, int]]
    """(tick, microseconds per quarter note)."""
    name: str
    end: int
    """Tick of the last event."""


class _DamageError(Exception):
    """What is wrong with the bytes at hand; becomes an SmfError once the file's name is known."""


def read_performance(path: Path) -> Performance:
    """Return what is in the Standard MIDI File at ``path`` (format 0 or 1, or one track of format 2).

    Raises:
        SmfError: it is not such a file, is damaged, counts time in SMPTE frames, or holds no notes.
        OSError: it can't be opened.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for whoever writes into it
        raise SmfError(f"{path}: this is no file but a folder, pipe or device; give a MIDI file")
    size = status.st_size
    if size > MAX_BYTES:
        raise SmfError(f"{path}: {size >> 20} MiB is more than a MIDI file can be ({MAX_BYTES >> 20} MiB)")
    return parse_performance(path.read_bytes(), str(path))


def parse_performance(data: bytes, source: str) -> Performance:
    """Return the performance in ``data``; ``source`` names it in errors.

    Raises:
        SmfError: as for ``read_performance``.
    """
    try:
        return _parse(data)
    except _DamageError as damage:
        raise SmfError(f"{source}: {damage}") from None


def _parse(data: bytes) -> Performance:
    if data[:4] == b"RIFF" and data[8:16] == b"RMIDdata":
        data = data[20:]
    if data[:4] != b"MThd":
        raise _DamageError("not a Standard MIDI File (it does not begin with MThd)")
    if len(data) < 14:
        raise _DamageError("cut short within its header")
    form, announced = int.from_bytes(data[8:10]), int.from_bytes(data[10:12])
    resolution = int.from_bytes(data[12:14])
    if form > 2:
        raise _DamageError(f"SMF format {form} is unknown; save it as format 0 or 1")
    if form == 2 and announced > 1:
        raise _DamageError("SMF format 2 holds separate sequences; save one of them as format 0 or 1")
    if resolution & 0x8000:
        raise _DamageError("counts time in SMPTE frames; save it with ticks per quarter note")
    if resolution == 0:
        raise _DamageError("its header gives 0 ticks per quarter note")
    tracks = [_track(data, start, end) for start, end in _track_chunks(data)]
    if not tracks:
        raise _DamageError("holds no tracks")
    if len(tracks) < announced:
        raise _DamageError(f"cut short: {len(tracks)} of {announced} tracks are there")
    return _merge(tracks, resolution)


def _track_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the content of each MTrk chunk starts and ends; chunks of other kinds are skipped."""
    at = 8 + int.from_bytes(data[4:8])
    while len(data) - at >= 8:
        start = at + 8
        end = start + int.from_bytes(data[at + 4 : start])
        if data[at : at + 4] == b"MTrk":
            if end > len(data):
                raise _DamageError(f"cut short: {end - len(data)} bytes of a track are missing")
            yield start, end
        at = end


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the variable-length number at ``at`` and where it ends."""
    value = 0
    for place in range(at, at + 4):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    raise _DamageError(f"damaged at byte {at}: a number of more than four bytes")


def _track(data: bytes, start: int, end: int) -> _Track:
    rows = array("q")
    tempi: list[tuple[int, int]] = []
    name = b""
    at, tick, status, floor = start, 0, 0, END_RANK
    try:
        while at < end:
            delta, at = data[at], at + 1
            if delta >= 0x80:  # seldom; most numbers are one byte
                delta, at = _number(data, at - 1)
            if delta:
                tick += delta
                floor = END_RANK
            byte = data[at]
            if byte >= FIRST_SYSTEM:
                kind, content, at = _system_event(data, at, end)
                if kind == END_OF_TRACK:
                    break
                if kind == SET_TEMPO and len(content) >= 3 and any(content[:3]):
                    tempi.append((tick, int.from_bytes(content[:3])))
                elif kind == TRACK_NAME and not name:
                    name = content
                continue
            if byte >= 0x80:
                status, at = byte, at + 1
            elif not status:
                raise _DamageError(f"damaged at byte {at}: data without a status byte")
            kind = status & 0xF0
            # Clipped, as some programs write 128 for the loudest.
            first, second = data[at], 0
            if first > 127:
                first = 127
            if MESSAGE_BYTES[kind] == 3:
                second = data[at + 1]
                if second > 127:
                    second = 127
                at += 1
            at += 1
            message = status
            if kind == NOTE_ON and second == 0:
                kind, message, second = NOTE_OFF, status ^ 0x10, RELEASE_VELOCITY
            rank = BEGIN_RANK if kind == NOTE_ON else END_RANK if kind == NOTE_OFF else CONTROL_RANK
            # Never below the message before it: within a track the file's order stands.
            if rank > floor:
                floor = rank
            rows.extend((tick, floor, message, first, second))
    except IndexError:
        raise _DamageError("cut short within an event") from None
    if at > end:
        raise _DamageError(f"damaged at byte {end}: an event reaches past the end of its track")
    return _Track(rows, tempi, _text(name), tick)


def _system_event(data: bytes, at: int, end: int) -> tuple[int, bytes, int]:
    """Return kind (of a system exclusive event its status), content and end of the event at ``at``."""
    kind, start = data[at], at + 1
    if kind == META:
        kind, start = data[start], start + 1
    elif kind not in SYSTEM_EXCLUSIVE:
        raise _DamageError(f"damaged at byte {at}: 0x{kind:02x} has no place in a file")
    length, start = _number(data, start)
    if start + length > end:
        raise _DamageError(f"damaged at byte {at}: an event reaches past the end of its track")
    return kind, data[start : start + length], start + length


def _text(content: bytes) -> str:
    """Return a text of unknown encoding, without what a terminal would act on."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _merge(tracks: list[_Track], resolution: int) -> Performance:
    rows = np.concatenate([np.array(track.rows, np.int64).reshape(-1, 5) for track in tracks])
    if not np.any(rows[:, 2] & 0xF0 == NOTE_ON):
        raise _DamageError("holds no notes")
    number = np.repeat(np.arange(len(tracks)), [len(track.rows) // 5 for track in tracks])
    order = np.lexsort((number, rows[:, 1], rows[:, 0]))
    rows = rows[order]
    tempi = sorted((t for track in tracks for t in track.tempi), key=lambda tempo: tempo[0])
    tempo = TempoMap.from_quarters(
        [0.0, *(tick / resolution for tick, _ in tempi)],
        [DEFAULT_BPM, *(60e6 / microseconds for _, microseconds in tempi)],
    )
    seconds = float(tempo.seconds_at(max(track.end for track in tracks) / resolution))
    if seconds > MAX_HOURS * 3600:
        raise _DamageError(f"lasts {seconds / 3600:.0f} hours, more than the {MAX_HOURS:.0f} that are read")
    events = np.zeros(len(rows), EVENT)
    events["tick"] = rows[:, 0]
    events["seconds"] = tempo.seconds_at(rows[:, 0] / resolution)
    events["track"] = number[order]
    events["channel"] = rows[:, 2] & 0x0F
    events["status"], events["data1"], events["data2"] = rows[:, 2], rows[:, 3], rows[:, 4]
    return Performance(events, tempo, resolution, tuple(track.name for track in tracks), seconds)
