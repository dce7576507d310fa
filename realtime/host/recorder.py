"""Recording a take: what was played, what each part got, and the sound. Recording never blocks playing."""

import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from realtime.engine.codes import (
    LOG_CHANNEL,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PARTS,
    PLAN_PORT,
    Log,
)
from realtime.host.disk_room import is_full, make_room
from realtime.host.event_log import EventLog
from realtime.host.sound_file import SoundFile
from realtime.host.tracks import input_track, part_track, share
from realtime.music.smf_write import write_parts

SAVE_SECONDS = 15.0
"""How often the MIDI files are written while recording; a crash loses no more of them than this."""
MIDI_BYTES, EVENT_BYTES = 1 << 16, 16
"""What two MIDI files and each of their events take at most on a disk."""
CHANNEL_MESSAGES = range(0x80, 0xF0)


def new_folder(parent: Path) -> Path:
    """Make a folder for a take, named after the time; return it.

    Raises:
        OSError: it can't be made.
    """
    name = time.strftime("take-%Y%m%d-%H%M%S")
    parent.mkdir(parents=True, exist_ok=True)
    for folder in (parent / name, *(parent / f"{name}-{count}" for count in range(2, 100))):
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{parent} holds too many takes of this second")


class Recorder:
    """Writes ``input.mid``, ``parts.mid``, ``sound.wav`` and ``events.jsonl`` into a new folder.

    Args:
        parent: where the take's folder is made.
        header: what the take is played with; ``rate`` and ``tempo`` (BPM) are needed here.
        slots: the loaded ensembles.
        notice: told in a sentence when recording has to end.
        subtype: ``24`` or ``float``, for the WAV file.
        start: frame at which the take begins; None: that of the first log entry.

    Raises:
        OSError: the folder or a file can't be made; nothing is left then.
    """

    def __init__(
        self,
        parent: Path,
        header: dict[str, Any],
        slots: list[Any],
        notice: Callable[[str], None],
        subtype: str = "24",
        start: int | None = None,
    ) -> None:
        self.rate, self.bpm = float(header["rate"]), float(header["tempo"])
        self.slots, self.notice = slots, notice
        self.files: list[Path] = []
        self.active = True
        self._start = start
        self._played: dict[int, list[np.ndarray]] = defaultdict(list)
        self._parts: dict[tuple[int, int], list[np.ndarray]] = defaultdict(list)
        """By the place in ``_heard`` of what is in the channel's slot, and the channel."""
        self._heard: list[Any] = []
        """What has sounded so far: a slot is used again, for another ensemble."""
        self._saved_at = time.monotonic()
        self._saver: threading.Thread | None = None
        self._ending = threading.Lock()
        self.folder = new_folder(parent)
        try:
            self._sound = SoundFile(self.folder / "sound.wav", self.rate, subtype)
            self._events = EventLog(self.folder / "events.jsonl", header, slots)
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def add_sound(self, sound: np.ndarray) -> None:
        """Take captured sound (float32, shape (frames, 2))."""
        if not self.active:
            return
        try:
            self._sound.write(sound)
        except OSError as error:
            self._end(error)

    def add_log(self, log: np.ndarray) -> None:
        """Take log entries of the engine, and have the MIDI files written from time to time."""
        if not self.active:
            return
        try:
            self._events.add(log)
        except OSError as error:
            self._end(OSError(f"{self._events.path}: {error.strerror}"))
            return
        if self._start is None and len(log):
            self._start = int(log[0, LOG_FRAME])
        status = log[:, LOG_STATUS]
        spoken = (status >= CHANNEL_MESSAGES.start) & (status < CHANNEL_MESSAGES.stop)
        # What was planned is in the event log and, as it sounded, in the parts: the player did not play it.
        planned = (log[:, LOG_KIND] == Log.INPUT) & (log[:, LOG_SOURCE] == PLAN_PORT)
        played = log[(log[:, LOG_KIND] == Log.INPUT) & spoken & ~planned]
        for port in np.unique(played[:, LOG_SOURCE]).tolist():
            self._played[port].append(played[played[:, LOG_SOURCE] == port])
        sounded = log[(log[:, LOG_KIND] == Log.OUTPUT) & spoken]
        for channel in np.unique(sounded[:, LOG_CHANNEL]).tolist():
            place = self._place(self.slots[channel // PARTS])
            self._parts[place, channel].append(sounded[sounded[:, LOG_CHANNEL] == channel])
        busy = self._saver is not None and self._saver.is_alive()
        if time.monotonic() - self._saved_at > SAVE_SECONDS and not busy:
            self._saved_at = time.monotonic()
            # A thread of its own: an hour of music takes seconds to write, and the sound must not wait.
            self._saver = threading.Thread(target=self._save, args=self._snapshot(), daemon=True)
            self._saver.start()

    def _place(self, slot: Any) -> int:
        """Return the place of what is in a slot among all that has sounded."""
        for place, known in enumerate(self._heard):
            if known is slot:
                return place
        self._heard.append(slot)
        return len(self._heard) - 1

    def _snapshot(self) -> tuple[dict[int, list[np.ndarray]], dict[tuple[int, int], list[np.ndarray]]]:
        played = {port: list(rows) for port, rows in self._played.items()}
        return played, {key: list(rows) for key, rows in self._parts.items()}

    def _save(
        self, played: dict[int, list[np.ndarray]], parts: dict[tuple[int, int], list[np.ndarray]]
    ) -> None:
        for _, error in self._write_midi(played, parts):
            self._end(error)

    def _write_midi(
        self, played: dict[int, list[np.ndarray]], parts: dict[tuple[int, int], list[np.ndarray]]
    ) -> list[tuple[str, OSError]]:
        """Write the MIDI files; return the names of those that could not be, and why."""
        start = self._start or 0
        inputs = [
            input_track(port, np.concatenate(rows), self.rate, start) for port, rows in sorted(played.items())
        ]
        sounded = (
            part_track(channel % PARTS, np.concatenate(rows), [self._heard[place]], self.rate, start)
            for (place, channel), rows in sorted(parts.items())
        )
        outputs = share(track for track in sounded if track)
        lost = []
        for name, tracks in (("input.mid", inputs), ("parts.mid", outputs)):
            try:
                if tracks:
                    write_parts(self.folder / name, tracks, self.bpm)
            except OSError as error:
                lost.append((name, error))
        return lost

    def _end(self, error: OSError) -> None:
        with self._ending:
            if not self.active:
                return
            self.active = False
        reason = " ".join(str(error).split())
        self.notice(f"recording ended: {reason}; what was written is kept, playing goes on")

    def close(self) -> list[Path]:
        """Complete the files; return those that were written.

        On a full disk the end of the sound makes room for the MIDI.
        """
        if self._saver:
            self._saver.join()
        ended, self.active = not self.active, False
        try:
            self._sound.close()
        except OSError as error:
            if not ended:
                self.notice(f"recording: {error}")
        self._events.close()
        played, parts = self._snapshot()
        lost = self._write_midi(played, parts)
        if any(is_full(error) for _, error in lost):
            rows = sum(len(each) for known in (played, parts) for given in known.values() for each in given)
            if make_room(self.folder / "sound.wav", MIDI_BYTES + rows * EVENT_BYTES):
                lost = self._write_midi(played, parts)
        if lost:
            what = " and ".join(name for name, _ in lost)
            reason = lost[0][1].strerror or lost[0][1]
            self.notice(f"recording: {what} of {self.folder} can't be written: {reason}")
        names = ("input.mid", "parts.mid", "sound.wav", "events.jsonl")
        return [self.folder / name for name in names if (self.folder / name).exists()]

    def discard(self) -> None:
        """Remove the take: nothing was played."""
        self._sound.close()
        self._events.close()
        shutil.rmtree(self.folder, ignore_errors=True)
