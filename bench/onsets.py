"""From frames sent and frames heard to key-to-sound times, lost notes and jitter."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SYNTH_BLOCK = 64  # frames: FluidSynth starts voices at the boundaries of its blocks
ATTACK_SPREAD = 4.0  # frames: how much sooner one key is heard than another
PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


def percentiles(values: np.ndarray, scale: float = 1.0, digits: int = 4) -> dict[str, float]:
    """Return p50, p95, p99, p999 and max of ``values`` times ``scale``: each a value that occurred.

    The nearest rank is taken, upwards: a percentile is never better than what was measured.
    """
    if len(values) == 0:
        return dict.fromkeys(PERCENTILES, 0.0)
    found = np.percentile(values, list(PERCENTILES.values()), method="higher") * scale
    return {name: round(float(value), digits) for name, value in zip(PERCENTILES, found, strict=True)}


def jitter(of: dict[str, float]) -> float:
    """Return p99.9 - p50."""
    return round(of["p999"] - of["p50"], 4)


class Heard(NamedTuple):
    """What became of the notes."""

    frames: np.ndarray
    """int64, shape (heard,): frames from each note's note-on to its sound, of the notes that were heard."""
    sent: np.ndarray
    """int64, shape (heard,): the frames at which these were sent."""
    lost: int
    """Notes that were not heard within the bound, or not before the next."""
    stray: int
    """Onsets that belong to no note."""


def match(sent: np.ndarray, onsets: np.ndarray, bound: int) -> Heard:
    """Find for each note the first onset after it, before the next note and within ``bound`` frames.

    Args:
        sent: int64, ascending: frames at which notes were sent.
        onsets: int64, ascending: frames at which sounds began.
        bound: frames.
    """
    if len(sent) == 0:
        return Heard(sent, sent, 0, len(onsets))
    ends = np.minimum(sent + bound, np.append(sent[1:], np.iinfo(np.int64).max))
    place = np.searchsorted(onsets, sent, side="left")
    found = np.append(onsets, np.iinfo(np.int64).max)[place]
    heard = found < ends
    frames = (found - sent)[heard]
    return Heard(frames, sent[heard], int((~heard).sum()), len(onsets) - int(heard.sum()))


ROUNDINGS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "up to the next block": lambda offset, period: -offset % SYNTH_BLOCK,
    "down to its block": lambda offset, period: -(offset % SYNTH_BLOCK),
    "down to its period": lambda offset, period: -(offset % period),
    "none": lambda offset, period: 0 * offset,
}
"""Where an instrument puts an event that stands ``offset`` frames after a period's start: frames added."""


def explain(heard: Heard, begin: int, period: int) -> tuple[str, np.ndarray]:
    """Return which of ``ROUNDINGS`` explains most of the spread, and what it added to each note in frames.

    Args:
        heard: notes.
        begin: a frame at which a period began.
        period: frames; where blocks have no fixed place in it, nothing explains much.
    """
    offset = heard.sent - begin
    added = {name: rounding(offset, period) for name, rounding in ROUNDINGS.items()}
    spreads = {
        name: np.ptp(np.percentile(heard.frames - frames, [5, 95])) if len(offset) else 0.0
        for name, frames in added.items()
    }
    # Up and down look alike but for a block: the one that leaves about the loop's period is meant.
    least = min(spreads.values())
    close = [name for name, spread in spreads.items() if spread <= least + ATTACK_SPREAD]
    if len(offset) == 0:
        return close[-1], added[close[-1]]
    best = min(close, key=lambda name: abs(float(np.median(heard.frames - added[name])) - period))
    return best, added[best]
