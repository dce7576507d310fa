"""The ensemble that a MIDI file brings with it: a part for each of its instruments."""

from collections.abc import Iterable

import numpy as np

from realtime.ensembles.schema import MAX_PARTS, Ensemble, Part
from realtime.music.mmt.instruments import DROPPED, INSTRUMENT_OF, NAMES, PROGRAM_OF
from realtime.music.smf import NOTE_OFF, NOTE_ON, Performance

PROGRAM_CHANGE = 0xC0
PIANO = 0


def file_ensemble(
    performance: Performance, source: str, more: Iterable[int] = ()
) -> tuple[Ensemble, Performance]:
    """Return an ensemble of the programs of a file, and the file with the channel of its part for each note.

    Args:
        performance: without percussion.
        source: names it in the error.
        more: codes of instruments that are to be there as well.

    Raises:
        ValueError: there are more programs than parts in an ensemble, or the model knows none of them.
    """
    events = performance.events.copy()
    programs = _programs(events)
    kinds = events["status"] & 0xF0
    parts = list(dict.fromkeys(programs[kinds == NOTE_ON].tolist()))
    known = {int(INSTRUMENT_OF[program]) for program in parts}
    parts += [int(PROGRAM_OF[code]) for code in dict.fromkeys(more) if code not in known]
    if len(parts) > MAX_PARTS:
        raise ValueError(
            f"{source}: {len(parts)} instruments; at most {MAX_PARTS} can play: choose an --ensemble"
        )
    if all(INSTRUMENT_OF[program] == DROPPED for program in parts):
        raise ValueError(
            f"{source}: the model knows none of its instruments (effects): name what it is to play, such as"
            " --instruments flute,cello, or choose an --ensemble"
        )
    place = {program: part for part, program in enumerate(parts)}
    channel = np.array([place.get(program, -1) for program in programs.tolist()], np.int64)
    kept = (kinds != PROGRAM_CHANGE) & (channel >= 0)
    events, channel = events[kept], channel[kept]
    events["channel"], events["status"] = channel, events["status"] & 0xF0 | channel
    ensemble = Ensemble(
        name="file",
        title=source[:80] or "file",
        separator="channel",
        parts=tuple(
            Part(name=_name(program), channel=part + 1, program=program) for part, program in enumerate(parts)
        ),
        tempo=float(np.clip(performance.tempo.bpm[0], 10, 480)),
        restart_after=0.0,
    )
    return ensemble, performance._replace(events=events)


def _name(program: int) -> str:
    return NAMES[INSTRUMENT_OF[program]] + f" {program + 1}"


def _programs(events: np.ndarray) -> np.ndarray:
    """Return the program of each event; a note ends on the one on which it began."""
    programs = np.zeros(len(events), np.int64)
    now: dict[tuple[int, int], int] = {}
    held: dict[tuple[int, int, int], int] = {}
    for place, event in enumerate(events):
        voice = (int(event["track"]), int(event["channel"]))
        kind, key = int(event["status"]) & 0xF0, int(event["data1"])
        if kind == PROGRAM_CHANGE:
            now[voice] = key
        programs[place] = now.get(voice, PIANO)
        if kind == NOTE_ON:
            held[*voice, key] = int(programs[place])
        elif kind == NOTE_OFF:
            programs[place] = held.pop((*voice, key), programs[place])
    return programs
