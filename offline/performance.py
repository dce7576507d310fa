"""A score as a keyboard player might play it: uneven, spread, legato, and with one finger to a key."""

from typing import NamedTuple

import numpy as np

from offline.score import TICKS, Piece

BPM = 66.0
"""A chorale's calm tempo."""
PHRASE = 16
"""Beats over which the touch swells and fades."""


class Touch(NamedTuple):
    """How unevenly a practised player plays; times in seconds, as standard deviations where not said."""

    chord: float = 0.012
    """Of a chord's onset from the beat."""
    spread: float = 0.005
    """Mean delay of each note of a chord after the one below."""
    finger: float = 0.002
    """Of a note within its chord."""
    legato: float = 0.03
    """Mean overlap of a note with the next."""
    velocity: float = 4.0
    """Of a note's velocity."""


class Press(NamedTuple):
    """One key going down and up."""

    start: float
    end: float
    pitch: int
    velocity: int
    part: int
    """Of voices in unison, the one that holds the note longest."""


def perform(piece: Piece, bpm: float, seed: int, touch: Touch | None = None) -> list[Press]:
    """Return how a player might play ``piece`` on one keyboard, in order of time.

    Chords are spread a little from the bottom, the melody is louder, the first beat of four is stressed,
    the phrase swells, lines overlap slightly, and the last chord is late and long. A key is down once at a
    time: voices in unison share it, and it comes up before it goes down again.
    """
    touch = touch or Touch()
    draws = np.random.default_rng(seed)
    tick = 60.0 / bpm / TICKS
    last = int(piece.onset[-1])
    notes: list[Press] = []
    for first, end in piece.chords():
        onset = int(piece.onset[first])
        start = max(0.0, onset * tick + draws.normal(0.0, touch.chord)) + (0.15 if onset == last else 0.0)
        keys = _keys(piece, first, end)
        for finger, (pitch, (duration, part)) in enumerate(keys.items()):
            held = duration * tick + draws.exponential(touch.legato) + (0.8 if onset == last else 0.0)
            start += draws.exponential(touch.spread)
            begin = max(0.0, start + draws.normal(0.0, touch.finger))
            loud = _loudness(onset, melody=finger == len(keys) - 1) + draws.normal(0.0, touch.velocity)
            notes.append(Press(begin, begin + held, pitch, int(np.clip(round(loud), 20, 120)), part))
    return _one_key_at_a_time(sorted(notes))


def _keys(piece: Piece, first: int, end: int) -> dict[int, tuple[int, int]]:
    """Return the keys of a chord, low to high, with the duration and the part of each."""
    keys: dict[int, tuple[int, int]] = {}
    for note in range(first, end):
        pitch, duration = int(piece.pitch[note]), int(piece.duration[note])
        if pitch not in keys or duration > keys[pitch][0]:
            keys[pitch] = duration, int(piece.part[note])
    return keys


def _loudness(onset: int, *, melody: bool) -> float:
    beat = onset / TICKS
    swell = np.sin(np.pi * (beat % PHRASE) / PHRASE)
    return 58.0 + 12.0 * swell + (12.0 if melody else 0.0) + (4.0 if onset % (4 * TICKS) == 0 else 0.0)


def _one_key_at_a_time(notes: list[Press]) -> list[Press]:
    """Let each key come up a little before it goes down again."""
    again: dict[int, float] = {}
    out: list[Press] = []
    for note in reversed(notes):
        end = min(note.end, again.get(note.pitch, np.inf) - 0.03)
        again[note.pitch] = note.start
        out.append(note._replace(end=max(end, note.start + 0.02)))
    return out[::-1]
