"""Writing sound as it is played: a WAV file that is valid at every moment, and errors that stop nothing."""

from pathlib import Path

import numpy as np
import soundfile

SUBTYPES = {"24": "PCM_24", "float": "FLOAT"}
UPDATE_HEADER_AUTO = 0x1061
"""libsndfile command: write the header anew with each block, so that a crash leaves a valid file."""


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
        try:
            self._file = soundfile.SoundFile(path, "w", round(rate), 2, SUBTYPES[subtype], format="WAV")
        except soundfile.LibsndfileError as error:
            raise OSError(f"{path} can't be written: {error.error_string.rstrip('.')}") from None
        soundfile._snd.sf_command(self._file._file, UPDATE_HEADER_AUTO, soundfile._ffi.NULL, 1)

    def write(self, sound: np.ndarray) -> None:
        """Append sound: float32, shape (frames, 2).

        Raises:
            OSError: the disk is full or gone; what was written before stays a valid file.
        """
        try:
            self._file.write(sound)
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:
            reason = getattr(error, "error_string", None) or str(error) or "the disk is full"
            raise OSError(f"{self.path}: {reason.rstrip('.')}") from None
        self.frames += len(sound)

    def close(self) -> None:
        """Complete the file."""
        try:
            self._file.close()
        except soundfile.LibsndfileError as error:
            raise OSError(f"{self.path}: {error.error_string.rstrip('.')}") from None
