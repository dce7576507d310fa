"""Tracks of a MIDI file from the engine's log: what a keyboard played, what a part got."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from realtime.engine.codes import (
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_STATUS,
    PARTS,
    Log,
)
from realtime.host.slots import Slot
from realtime.music.smf_write import MESSAGE, PartTrack

BANK_SELECTS = (0, 32)
NOTE_ON, CONTROL, PROGRAM = 0x90, 0xB0, 0xC0


def messages(log: np.ndarray, rate: float, start: int) -> np.ndarray:
    """Return log entries as ``MESSAGE``s, with seconds from frame ``start``."""
    found = np.zeros(len(log), MESSAGE)
    found["seconds"] = (log[:, LOG_FRAME] - start) / rate
    found["status"] = log[:, LOG_STATUS]
    found["data1"], found["data2"] = log[:, LOG_DATA1], log[:, LOG_DATA2]
    return found


def input_track(port: int, log: np.ndarray, rate: float, start: int) -> PartTrack:
    """Return the track of what came in at an engine port, from its input entries.

    No program change is added: played again, it would select an ensemble.
    """
    return PartTrack(f"input {port}", 0, None, messages(log, rate, start))


def part_track(
    channel: int, log: np.ndarray, slots: list[Slot], rate: float, start: int = 0
) -> PartTrack | None:
    """Return the track of the part on a synth channel, from its output entries; None if it played nothing.

    It has its programs twice: in ``program`` and, as they were told, among its events. ``share`` keeps one.
    """
    part = slots[channel // PARTS].ensemble.parts[channel % PARTS]
    found = messages(log, rate, start)
    if not (found["status"] & 0xF0 == NOTE_ON).any():
        return None
    found["status"] = found["status"] & 0xF0 | part.channel - 1
    return PartTrack(part.name, part.channel - 1, part.program, found)


def share(tracks: Iterable[PartTrack]) -> list[PartTrack]:
    """Return tracks whose programs are told at their beginning, or where channels are shared, as it was.

    Ensembles that followed each other use the same channels. There, the track that is first on a channel has
    its program at the beginning, and each has those that were told while it or another one played.
    """
    tracks = list(tracks)
    used = Counter(track.channel for track in tracks)
    first: dict[int, PartTrack] = {}
    for track in sorted(tracks, key=lambda each: each.events["seconds"][0], reverse=True):
        first[track.channel] = track
    return [
        track._replace(events=track.events[~_tells_program(track.events)])
        if used[track.channel] == 1
        else track._replace(program=track.program if track is first[track.channel] else None)
        for track in tracks
    ]


def _tells_program(events: np.ndarray) -> np.ndarray:
    kind = events["status"] & 0xF0
    return (kind == PROGRAM) | ((kind == CONTROL) & np.isin(events["data1"], BANK_SELECTS))


def part_tracks(log: np.ndarray, slots: list[Slot], rate: float) -> list[PartTrack]:
    """Return a track for each part that played, from a whole log."""
    outputs = log[log[:, LOG_KIND] == Log.OUTPUT]
    tracks = (
        part_track(int(channel), outputs[outputs[:, LOG_CHANNEL] == channel], slots, rate)
        for channel in np.unique(outputs[:, LOG_CHANNEL])
    )
    return share(track for track in tracks if track)
