"""The notes of a whole piece, from a MIDI file: sorted, with their durations; and how they reach the engine.

What a live host can't know, a file tells: how long each note lasts, and what comes after it.
"""

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np

from realtime.contract.sequence import sequence_features, sequence_order
from realtime.engine.codes import DATA1, DATA2, ENTRIES, FRAME, PORT, STATUS, TICK
from realtime.music.smf import NOTE_OFF, NOTE_ON, Performance

PERCUSSION = 9
"""MIDI channel 10, counted from 0 (General MIDI)."""
UNENDED = -1


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a piece, sorted by (onset tick, pitch, duration); arrays of shape (notes,), int64.

    A note-off ends the oldest note of its key and channel; what no note-off ends lasts to the end.
    """

    begins: np.ndarray
    """Place of the note-on among the performance's events."""
    ends: np.ndarray
    """Place of the note-off, or ``UNENDED``."""
    features: dict[str, np.ndarray]
    """As in ``SEQUENCE_FEATURES``."""

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.begins)

    @property
    def tick(self) -> np.ndarray:
        """Ticks from the start to each onset."""
        return self.features["tick"]

    @property
    def pitch(self) -> np.ndarray:
        """MIDI key numbers."""
        return self.features["pitch"]

    @property
    def end(self) -> np.ndarray:
        """Ticks from the start to each note's end."""
        return self.tick + self.features["duration"]

    def chords(self) -> np.ndarray:
        """Return where each group of notes with one onset starts, and the number of notes at the end."""
        return np.append(np.flatnonzero(self.features["chord_index"] == 0), len(self))


def without_percussion(performance: Performance, source: str) -> tuple[Performance, int]:
    """Return the performance without what is on MIDI channel 10, and how many notes that were.

    ``source`` names it in the error.

    Raises:
        ValueError: nothing else is in it.
    """
    events = performance.events
    drums = events["channel"] == PERCUSSION
    begins = events["status"] & 0xF0 == NOTE_ON
    if not (begins & ~drums).any():
        raise ValueError(
            f"{source}: holds percussion only (MIDI channel 10), which no part can play: put its notes on"
            " another channel if they are none"
        )
    return performance._replace(events=events[~drums]), int((begins & drums).sum())


def read_notes(performance: Performance, resolution: int, bpm: float | None = None) -> Notes:
    """Return the notes of a performance.

    Args:
        performance: with one note or more.
        resolution: ticks per quarter note to give them.
        bpm: a tempo that the ticks are counted by; None: the file's own beat.
    """
    events = performance.events
    kinds, keys = events["status"] & 0xF0, events["channel"].astype(np.int64) * 128 + events["data1"]
    begins = np.flatnonzero(kinds == NOTE_ON)
    end_of = np.full(len(events), UNENDED, np.int64)
    held: defaultdict[int, deque[int]] = defaultdict(deque)
    noted = np.flatnonzero((kinds == NOTE_ON) | (kinds == NOTE_OFF))
    for place, kind, key in zip(noted.tolist(), kinds[noted].tolist(), keys[noted].tolist(), strict=True):
        if kind == NOTE_ON:
            held[key].append(place)
        elif held[key]:
            end_of[held[key].popleft()] = place
    ends = end_of[begins]
    if bpm is None:
        at, last = events["tick"] / performance.resolution, events["tick"][-1] / performance.resolution
    else:
        at, last = events["seconds"] * bpm / 60, performance.seconds * bpm / 60
    tick, over = (np.rint(quarters * resolution).astype(np.int64) for quarters in (at, np.array(last)))
    duration = np.maximum(np.where(ends == UNENDED, over, tick[ends]) - tick[begins], 1)
    seconds = np.where(ends == UNENDED, performance.seconds, events["seconds"][ends])
    start = events["seconds"][begins]
    order = sequence_order(tick[begins], events["data1"][begins], duration)
    features = sequence_features(
        tick[begins][order],
        events["data1"][begins][order],
        duration[order],
        velocity=events["data2"][begins][order],
        start_ms=1000 * start[order],
        duration_ms=1000 * (seconds - start)[order],
        resolution=resolution,
    )
    return Notes(begins[order], ends[order], features)


def routed_events(
    performance: Performance, notes: Notes, parts: np.ndarray, count: int, rate: float, resolution: int | None
) -> np.ndarray:
    """Return a performance as engine events for the separator ``channel``: int64, shape (n, ENTRIES).

    Each note is on the channel of its part, at the port of the channel that it had: so notes of one key stay
    apart where different parts play them. What is no note goes to all parts of its port. A note that a
    later one on the same key of the same part overtakes ends there; its own end is left out, lest it end
    the other.

    Args:
        performance: what is played.
        notes: of this performance.
        parts: the part of each note, int, shape (notes,).
        count: number of parts.
        rate: frames a second.
        resolution: ticks per quarter note of the engine's beat, or None, as for ``performance_events``.
    """
    given = performance.events
    part = np.full(len(given), -1, np.int64)
    part[notes.begins] = parts
    ended = notes.ends != UNENDED
    part[notes.ends[ended]] = parts[ended]
    kinds = given["status"] & 0xF0
    noted = (kinds == NOTE_ON) | (kinds == NOTE_OFF)
    dropped = noted & (part < 0)  # a note-off of nothing
    dropped[_overtaken(given, notes, parts)] = True
    copies = np.where(noted, 1, count)
    copies[dropped] = 0
    place = np.repeat(np.arange(len(given)), copies)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(copies) - copies, copies)
    channel = np.where(noted[place], part[place], nth)
    events = np.zeros((len(place), ENTRIES), np.int64)
    events[:, FRAME] = np.rint(given["seconds"][place] * rate)
    events[:, PORT] = given["channel"][place]
    events[:, STATUS] = kinds[place] | channel
    events[:, DATA1], events[:, DATA2] = given["data1"][place], given["data2"][place]
    events[:, TICK] = -1
    if resolution is not None:
        events[:, TICK] = np.rint(given["tick"][place] * (resolution / performance.resolution))
    return events


def _overtaken(given: np.ndarray, notes: Notes, parts: np.ndarray) -> np.ndarray:
    """Return the places of the note-offs that come after a later note-on of the same key and part."""
    key = (given["channel"][notes.begins].astype(np.int64) * 16 + parts) * 128 + notes.pitch
    order = np.lexsort((notes.begins, key))
    here, after = order[:-1], order[1:]
    overtaken = (key[here] == key[after]) & (notes.ends[here] > notes.begins[after])
    return notes.ends[here][overtaken]
