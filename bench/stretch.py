"""Several stretches of notes on one instrument, summed up."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.onsets import Heard, explain, jitter, percentiles
from bench.rig import Played


@dataclass
class Stretch:
    """What several ``Played`` come to."""

    heard: list[Heard] = field(default_factory=list)
    rounded: list[np.ndarray] = field(default_factory=list)
    rounding: str = ""
    xruns: int = 0
    seconds: float = 0.0

    def add(self, played: Played, period: int) -> None:
        """Add one."""
        self.rounding, rounded = explain(played.heard, played.begin, period)
        self.heard.append(played.heard)
        self.rounded.append(rounded)
        self.xruns += played.xruns
        self.seconds += played.seconds

    def summary(self, rate: float, period: int) -> dict[str, Any]:
        """Return key to sound in all forms; times in ms."""
        frames = np.concatenate([h.frames for h in self.heard])
        rounded = np.concatenate(self.rounded)
        ms = 1000 / rate
        whole, without = percentiles(frames, ms), percentiles(frames - rounded, ms)
        return {
            "key_to_sound_ms": whole,
            "key_to_sound_frames": percentiles(frames),
            "jitter_ms": jitter(whole),
            "loop_ms": round(period * ms, 4),
            "rounding": self.rounding,
            "block_ms": percentiles(rounded, ms),
            "without_block_ms": without,
            "jitter_without_block_ms": jitter(without),
            "lost_notes": sum(h.lost for h in self.heard),
            "stray_onsets": sum(h.stray for h in self.heard),
            "xruns": self.xruns,
            "xruns_per_minute": round(60 * self.xruns / max(self.seconds, 1e-9), 2),
        }
