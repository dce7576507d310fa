"""What is written while playing: the file that stands in for a device, and the recording of a take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from realtime.drivers.base import Driver
from realtime.host.engine import Engine
from realtime.host.recorder import Recorder
from realtime.host.slots import Slot
from realtime.host.sound_file import SoundFile


def header_of(engine: Engine, driver: Driver) -> dict[str, Any]:
    """Return what a recording says about how it was played; see ``event_log``."""
    return {
        "rate": engine.rate,
        "period": driver.period,
        "driver": driver.name,
        "ensembles": [slot.ensemble.name for slot in engine.slots],
        "separators": [slot.separator for slot in engine.slots],
        "tempo": float(engine.state["bpm"]),
    }


class Writers:
    """Takes sound and log, and never fails: what can't be written any more is told once.

    Args:
        notice: told in a sentence when writing has to end.
    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        self.notice = notice
        self._file: SoundFile | None = None
        self._file_ended = False
        self._recorder: Recorder | None = None

    @property
    def wanted(self) -> bool:
        """Whether sound is to be captured."""
        return self._file is not None or self._recorder is not None

    def open(
        self,
        sound_file: Path | None,
        record: Path | None,
        header: dict[str, Any],
        slots: list[Slot],
        subtype: str = "24",
    ) -> None:
        """Make the files.

        Args:
            sound_file: WAV file in place of a device.
            record: folder for takes.
            header: what is played with; see ``event_log``.
            slots: the loaded ensembles.
            subtype: ``24`` or ``float``, for WAV files.

        Raises:
            OSError: one can't be made; none is left then.
        """
        if sound_file is not None:
            self._file = SoundFile(sound_file, header["rate"], subtype)
        if record is not None:
            try:
                self._recorder = Recorder(record.expanduser(), header, slots, self.notice, subtype)
            except OSError:
                self.discard()
                raise

    @property
    def recording(self) -> bool:
        """Whether a take is being recorded."""
        return self._recorder is not None and self._recorder.active

    @property
    def taking(self) -> bool:
        """Whether a take is still to be ended; its recording may have ended by itself."""
        return self._recorder is not None

    def begin_take(
        self, record: Path, header: dict[str, Any], slots: list[Slot], subtype: str, start: int
    ) -> None:
        """Record a take from frame ``start`` on, while playing; arguments as for ``open``.

        The one before has been ended.

        Raises:
            OSError: its files can't be made.
        """
        self._recorder = Recorder(record.expanduser(), header, slots, self.notice, subtype, start)

    def end_take(self) -> Recorder | None:
        """Return the recorder of the take, which is to be closed; it is given nothing from here on."""
        ended, self._recorder = self._recorder, None
        return ended

    def add_log(self, log: np.ndarray) -> None:
        """Take log entries of the engine."""
        if self._recorder:
            self._recorder.add_log(log)

    def add_sound(self, sound: np.ndarray) -> None:
        """Take captured sound (float32, shape (frames, 2))."""
        if self._recorder:
            self._recorder.add_sound(sound)
        if self._file and not self._file_ended:
            try:
                self._file.write(sound)
            except OSError as error:
                self._file_ended = True
                self.notice(f"{error}; the file ends here, playing goes on")

    def discard(self) -> None:
        """Remove the files: nothing was played."""
        if self._recorder:
            self._recorder.discard()
            self._recorder = None
        if self._file:
            self._file.discard()
            self._file = None

    def close(self) -> list[Path]:
        """Complete the files; return those that were written."""
        files = self._recorder.close() if self._recorder else []
        if self._file:
            try:
                self._file.close()
            except OSError as error:
                if not self._file_ended:
                    self.notice(str(error))
            files.append(self._file.path)
        self._recorder = self._file = None
        return files
