"""Several convincing instrumentations of one piece (Dong et al., ISMIR 2021; the idea of its section 4.8).

The scores are leaned towards some parts and away from others, by the same amount over a whole phrase, so that
a voice moves to another part as a whole and nothing flickers. Many leanings are decoded; kept are those that
the unchanged scores find most convincing among those that differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime.host.decoding import Casting
from realtime.host.piece import Notes

MOST = 16
LONGEST_BEATS, SHORTEST_BEATS = 16, 4
"""Of a phrase, in quarter notes."""
STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Standard deviations of the leaning, in units of the scores' logarithms."""
TRIES = 16
"""Leanings of each strength, and at least twice as many as are wanted."""
SHARES = (0.1, 0.05, 0.02, 0.01, 0.0)
"""Share of the notes by which any two must differ: the first that leaves enough."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """One instrumentation."""

    parts: np.ndarray
    """Part of each note, int64, shape (notes,)."""
    mean_log_score: float
    """How convincing the separator finds it: 0 is certain."""
    differs: tuple[float, ...]
    """Share of notes that another part plays, against each of the alternatives in their order."""


def find_alternatives(
    casting: Casting, notes: Notes, count: int, seed: int, resolution: int
) -> list[Alternative]:
    """Return ``count`` instrumentations of a piece; the first is what the scores say, unchanged.

    Args:
        casting: the scores.
        notes: of the piece.
        count: 1 to ``MOST``.
        seed: the same one gives the same result.
        resolution: ticks per quarter note of ``notes``.

    Raises:
        ValueError: ``count`` is out of range, or so many that differ were not found.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"--alternatives {count}: give a number from 1 to {MOST}")
    phrase = np.searchsorted(find_phrases(notes, resolution), np.arange(len(notes)), side="right") - 1
    draws = np.random.default_rng(seed)
    first = casting.decide()
    found = {first.tobytes(): first}
    shape = (int(phrase[-1]) + 1, casting.log_scores.shape[1])
    for strength in STRENGTHS if count > 1 else ():
        for _ in range(max(TRIES, 2 * count)):
            lean = draws.normal(0, strength, shape)[phrase]
            parts = casting.decide(lean)
            found.setdefault(parts.tobytes(), parts)
    others = sorted(list(found.values())[1:], key=casting.mean_log_score, reverse=True)
    kept = max((_apart([first, *others], count, share) for share in SHARES), key=len)
    if len(kept) < count:
        raise ValueError(
            f"--alternatives {count}: only {len(kept)} instrumentations that differ were found: ask for fewer"
        )
    return [
        Alternative(
            parts,
            casting.mean_log_score(parts),
            tuple(float((parts != other).mean()) for other in kept),
        )
        for parts in kept
    ]


def _apart(candidates: Sequence[np.ndarray], count: int, share: float) -> list[np.ndarray]:
    """Return the first ``count`` candidates that each differ from those before by more than a share."""
    kept: list[np.ndarray] = []
    for parts in candidates:
        if len(kept) < count and all((parts != other).mean() > share for other in kept):
            kept.append(parts)
    return kept


def find_phrases(notes: Notes, resolution: int) -> np.ndarray:
    """Return the first note of each phrase, int64, ascending, 0 first.

    A stretch longer than a phrase can be is split where the silence before an onset is longest, then where
    the onset before is longest ago; of equal places, the one nearest to the middle.
    """
    starts = notes.chords()[:-1]
    tick = notes.tick[starts]
    sounding = np.maximum.accumulate(notes.end)  # of all notes up to each
    silence = np.zeros(len(starts), np.int64)
    silence[1:] = np.maximum(tick[1:] - sounding[starts[1:] - 1], 0)
    pause = np.diff(tick, prepend=tick[:1])
    shortest, longest = SHORTEST_BEATS * resolution, LONGEST_BEATS * resolution
    firsts, open_stretches = {0}, [(0, len(starts))]
    while open_stretches:
        first, last = open_stretches.pop()
        if tick[last - 1] - tick[first] < longest:
            continue
        places = np.arange(first + 1, last)
        inside = (tick[places] - tick[first] >= shortest) & (tick[last - 1] - tick[places] >= shortest)
        places = places[inside] if inside.any() else places
        for merit in (silence, pause, -np.abs(2 * tick - tick[first] - tick[last - 1])):
            places = places[merit[places] == merit[places].max()]
        best = int(places[0])
        firsts.add(best)
        open_stretches += [(first, best), (best, last)]
    return starts[sorted(firsts)]
