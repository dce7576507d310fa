"""Room on a full disk for what is small: a little is taken from the end of the sound that filled it."""

import errno
from contextlib import suppress
from pathlib import Path

import soundfile

FULL = {errno.ENOSPC, errno.EDQUOT}
"""What a system says of a disk, or a user's share of it, that is full."""
MOST = 0.5
"""Share of the sound that may be given up."""


def is_full(error: OSError) -> bool:
    """Return whether an error says that there is no more room."""
    return error.errno in FULL


def make_room(sound: Path, size: int) -> bool:
    """Cut ``size`` bytes off the end of a WAV file, which stays valid; return whether that was done.

    Args:
        sound: the file; nobody writes to it.
        size: bytes that are needed.
    """
    with suppress(OSError, soundfile.LibsndfileError), soundfile.SoundFile(sound, "r+") as file:
        frames = -(-size * file.frames // max(sound.stat().st_size, 1))
        if not 0 < frames <= MOST * file.frames:
            return False
        file.truncate(file.frames - frames)
        return True
    return False
