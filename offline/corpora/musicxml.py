"""MusicXML to a Standard MIDI File: a track for each part, as printed, repeats not played."""

from pathlib import Path

import mido

TICKS = 480
"""Per quarter note."""
VELOCITY = 64


def convert_musicxml(score_file: Path, into: Path) -> None:
    """Write the score in ``score_file`` to ``into``, whole or not at all.

    Pitches sound as they are heard, tied notes are one, grace notes are dropped; each part's program is that
    of the score, else that of the instrument of its name.

    Raises:
        ValueError: it holds no parts with notes.
        OSError: it can't be read, or the result can't be written.
    """
    from music21 import converter, stream

    score = converter.parse(score_file, forceSource=True)
    if not isinstance(score, stream.Score):
        raise ValueError("holds no score")
    if score.atSoundingPitch is not True:
        score.toSoundingPitch(inPlace=True)
    tracks = [track for place, part in enumerate(score.parts) if (track := _track(part, place))]
    if not tracks:
        raise ValueError("holds no parts with notes")
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8", tracks=[_conductor(score), *tracks])
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = into.with_suffix(".part")
    file.save(draft)
    draft.replace(into)


def _conductor(score) -> mido.MidiTrack:
    from music21 import tempo

    changes = {}
    for mark in score.recurse().getElementsByClass(tempo.MetronomeMark):
        bpm = mark.getQuarterBPM()
        if bpm and 4 <= bpm <= 1000:
            changes.setdefault(round(float(mark.getOffsetInHierarchy(score)) * TICKS), bpm)
    track, at = mido.MidiTrack(), 0
    for tick, bpm in sorted(changes.items()):
        track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=tick - at))
        at = tick
    return track


def _track(part, place: int) -> mido.MidiTrack | None:
    """Return the notes of a part, None if it has none; ``place`` chooses its channel."""
    events = []
    for element in part.stripTies().flatten().notes:
        if element.duration.isGrace or element.style.noteSize == "cue":
            continue
        on, off = (round(float(t) * TICKS) for t in (element.offset, element.offset + element.quarterLength))
        velocity = min(127, max(1, element.volume.velocity or VELOCITY))
        for pitch in getattr(element, "pitches", ()):
            if 0 <= pitch.midi <= 127 and off > on:
                # At one tick a note ends before the next one begins.
                events += [(off, 0, pitch.midi, 0), (on, 1, pitch.midi, velocity)]
    if not events:
        return None
    program, drums = _instrument(part)
    # Channel 10 is that of drums alone.
    channel = 9 if drums else [c for c in range(16) if c != 9][place % 15]
    track, at = mido.MidiTrack(), 0
    track.append(mido.MetaMessage("track_name", name=part.partName or ""))
    track.append(mido.Message("program_change", channel=channel, program=program))
    for tick, begins, pitch, velocity in sorted(events):
        kind = "note_on" if begins else "note_off"
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - at))
        at = tick
    return track


def _instrument(part) -> tuple[int, bool]:
    """Return General MIDI program, counted from 0, and whether the part is drums."""
    from music21 import exceptions21, instrument

    found = part.getInstrument(returnDefault=True)
    if found.midiProgram is None and part.partName:
        try:
            found = instrument.fromString(part.partName)
        except exceptions21.Music21Exception:  # no instrument is called like that
            return 0, False
    drums = isinstance(found, instrument.UnpitchedPercussion) or found.midiChannel == 9
    return found.midiProgram or 0, drums
