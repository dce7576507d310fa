"""The bundled performances: a test chorale as a keyboard player plays it, and one as it is printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

from offline.chorales import PARTS, PROGRAMS
from offline.score import TICKS, Piece
from offline.split import load_split
from realtime.music.smf import NOTE_OFF, NOTE_ON
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts
from realtime.music.tempo import TempoMap

PERFORMED, PRINTED = "bwv244.25", "bwv4.8"
PERFORMED_BPM, PRINTED_BPM = 66.0, 84.0
RESOLUTION = 480
PHRASE = 16
"""Beats over which the touch swells and fades."""


class Touch(NamedTuple):
    """How unevenly a practised player plays; times in seconds, as standard deviations where not said."""

    chord: float = 0.012
    """Of a chord's onset from the beat."""
    spread: float = 0.006
    """Mean delay of each next higher note of a chord."""
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
        longest: dict[int, int] = {}
        for pitch, duration in zip(
            piece.pitch[first:end].tolist(), piece.duration[first:end].tolist(), strict=True
        ):
            longest[pitch] = max(duration, longest.get(pitch, 0))
        for finger, (pitch, duration) in enumerate(longest.items()):
            held = duration * tick + draws.exponential(touch.legato) + (0.8 if onset == last else 0.0)
            begin = max(
                0.0, start + finger * draws.exponential(touch.spread) + draws.normal(0.0, touch.finger)
            )
            loud = _loudness(onset, melody=finger == len(longest) - 1) + draws.normal(0.0, touch.velocity)
            notes.append(Press(begin, begin + held, pitch, int(np.clip(round(loud), 20, 120))))
    return _one_key_at_a_time(sorted(notes))


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


def save_performance(path: Path, notes: list[Press], bpm: float, title: str) -> None:
    """Write ``notes`` to a MIDI file of format 0, on channel 1, with its tempo."""
    second = bpm / 60.0 * RESOLUTION
    events = [(round(n.start * second), 1, n.pitch, n.velocity) for n in notes]
    events += [(round(n.end * second), 0, n.pitch, 64) for n in notes]
    track = mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name=title),
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)),
        ]
    )
    now = 0
    for tick, on, pitch, velocity in sorted(events):  # at one tick, keys come up before others go down
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    mido.MidiFile(type=0, ticks_per_beat=RESOLUTION, tracks=[track]).save(path)


def save_printed(path: Path, piece: Piece, bpm: float) -> None:
    """Write ``piece`` exactly as printed, a track and a channel for each part."""
    tempo = TempoMap.fixed(bpm)
    tracks = []
    for label, name in enumerate(PARTS):
        mine = piece.part == label
        starts, lengths, pitches = piece.onset[mine], piece.duration[mine], piece.pitch[mine]
        events = np.zeros(2 * len(starts), MESSAGE)
        order = np.argsort(np.concatenate([(starts + lengths) * 2, starts * 2 + 1]), kind="stable")
        events["seconds"] = tempo.seconds_at(np.concatenate([starts + lengths, starts]) / TICKS)
        events["status"] = np.repeat(np.array([NOTE_OFF, NOTE_ON], np.uint8), len(starts)) | label
        events["data1"] = np.tile(pitches, 2)
        events["data2"] = 64
        tracks.append(PartTrack(name, label, PROGRAMS[label], events[order]))
    write_parts(path, tracks, tempo)


def write_demo(pieces: Mapping[str, Piece], into: Path) -> list[Path]:
    """Write both files to the folder ``into`` and return their paths.

    Raises:
        ValueError: a piece is missing, or is not one of the test pieces.
        OSError: a file can't be written.
    """
    test = load_split().test
    for name in (PERFORMED, PRINTED):
        if name not in test or name not in pieces:
            raise ValueError(f"{name} is not among the test pieces: choose another piece in offline/demo.py")
    into.mkdir(parents=True, exist_ok=True)
    played, printed = into / "keyboard.mid", into / "chorale.mid"
    notes = perform(pieces[PERFORMED], PERFORMED_BPM, seed=0)
    save_performance(played, notes, PERFORMED_BPM, f"J. S. Bach, {PERFORMED.upper()}, as played")
    save_printed(printed, pieces[PRINTED], PRINTED_BPM)
    return [played, printed]
