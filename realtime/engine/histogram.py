"""Latency histograms: the audio thread adds to them, anyone reads them without stopping it.

Buckets are log-linear (the idea of HdrHistogram): below 32 ns one each, then 32 to each power of two, so
that a percentile is at most 3 % too high over the whole range; the maximum is kept exactly.
"""

import numpy as np
from numba import njit

from realtime.engine.codes import BUCKETS, SUB_BUCKETS, Stage

PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}


@njit
def bucket(ns):
    """Return the bucket of a duration in ns."""
    value = max(ns, 0)
    shift = 0
    while value >= 2 * SUB_BUCKETS:
        value >>= 1
        shift += 1
    return min(shift * SUB_BUCKETS + value, BUCKETS - 1)


@njit
def add(s, stage, ns):
    """Count a duration in ns for a stage. Each stage has one thread that adds to it."""
    s.histogram[stage, bucket(ns)] += 1
    s.stage_max[stage] = max(s.stage_max[stage], ns)


def bucket_limits() -> np.ndarray:
    """Return the longest duration (ns, float64, shape (BUCKETS,)) of each bucket."""
    index = np.arange(BUCKETS)
    shift = np.maximum(index // SUB_BUCKETS - 1, 0)
    return ((index - shift * SUB_BUCKETS + 1) * 2.0**shift) - 1


LIMITS = bucket_limits()


def summarise(counts: np.ndarray, longest_ns: int, unit_ns: float = 1e3) -> dict[str, float]:
    """Return the percentiles, maximum and count of a histogram.

    Args:
        counts: int64, shape (BUCKETS,).
        longest_ns: the exact maximum in ns.
        unit_ns: ns in the unit of the result (1e3: microseconds).
    """
    total = int(counts.sum())
    if total == 0:
        return {**dict.fromkeys(PERCENTILES, 0.0), "max": 0.0, "count": 0}
    reached = np.cumsum(counts)
    found = {
        name: min(LIMITS[np.searchsorted(reached, np.ceil(total * p / 100))], longest_ns) / unit_ns
        for name, p in PERCENTILES.items()
    }
    return {
        **{k: round(float(v), 3) for k, v in found.items()},
        "max": round(longest_ns / unit_ns, 3),
        "count": total,
    }


def summary(state: np.void) -> dict[str, dict[str, float]]:
    """Return each stage's percentiles in microseconds, with jitter (p99.9 - p50), read while playing."""
    stages = {}
    for stage in Stage:
        row = summarise(state["histogram"][stage].copy(), int(state["stage_max"][stage]))
        row["jitter"] = round(row["p999"] - row["p50"], 3)
        stages[stage.name.lower()] = row
    return stages
