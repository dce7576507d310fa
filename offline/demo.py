"""The bundled performances: a test chorale as a keyboard player plays it, and one as it is printed."""

from collections.abc import Mapping
from pathlib import Path

import mido
import numpy as np

from offline.chorales import PARTS, PROGRAMS
from offline.performance import BPM, Press, perform
from offline.score import TICKS, Piece
from offline.split import load_split
from realtime.music.smf import NOTE_OFF, NOTE_ON
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts
from realtime.music.tempo import TempoMap

PERFORMED, PRINTED = "bwv244.25", "bwv4.8"
PRINTED_BPM = 84.0
RESOLUTION = 480


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
    notes = perform(pieces[PERFORMED], BPM, seed=0)
    save_performance(played, notes, BPM, f"J. S. Bach, {PERFORMED.upper()}, as played")
    save_printed(printed, pieces[PRINTED], PRINTED_BPM)
    return [played, printed]
