"""What the probe plays: notes at a player's irregular gaps, some of them chords, the same for the same seed.

Gaps are log-normal with pauses: a run of notes in tempo, hesitation, rest. Pauses matter, since caches go
cold in them. No two notes (or chords) overlap, so that each begins in silence and its onset is sure.
"""

from typing import NamedTuple

import numpy as np

MEDIAN_GAP_MS, GAP_SPREAD = 125.0, 0.6
"""Of the log-normal distribution of gaps: median, and standard deviation of the logarithm."""
SHORTEST_GAP_MS, LONGEST_GAP_MS = 60.0, 1200.0
PAUSE_SHARE, PAUSE_MS = 0.015, (500.0, 2500.0)
HELD_SHARE, LONGEST_NOTE_MS = 0.4, 60.0
"""A note is held for this share of the gap after it, and no longer than this."""
CHORD_SHARE, CHORD_SIZES = 0.15, (2, 3, 4)
LOWEST, HIGHEST = 48, 84
CHORD_REACH = 12  # semitones above the melody
VELOCITIES = (80, 110)
LEAD_MS = 100.0
NOTE_ON, NOTE_OFF, PROGRAM_CHANGE, CONTROL_CHANGE = 0x90, 0x80, 0xC0, 0xB0


class Performance(NamedTuple):
    """A schedule for the probe, and which of its messages begin a sound."""

    messages: np.ndarray
    """int64, shape (n, 4): frame since the start, status, data 1, data 2; in time order."""
    first: np.ndarray
    """int64, shape (notes,): index in ``messages`` of each note's note-on, of a chord the first."""


def perform(notes: int, rate: float, seed: int) -> Performance:
    """Return ``notes`` notes (a chord counts once) for a server of ``rate`` Hz."""
    random = np.random.default_rng(seed)
    gaps = np.clip(
        random.lognormal(np.log(MEDIAN_GAP_MS), GAP_SPREAD, notes), SHORTEST_GAP_MS, LONGEST_GAP_MS
    )
    pauses = random.random(notes) < PAUSE_SHARE
    gaps[pauses] += random.uniform(*PAUSE_MS, pauses.sum())
    held = np.minimum(gaps * HELD_SHARE, LONGEST_NOTE_MS)
    begins = LEAD_MS + np.concatenate([[0.0], np.cumsum(gaps)[:-1]])
    rows: list[tuple[int, int, int, int]] = []
    first = []
    pitch = (LOWEST + HIGHEST) // 2
    for begin, length in zip(begins * rate / 1000, held * rate / 1000, strict=True):
        pitch = int(np.clip(pitch + random.integers(-4, 5), LOWEST, HIGHEST - CHORD_REACH))
        size = int(random.choice(CHORD_SIZES)) if random.random() < CHORD_SHARE else 1
        above = random.choice(np.arange(1, CHORD_REACH + 1), size - 1, replace=False)
        chord = [pitch, *(pitch + int(step) for step in above)]
        velocity = int(random.integers(*VELOCITIES))
        first.append(len(rows))
        rows += [(int(begin), NOTE_ON, key, velocity) for key in chord]
        rows += [(int(begin + length), NOTE_OFF, key, 0) for key in chord]
    return Performance(np.array(rows, np.int64).reshape(-1, 4), np.array(first, np.int64))


def with_preamble(performance: Performance, preamble: list[tuple[int, int, int]]) -> Performance:
    """Return ``performance`` after some messages (status, data 1, data 2) at its frame 0."""
    rows = np.array([(0, *message) for message in preamble], np.int64).reshape(-1, 4)
    return Performance(np.concatenate([rows, performance.messages]), performance.first + len(rows))
