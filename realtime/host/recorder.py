"""Recording a take: what was played, what each part got, and the sound. Recording never blocks playing."""

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from realtime.engine.state import (
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PARTS,
    Log,
)
from realtime.host.engine import Slot
from realtime.host.sound_file import SoundFile
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts

SAVE_SECONDS = 15.0
"""How often the MIDI files are written while recording; a crash loses no more than this."""
CHANNEL_MESSAGES = range(0x80, 0xF0)
BANK_SELECTS = (0, 32)
NOTE_ON, CONTROL = 0x90, 0xB0
PROGRAM = 0xC0


def messages(log: np.ndarray, rate: float, start: int) -> np.ndarray:
    """Return log entries as ``MESSAGE``s, with seconds from frame ``start``."""
    found = np.zeros(len(log), MESSAGE)
    found["seconds"] = (log[:, LOG_FRAME] - start) / rate
    found["status"] = log[:, LOG_STATUS]
    found["data1"], found["data2"] = log[:, LOG_DATA1], log[:, LOG_DATA2]
    return found


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


class Recorder:
    """Writes ``input.mid``, ``parts.mid`` and ``sound.wav`` into a folder.

    Args:
        folder: made if it is missing.
        rate: frames a second.
        slots: the loaded ensembles.
        bpm: tempo that the MIDI files are written in.
        notice: told in a sentence when recording has to end.
        subtype: ``24`` or ``float``, for the WAV file.

    Raises:
        OSError: the folder or the sound file can't be made.
    """

    def __init__(
        self,
        folder: Path,
        rate: float,
        slots: list[Slot],
        bpm: float,
        notice: Callable[[str], None],
        subtype: str = "24",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rate, self.slots, self.bpm, self.notice = folder, rate, slots, bpm, notice
        self.files: list[Path] = []
        self.active = True
        self._start: int | None = None
        self._played: dict[int, list[np.ndarray]] = defaultdict(list)
        self._parts: dict[int, list[np.ndarray]] = defaultdict(list)
        self._saved_at = time.monotonic()
        self._sound: SoundFile | None = SoundFile(folder / "sound.wav", rate, subtype)

    def add_sound(self, sound: np.ndarray) -> None:
        """Take captured sound (float32, shape (frames, 2))."""
        if self._sound is None or not self.active:
            return
        try:
            self._sound.write(sound)
        except OSError as error:
            self._end(error)

    def add_log(self, log: np.ndarray) -> None:
        """Take log entries of the engine, and save the MIDI files from time to time."""
        if not self.active:
            return
        if self._start is None and len(log):
            self._start = int(log[0, LOG_FRAME])
        status = log[:, LOG_STATUS]
        spoken = (status >= CHANNEL_MESSAGES.start) & (status < CHANNEL_MESSAGES.stop)
        for kind, column, kept in (
            (Log.INPUT, LOG_SOURCE, self._played),
            (Log.OUTPUT, LOG_CHANNEL, self._parts),
        ):
            rows = log[(log[:, LOG_KIND] == kind) & spoken]
            for key in np.unique(rows[:, column]):
                kept[int(key)].append(rows[rows[:, column] == key])
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._save()

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        tracks_of = {
            "input.mid": [
                PartTrack(f"input {port}", 0, 0, messages(np.concatenate(rows), self.rate, self._start or 0))
                for port, rows in sorted(self._played.items())
            ],
            "parts.mid": [
                track
                for channel, rows in sorted(self._parts.items())
                if (
                    track := part_track(
                        channel, np.concatenate(rows), self.slots, self.rate, self._start or 0
                    )
                )
            ],
        }
        try:
            for name, tracks in tracks_of.items():
                if tracks:
                    write_parts(self.folder / name, tracks, self.bpm)
                    if self.folder / name not in self.files:
                        self.files.append(self.folder / name)
        except OSError as error:
            self._end(error)

    def _end(self, error: OSError) -> None:
        if self.active:
            self.active = False
            self.notice(f"recording ended: {error}; what was written is kept, playing goes on")

    def close(self) -> list[Path]:
        """Complete the files; return those that were written."""
        if self.active:
            self._save()
        if self._sound is not None:
            try:
                self._sound.close()
            except OSError as error:
                self._end(error)
            self.files.append(self._sound.path)
            self._sound = None
        return self.files
