"""How good a Multitrack Music Transformer is: its losses, and what it generates beside true music."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from offline.mmt.data import beginning
from offline.mmt.generation import LENGTH, extend
from offline.mmt.metrics import EXCERPT, METRICS
from offline.mmt.readers import Model
from realtime.music.mmt.midi import BPM
from realtime.music.mmt.representation import LENGTH as DURATION
from realtime.music.mmt.representation import ONSET, RESOLUTION, Notes, Rows
from realtime.music.mmt.sampling import Sampling

PAPER = {
    "pitch_class_entropy": (2.974, 2.802),
    "scale_consistency": (0.9226, 0.9474),
    "groove_consistency": (0.9305, 0.9209),
}
"""Truth and the paper's model (Dong et al., ICASSP 2023, table 3): ours is to be nearer to its truth."""
ENOUGH_BEATS = EXCERPT // RESOLUTION


def field_losses(model: Model, pieces: Iterable[Notes]) -> tuple[dict[str, float], int]:
    """Return the mean cross-entropy of each field over the first rows of pieces, and how many rows there are.

    In nats per row; as many rows of a piece as the context holds, with an end only where it is its own.
    """
    fields, ends = model.form.fields, np.cumsum(model.form.codes)[:-1]
    total, count = np.zeros(len(fields)), 0
    for notes in pieces:
        rows = beginning(notes, model.context, model.form)
        targets = rows[1:]
        parts = np.split(model.scores(rows[:-1]), ends, axis=1)
        total += [row_losses(part, targets[:, f]).sum() for f, part in enumerate(parts)]
        count += len(targets)
    return dict(zip(fields, (total / max(1, count)).tolist(), strict=True)), count


def row_losses(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each row, float64; ``scores`` (rows, codes), ``targets`` (rows,)."""
    scores = scores.astype(np.float64)
    highest = scores.max(axis=1)
    whole = np.log(np.exp(scores - highest[:, None]).sum(axis=1)) + highest
    return whole - scores[np.arange(len(targets)), targets]


@dataclass(frozen=True)
class Samples:
    """Music that was generated from nothing, and how long that took."""

    notes: Sequence[Notes]
    seconds: float

    @property
    def notes_per_second(self) -> float:
        """Notes over the time that generating took, one sample after another."""
        return sum(map(len, self.notes)) / self.seconds

    @property
    def mean_length(self) -> float:
        """Seconds that a sample lasts at the published tempo."""
        ends = [int((n[:, ONSET] + n[:, DURATION]).max()) if len(n) else 0 for n in self.notes]
        return float(np.mean(ends)) / RESOLUTION * 60 / BPM


def sample(
    model: Model,
    count: int,
    sampling: Sampling,
    *,
    seed: int = 0,
    beats: int | None = None,
    prompts: Sequence[Rows] | None = None,
    progress: bool = False,
) -> Samples:
    """Generate so many samples, from nothing or from prompts in turn; each has a seed of its own.

    Of ``LENGTH`` rows at most, or as many as the context holds. With ``beats`` they go no farther than what
    the measures look at.
    """
    found, seconds = [], 0.0
    for number in tqdm(range(count), "samples", disable=not progress):
        prompt = prompts[number % len(prompts)] if prompts else model.form.start
        length = min(LENGTH, model.context - len(prompt) + 1)
        model.reset()
        sampler = model.form.sampler(sampling, np.random.default_rng([seed, number]))
        begin = time.perf_counter()
        rows = extend(model.read, prompt, sampler, length, beats)
        seconds += time.perf_counter() - begin
        found.append(model.form.decode(rows))
    return Samples(found, seconds)


def compare(ours: Mapping[str, float], truth: Mapping[str, float]) -> dict[str, dict[str, float | bool]]:
    """Return each measure beside the truth's, the gap between them, and the paper's gap to its own truth."""
    found: dict[str, dict[str, float | bool]] = {}
    for name in METRICS:
        true, theirs = PAPER[name]
        gap, paper_gap = abs(ours[name] - truth[name]), abs(theirs - true)
        found[name] = {
            "ours": ours[name],
            "truth": truth[name],
            "gap": gap,
            "paper_gap": paper_gap,
            "closer": gap < paper_gap,
        }
    return found


def worst_gap(gaps: Mapping[str, Mapping[str, float | bool]], names: Iterable[str] = METRICS) -> float:
    """Return the largest of some gaps of ``compare``, as a share of the paper's; infinite without music."""
    return max(
        float(gaps[n]["gap"]) / float(gaps[n]["paper_gap"]) if gaps[n]["gap"] == gaps[n]["gap"] else np.inf
        for n in names
    )


def closer(found: Mapping[str, Any]) -> str:
    """Return in words which measures are closer to true music than those of the paper's model to its own."""
    near = [name.replace("_", " ") for name, one in found["metrics"].items() if one["closer"]]
    return f"closer to true music than the paper's model: {', '.join(near) or 'no measure'}"
