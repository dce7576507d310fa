"""Writing sound as it is played: a WAV file that is valid at every moment, and errors that stop nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

SUBTYPES = {"24": "PCM_24", "float": "FLOAT"}
FRAME_BYTES = {"24": 6, "float": 8}
MAX_BYTES = (1 << 32) - 4096
"""A WAV file counts its bytes in 32 bits: 4 hours of 24-bit sound at 48 kHz."""
UPDATE_HEADER_AUTO = 0x1061
"""libsndfile command: write the header anew with each block, so that a crash leaves a valid file."""
_PRIVATE: Any = soundfile
"""Its library: soundfile offers neither commands nor the reason of a system error."""


class SoundFile:
    """A stereo WAV file.

    Args:
        path: the file, replaced if it exists.
        rate: frames a second.
        subtype: a key of ``SUBTYPES``.

    Raises:
        OSError: the file can't be made.
    """

    def __init__(self, path: Path, rate: float, subtype: str = "24") -> None:
        self.path = path
        self.frames = 0
        self._room = MAX_BYTES // FRAME_BYTES[subtype]
        try:
            self._file = soundfile.SoundFile(path, "w", round(rate), 2, SUBTYPES[subtype], format="WAV")
        except (soundfile.LibsndfileError, OSError):
            reason = _reason(_PRIVATE._ffi.NULL)
            if path.is_file() and path.stat().st_size == 0:
                path.unlink(missing_ok=True)
            raise OSError(f"{path} can't be written: {reason}") from None
        _PRIVATE._snd.sf_command(self._handle, UPDATE_HEADER_AUTO, _PRIVATE._ffi.NULL, 1)

    @property
    def _handle(self) -> Any:
        file: Any = self._file
        return file._file

    def write(self, sound: np.ndarray) -> None:
        """Append sound: float32, shape (frames, 2).

        Raises:
            OSError: the disk is full or gone, or the file as long as a WAV file can be; what was written
                before stays a valid file.
        """
        if self.frames + len(sound) > self._room:
            raise OSError(f"{self.path}: a WAV file holds no more than 4 GB")
        try:
            self._file.write(sound)
        except (soundfile.LibsndfileError, OSError, AssertionError):
            raise OSError(f"{self.path}: {_reason(self._handle)}") from None
        self.frames += len(sound)

    def close(self) -> None:
        """Complete the file.

        Raises:
            OSError: the disk is full or gone.
        """
        try:
            self._file.close()
        except soundfile.LibsndfileError as error:
            raise OSError(f"{self.path}: {error.error_string.rstrip('.')}") from None

    def discard(self) -> None:
        """Close the file and remove it."""
        self._file.close()
        if self.path.is_file():  # and no device such as /dev/null
            self.path.unlink()


def _reason(handle: Any) -> str:
    """Return why the last call failed; ``System error : `` says nothing to a player."""
    text = _PRIVATE._ffi.string(_PRIVATE._snd.sf_strerror(handle)).decode(errors="replace")
    return text.removeprefix("System error : ").strip().rstrip(".") or "the disk is full"
