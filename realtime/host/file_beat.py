"""The beat of a MIDI file that is played: the engine's own begins with the first note, and after pauses."""

import numpy as np

from realtime.continuation.settings import BEAT
from realtime.host.beat import Beat
from realtime.music.tempo import TempoMap


class FileBeat(Beat):
    """Reads where an engine is in a file, in ticks of ``BEAT`` to a quarter note from the file's beginning.

    Args:
        state: the engine's.
        tempo: the file's.
        over: time (s) from which on the tempo stays as it is there.
    """

    def __init__(self, state: np.void, tempo: TempoMap, over: float) -> None:
        super().__init__(state)
        count = max(int(np.searchsorted(tempo.seconds, over, "right")), 1)
        self._tempo = TempoMap(*(column[:count] for column in tempo))
        self._rate = float(state["rate"])

    @property
    def ruled(self) -> bool:
        """Never: the file is a keyboard's performance, to which the model's turns keep as they do live."""
        return False

    def tick_at(self, frame: int) -> float:
        """Return the tick at an absolute frame."""
        return float(self._tempo.quarters_at(frame / self._rate)) * BEAT

    def frame_at(self, tick: float) -> int | None:
        """Return the frame of a tick."""
        return round(float(self._tempo.seconds_at(tick / BEAT)) * self._rate)

    @property
    def rate(self) -> float:
        """Ticks in a second."""
        now = np.searchsorted(self._tempo.seconds, int(self.state["frame"]) / self._rate, "right")
        return float(self._tempo.bpm[max(int(now) - 1, 0)]) / 60.0 * BEAT
