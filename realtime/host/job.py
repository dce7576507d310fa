"""What is to be rendered: known and checked before the engine is imported, which may have to be compiled."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realtime.ensembles.schema import Ensemble
from realtime.music.smf import Performance

if TYPE_CHECKING:
    from realtime.host.rendering import Rendering

FROM_FILE = "file"


@dataclass(frozen=True)
class Job:
    """What is to be rendered, and how; each run has an engine of its own."""

    ensemble: Ensemble
    performance: Performance
    soundfont: Path | None
    """None: no sound is made."""
    sound: Path | None
    """WAV file to write."""
    midi: Path | None
    """MIDI file of the parts to write."""
    tempo: str = FROM_FILE
    rate: int = 48000
    period: int = 128
    subtype: str = "24"
    chord_window: int = 0
    """Milliseconds that a note waits for others of its chord."""

    @property
    def bpm(self) -> float | None:
        """The tempo in place of the file's own, or None."""
        return None if self.tempo == FROM_FILE else float(self.tempo)

    @property
    def files(self) -> list[Path]:
        """What a run writes."""
        return [path for path in (self.sound, self.midi) if path]

    def numbered(self, number: int) -> "Job":
        """Return the same job with a number in the names of its files, as in ``OUT-1.wav``."""
        sound, midi = (path and path.with_stem(f"{path.stem}-{number}") for path in (self.sound, self.midi))
        return replace(self, sound=sound, midi=midi)

    def run(
        self, separator: str | None, events: np.ndarray | None = None, *, notice: Callable[[str], None]
    ) -> "Rendering":
        """Render, and return what came out; ``notice`` is told what a player should know.

        Args:
            separator: in place of the ensemble's own.
            events: in place of the performance's own messages.
            notice: takes sentences.

        Raises:
            OSError: a file can't be written.
            ValueError: the separator is wrong.
        """
        from realtime.host.engine import Engine
        from realtime.host.rendering import render

        engine = Engine(self.rate, self.soundfont)
        try:
            engine.set_chord_window(self.chord_window)
            slot = engine.load(self.ensemble, separator)
            for sentence in engine.notices:
                notice(sentence)
            done = render(
                engine,
                self.ensemble,
                self.performance,
                self.sound,
                self.midi,
                self.tempo,
                self.period,
                self.subtype,
                events,
            )
            return replace(done, separator=slot.separator)
        finally:
            engine.close()
