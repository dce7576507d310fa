"""A folder of Standard MIDI Files with a track for each part, as pieces to measure a separator on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from offline.corpora.midi import DRUMS, PROGRAM_CHANGE, Track
from offline.matching import match_tracks
from offline.take import Take
from realtime.music.smf import NOTE_OFF, NOTE_ON, Performance, read_performance

SUFFIXES = (".mid", ".midi", ".smf", ".kar", ".rmi")
NOTE_MS = 1.0
"""Shortest note that counts."""
NAMED = 3
"""How many names a sentence tells before it breaks off."""


def read_folder(folder: Path, parts: Sequence[str], notice: Callable[[str], None]) -> list[Take]:
    """Return a take for each file of ``folder`` and the folders in it, in the order of their paths.

    ``folder`` may be a single file, which must be of use. Tracks are matched to ``parts`` as
    ``offline.matching`` says. A file that can't be used is left out, and ``notice`` is told why in one line;
    so it is of tracks that no part plays.

    Raises:
        OSError: there is no such folder.
        ValueError: no file could be used.
    """
    if not folder.exists():
        raise OSError(f"{folder} is no folder: give one that holds MIDI files with a track for each part")
    if folder.is_file():
        try:
            return [read_take(folder, parts, notice)]
        except ValueError as error:
            raise ValueError(f"{folder}: {_reason(error, folder)}") from error
    takes = []
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.is_dir())
    for path in files:
        try:
            takes.append(read_take(path, parts, notice))
        except (OSError, ValueError) as error:
            notice(_line(f"{path.name} is left out: {_reason(error, path)}"))
    if not takes:
        found = "none of its files can be used" if files else "no MIDI file (.mid, .midi) is there"
        raise ValueError(f"{folder}: {found}; give MIDI files with a track for each of {', '.join(parts)}")
    return takes


def _reason(error: OSError | ValueError, path: Path) -> str:
    """Return what is wrong without the path, which the line begins with."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).removeprefix(f"{path}: ")


def _line(text: str) -> str:
    """Return ``text`` in one line, without what a terminal would act on: a file may have any name."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def read_take(path: Path, parts: Sequence[str], notice: Callable[[str], None] = lambda text: None) -> Take:
    """Return a file as one take, played as it is written, at the mean of its tempo.

    So that a beat has one length, as a host counts that is told one tempo. Drums are left out, and notes
    shorter than ``NOTE_MS``. A key that is struck again begins a new note; one that is not let go is held to
    the end. ``notice`` is told of tracks that no part plays.

    Raises:
        ValueError: it can't be read (``SmfError``), or its tracks are not the parts.
        OSError: it can't be opened.
    """
    if not path.is_file():
        raise OSError("it is no file, or a link to one that is not there")
    performance = read_performance(path)
    bpm = _mean_bpm(performance)
    tracks = read_tracks(performance, NOTE_MS * bpm * performance.resolution / 60000.0)
    if not tracks:
        drums = (performance.events["channel"] == DRUMS).any()
        raise ValueError(f"it holds {'drums only' if drums else 'no note that lasts'}, which no part plays")
    labels = match_tracks(tracks, parts)
    left = [track.name or "?" for track, label in zip(tracks, labels, strict=True) if label is None]
    if left:
        named = ", ".join(left[:NAMED]) + " ..." * (len(left) > NAMED)
        notice(_line(f"{path.name}: {len(left)} of {len(tracks)} tracks are left out ({named})"))
    rows = [
        np.insert(track.notes, 0, label, axis=1)
        for track, label in zip(tracks, labels, strict=True)
        if label is not None
    ]
    # Notes of one part that agree in everything are one, as in training.
    part, onset, pitch, duration = np.unique(np.concatenate(rows), axis=0).T
    tick_ms = 60000.0 / (bpm * performance.resolution)
    end = (onset + duration) * tick_ms
    return Take(path.stem, onset * tick_ms, end, end.copy(), pitch, part, bpm).in_order()


def _mean_bpm(performance: Performance) -> float:
    quarters = performance.events["tick"].max() / performance.resolution
    seconds = float(performance.tempo.seconds_at(quarters))
    return 60.0 * quarters / seconds if seconds > 0 else float(performance.tempo.bpm[0])


def read_tracks(performance: Performance, shortest: float = 1.0) -> list[Track]:
    """Return the tracks that have notes, without drums and notes of less than ``shortest`` ticks.

    In a file with one such track, each of its channels is one, if there are several. Onsets and durations
    are in the file's ticks.
    """
    events = performance.events[performance.events["channel"] != DRUMS]
    kinds = events["status"] & 0xF0
    number = events["track"].astype(np.int64)
    channel = events["channel"].astype(np.int64)
    begun = kinds == NOTE_ON
    split = len(np.unique(number[begun])) == 1 < len(np.unique(channel[begun]))
    owner = channel if split else number
    struck = np.flatnonzero((kinds == NOTE_ON) | (kinds == NOTE_OFF))
    key = (number[struck] << 4 | channel[struck]) << 7 | events["data1"][struck]
    order = np.argsort(key, kind="stable")
    struck, key = struck[order], key[order]
    tick = events["tick"][struck]
    # A note ends with the next event of its key, whether that lets go or strikes again.
    until, last = np.roll(tick, -1), key != np.roll(key, -1)
    last[-1:] = True
    until[last] = round(float(performance.tempo.quarters_at(performance.seconds)) * performance.resolution)
    begins = (kinds[struck] == NOTE_ON) & (until - tick >= max(shortest, 1.0))
    struck, tick, until = struck[begins], tick[begins], until[begins]
    rows = np.stack([tick, events["data1"][struck], until - tick], axis=1).astype(np.int64)
    owners, index = np.unique(owner[struck], return_inverse=True)
    changes = np.flatnonzero(kinds == PROGRAM_CHANGE)
    programs = dict(zip(owner[changes[::-1]].tolist(), events["data1"][changes[::-1]].tolist(), strict=True))
    return [
        Track("" if split else performance.names[each], programs.get(each, 0), False, rows[index == place])
        for place, each in enumerate(owners.tolist())
    ]
