"""Tracks of a MIDI file from the engine's log: what a keyboard played, what a part got."""

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
    """Return the track of the part on a synth channel, from its output entries; None if it played nothing."""
    part = slots[channel // PARTS].ensemble.parts[channel % PARTS]
    status, data1 = log[:, LOG_STATUS] & 0xF0, log[:, LOG_DATA1]
    told_by_track = (status == PROGRAM) | ((status == CONTROL) & np.isin(data1, BANK_SELECTS))
    found = messages(log[~told_by_track], rate, start)
    if not (found["status"] & 0xF0 == NOTE_ON).any():
        return None
    found["status"] = found["status"] & 0xF0 | part.channel - 1
    return PartTrack(part.name, part.channel - 1, part.program, found)


def part_tracks(log: np.ndarray, slots: list[Slot], rate: float) -> list[PartTrack]:
    """Return a track for each part that played, from a whole log."""
    outputs = log[log[:, LOG_KIND] == Log.OUTPUT]
    tracks = (
        part_track(int(channel), outputs[outputs[:, LOG_CHANNEL] == channel], slots, rate)
        for channel in np.unique(outputs[:, LOG_CHANNEL])
    )
    return [track for track in tracks if track]
