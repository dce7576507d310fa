"""The sound as those on the page hear it: what was played since they were last told, in their formats."""

import threading
from collections.abc import Callable, Iterable

import numpy as np

from realtime.control import pipe

FORMATS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "int16": lambda sound: np.clip(np.rint(sound * 32767.0), -32768, 32767).astype("<i2"),
    "float32": lambda sound: sound.astype("<f4"),
}


class Heard:
    """Sound that waits to be told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound: list[np.ndarray] = []
        self._frame = 0

    def take(self, frame: int, sound: np.ndarray) -> None:
        """Take what follows.

        Args:
            frame: the engine's, of its first sample.
            sound: float32, shape (frames, 2).
        """
        with self._lock:
            if self._frame + sum(map(len, self._sound)) != frame:
                self._sound, self._frame = [], frame  # some was left out
            self._sound.append(sound)

    def told(self, formats: Iterable[str]) -> list[pipe.Sound]:
        """Return all that waits, in each of ``formats``."""
        with self._lock:
            blocks, frame = self._sound, self._frame
            self._sound, self._frame = [], frame + sum(map(len, blocks))
        if not blocks:
            return []
        sound, head = np.concatenate(blocks), frame.to_bytes(8, "little", signed=True)
        return [
            pipe.Sound(name, head + FORMATS[name](sound).tobytes()) for name in formats if name in FORMATS
        ]
