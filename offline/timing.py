"""How real players bend time: curves of local tempo, and how far single onsets lie from them.

Not in Dong et al. (ISMIR 2021). ``timing.npz`` holds numbers derived from recordings of Bach's works for solo
violin, as aligned in the Bach Violin Dataset, and nothing of the music: the recordings are by Emil Telmányi
and Kinga Augustyn (public domain), John Garner, Team DR (Ko Donghwi) and MinJi Kim (CC BY 3.0). Alignments of
orchestras exist as well (Hauptstimme); they are share-alike, and left out. Made again by
``python -m offline.timing --data FOLDER``.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from offline.corpora.alignments import FRAME_MS, Alignment, load_alignments
from offline.corpora.sources import data_folder
from offline.human import SHORTEST_MS, on_one_keyboard
from offline.take import SCORE_BPM, Take

FILE = Path(__file__).with_suffix(".npz")
SMOOTH_BEATS = 1.0
"""Standard deviation of the window in which a line is laid through the onsets."""
LEANING = 0.6
"""Where a single onset decides more than this of the line, there are too few to tell the tempo."""
SLOWEST, FASTEST = 2.0, 0.5
"""Times the median pace: beyond, the alignment has lost the player, or there is a pause."""
SHORTEST_CURVE = 24
"""Beats."""
NEAREST = 0.4
"""Share of the time to the next onset by which one may be off, so that none overtakes another."""
SHARES = np.linspace(0.01, 0.99, 99)
"""Quantiles of the deviations; what lies outside is mostly wrong alignment."""


@dataclass(frozen=True, eq=False)
class Timing:
    """What is known of players' timing."""

    curves: tuple[np.ndarray, ...]
    """Time that each beat takes, relative to the recording's mean; float32 (beats,), beats differ."""
    deviations: np.ndarray
    """Milliseconds from where the curve puts an onset, at ``SHARES``; float32 (quantiles,), rising."""


def local_lines(at: np.ndarray, beat: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, ...]:
    """Lay a line through the onsets around each place.

    Returns, for every place ``at`` (beats), the line's seconds there, its seconds to the beat, and the share
    that an onset at this very place has in the first; each float64 of the shape of ``at``.
    """
    first, last = (np.searchsorted(beat, at + side * 6 * SMOOTH_BEATS) for side in (-1, 1))
    near = first[:, None] + np.arange((last - first).max(initial=1))
    inside = near < last[:, None]
    near = np.minimum(near, len(beat) - 1)
    off, heard = beat[near] - at[:, None], seconds[near]
    weight = inside * np.exp(-0.5 * (off / SMOOTH_BEATS) ** 2)
    s0, s1, s2 = ((weight * off**power).sum(1) for power in range(3))
    t0, t1 = (weight * heard).sum(1), (weight * off * heard).sum(1)
    spread = s0 * s2 - s1**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return (s2 * t0 - s1 * t1) / spread, (s0 * t1 - s1 * t0) / spread, s2 / spread


def beats_of(alignment: Alignment) -> np.ndarray:
    """Return the onsets in beats: the note value of which there are nearest to ``SCORE_BPM`` in a minute."""
    quarter, seconds = alignment.quarter, alignment.seconds
    bpm = 60.0 * np.ptp(quarter) / np.ptp(seconds)
    return quarter * 2.0 ** np.rint(np.log2(SCORE_BPM / bpm))


def bent_time(alignment: Alignment) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the curves of a recording, cut where the alignment is not to be believed, and the deviations.

    The deviations are milliseconds, float64 (onsets that are believed,): how far each onset lies from the
    line through those around it, itself left out.
    """
    beat, seconds = beats_of(alignment), alignment.seconds
    at = np.arange(np.ceil(beat[0]), np.floor(beat[-1]) + 1)
    _, pace, lean = local_lines(at, beat, seconds)
    with np.errstate(invalid="ignore"):
        relative = pace / np.nanmedian(pace)
        good = (lean < LEANING) & (relative > FASTEST) & (relative < SLOWEST)
    edges = np.flatnonzero(np.diff(good, prepend=False, append=False))
    runs = [(a, b) for a, b in edges.reshape(-1, 2) if b - a >= SHORTEST_CURVE]
    if not runs:
        return [], np.zeros(0)
    mean = np.concatenate([pace[a:b] for a, b in runs]).mean()
    expected, _, lean = local_lines(beat, beat, seconds)
    inside = np.zeros(len(beat), bool)
    for a, b in runs:
        inside |= (beat >= at[a]) & (beat <= at[b - 1])
    inside &= lean < LEANING
    deviations = 1000.0 * (seconds - expected)[inside] / (1.0 - lean[inside])
    return [pace[a:b] / mean for a, b in runs], deviations


def derive(alignments: Sequence[Alignment]) -> Timing:
    """Return the timing of recordings; of the deviations, what the alignments' frames add is taken away.

    Raises:
        ValueError: no recording can be believed for long enough.
    """
    bent = [bent_time(alignment) for alignment in alignments]
    curves = tuple(curve.astype(np.float32) for found, _ in bent for curve in found)
    if not curves:
        raise ValueError(f"no alignment gives a tempo for {SHORTEST_CURVE} beats: are these the right files?")
    levels = np.quantile(np.concatenate([deviations for _, deviations in bent]), SHARES)
    frames = FRAME_MS**2 / 12.0
    levels *= np.sqrt(max(0.0, 1.0 - frames / max(levels.var(), frames)))
    return Timing(curves, levels.astype(np.float32))


def save_timing(timing: Timing, path: Path) -> None:
    """Write ``timing`` to ``path`` (.npz), as a whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            pace=np.concatenate(timing.curves).astype(np.float16),
            lengths=np.array([len(curve) for curve in timing.curves]),
            deviations=timing.deviations,
        )
    os.replace(part, path)


@cache
def load_timing(path: Path = FILE) -> Timing:
    """Return the timing in ``path``, by default that which comes with the package.

    Raises:
        ValueError, OSError: it can't be read.
    """
    with np.load(path, allow_pickle=False) as data:
        pace, lengths, deviations = (data[name] for name in ("pace", "lengths", "deviations"))
    return Timing(tuple(np.split(pace.astype(np.float32), np.cumsum(lengths)[:-1])), deviations)


def in_players_time(take: Take, draws: np.random.Generator, timing: Timing | None = None) -> Take:
    """Return ``take`` as one who bends time plays it: along a random stretch of a curve, unevenly.

    A longer take turns back at the end of the curve. The notes of a chord move together, and by less than
    ``NEAREST`` of the way to the next; releases one by one.
    """
    timing = timing or load_timing()
    beat_ms = 60000.0 / take.bpm
    length = np.array([len(curve) for curve in timing.curves], float)
    curve = timing.curves[draws.choice(len(length), p=length / length.sum())]
    beats = int(np.ceil(take.sound_end.max(initial=0.0) / beat_ms)) + 1
    there_and_back = np.concatenate([curve, curve[-2:0:-1]])
    pace = there_and_back[(draws.integers(len(there_and_back)) + np.arange(beats + 1)) % len(there_and_back)]
    played = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * beat_ms)])
    written = np.arange(beats + 1) * beat_ms
    start, end, sound_end = (np.interp(t, written, played) for t in (take.start, take.end, take.sound_end))
    onset, chord = np.unique(start, return_inverse=True)
    off, late = (np.interp(draws.random(n), SHARES, timing.deviations) for n in (len(onset), len(take)))
    room = NEAREST * np.diff(onset, prepend=-np.inf, append=np.inf)
    start = (onset + np.clip(off, -room[:-1], room[1:]))[chord]
    end = np.maximum(end + late, start + SHORTEST_MS)
    return on_one_keyboard(replace(take, start=start, end=end, sound_end=np.maximum(sound_end, end)))


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the corpora.")] = None,
    out: Annotated[Path, typer.Option(help="File of the numbers.")] = FILE,
) -> None:
    """Make the numbers from the alignments again."""
    try:
        timing = derive(load_alignments(data_folder(data)))
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    save_timing(timing, out)
    beats, low, high = sum(map(len, timing.curves)), *timing.deviations[[4, -5]]
    typer.echo(
        f"{out}: {len(timing.curves)} curves of {beats} beats; nine onsets in ten within {low:+.0f} and "
        f"{high:+.0f} ms"
    )


if __name__ == "__main__":
    typer.run(main)
