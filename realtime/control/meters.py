"""What the page shows of a running session many times a second, as JSON texts."""

import math
import time
from typing import Any

import msgspec
import numpy as np

from realtime.control.roll import Roll
from realtime.engine.codes import PARTS, Stage
from realtime.engine.histogram import LIMITS
from realtime.host.session import Session

SILENT_DB = -100.0
FADE_SECONDS = 2.0
"""In which an estimated level falls to a third while its note is held."""
BARS_PER_BUCKETS = 8
"""Neighbouring buckets of the engine's histogram that make one bar."""


class Meters:
    """Reads counters and state only; each text is None where there is nothing to tell.

    Args:
        session: what is shown.
        roll: its notes.
    """

    def __init__(self, session: Session, roll: Roll) -> None:
        self.session, self.roll = session, roll
        self._measured = (time.monotonic(), time.process_time())

    def seconds(self) -> float:
        """Return the engine's clock."""
        return round(int(self.session.engine.state["frame"]) / self.session.engine.rate, 4)

    def notes(self, watched: bool) -> str | None:
        """Return the notes that began and ended since the last call."""
        on, off = self.roll.take()
        return _json("notes", on=on, off=off) if watched and (on or off) else None

    def levels(self, watched: bool) -> str | None:
        """Return the peaks of both channels, measured, and the level of each part, estimated."""
        if not watched:
            return None
        now = self.seconds()
        peak = [round(20 * math.log10(max(p, 1e-5)), 1) for p in self.session.engine.peak("page")]
        return _json("levels", seconds=now, peak=peak, parts=self._parts(now))

    def _parts(self, now: float) -> list[float]:
        """Return an estimate for each part: its loudest note's velocity and age, and the part's volume."""
        session, state = self.session, self.session.engine.state
        first = int(state["slot"]) * PARTS
        levels = [0.0] * session.parts()
        for _, seconds, part, _, velocity, *_ in self.roll.sounding():
            if part <= len(levels):
                level = velocity / 127 * math.exp(-(now - seconds) / FADE_SECONDS)
                levels[part - 1] = max(levels[part - 1], level)
        volumes = state["part_volume"][first : first + len(levels)].tolist()
        return [round(min(level * v / 127, 1.0), 3) for level, v in zip(levels, volumes, strict=True)]

    def latency(self, watched: bool) -> str | None:
        """Return each stage's percentiles, the histogram of key to sound, counters and load."""
        before, cpu_before = self._measured
        self._measured = now, cpu = time.monotonic(), time.process_time()
        if not watched:
            return None
        engine = self.session.engine
        counts = engine.state["histogram"][Stage.KEY_TO_SOUND].copy()
        bars = counts.reshape(-1, BARS_PER_BUCKETS).sum(axis=1)
        ends = LIMITS[BARS_PER_BUCKETS - 1 :: BARS_PER_BUCKETS] / 1e6
        histogram = [[round(float(ends[i]), 4), int(bars[i])] for i in np.flatnonzero(bars)]
        return _json(
            "latency",
            stages=engine.latency(),
            histogram=histogram,
            counters=engine.counters(),
            tempo=self.session.beat_tempo,
            load=round((cpu - cpu_before) / max(now - before, 1e-3), 3),
        )


def _json(kind: str, **content: Any) -> str:
    return msgspec.json.encode({"type": kind, **content}).decode()
