"""The host's own histograms, added up over stretches."""

from typing import Any

import numpy as np

from bench.host import histogram_counts
from realtime.engine.codes import BUCKETS, Stage
from realtime.engine.histogram import summarise


class Stages:
    """Histograms of all stages."""

    def __init__(self) -> None:
        self._counts = {stage.name.lower(): np.zeros(BUCKETS, np.int64) for stage in Stage}
        self._longest = dict.fromkeys(self._counts, 0)

    def add(self, taken: dict[str, Any]) -> None:
        """Add what ``host.take_histograms`` returned."""
        for name, stage in taken.items():
            self._counts[name] += histogram_counts(stage)
            self._longest[name] = max(self._longest[name], stage["max"])

    def summary(self, stage: str) -> dict[str, float]:
        """Return p50, p95, p99, p999 and max of a stage in microseconds."""
        found = summarise(self._counts[stage], self._longest[stage])
        return {name: found[name] for name in ("p50", "p95", "p99", "p999", "max")}

    def all(self) -> dict[str, dict[str, float]]:
        """Return the summaries of all stages by name."""
        return {name: self.summary(name) for name in self._counts}
