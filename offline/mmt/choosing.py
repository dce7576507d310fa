"""Temperature and threshold of each field, chosen so that samples come close to validation pieces."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from offline.mmt.evaluation import ENOUGH_BEATS, compare, sample, worst_gap
from offline.mmt.metrics import mean_metrics
from offline.mmt.readers import Model
from offline.mmt.settings import settings_of
from realtime.music.mmt.representation import BEAT, FIELDS, PITCH, POSITION, Notes
from realtime.music.mmt.sampling import THRESHOLD, Sampling

PITCHES = ((1.0, 0.85), (1.05, 0.85), (1.1, 0.85), (1.05, 0.875), (1.1, 0.875), (1.1, 0.9))
"""Temperatures and thresholds of the pitch that are tried."""
RHYTHMS = (0.8, 0.9, 1.0, 0.85, 0.95, 0.7)
"""Temperatures of beat and position that are tried, one with each of the pitch."""
BY_PITCH, BY_RHYTHM = ("pitch_class_entropy", "scale_consistency"), ("groove_consistency",)
"""Measures that choose the one and the other."""
SEED = 1000
"""Not that of the samples that are reported."""


def settings(pitch: tuple[float, float], rhythm: float) -> Sampling:
    """Return settings with this temperature and threshold of the pitch, and of beat and position this one."""
    temperature, threshold = [1.0] * len(FIELDS), [THRESHOLD] * len(FIELDS)
    temperature[PITCH], threshold[PITCH] = pitch
    temperature[BEAT] = temperature[POSITION] = rhythm
    return Sampling(tuple(temperature), tuple(threshold))


def choose(
    model: Model, validation: Sequence[Notes], samples: int, *, progress: bool = False
) -> list[dict[str, Any]]:
    """Return settings with their measures; the first are chosen: of what was tried, the best of both kinds.

    Pitch alone decides entropy and scale, beat and position alone the groove, so both are tried at once, and
    what they make together is measured at the end. ``samples`` are generated for each.
    """
    truth = mean_metrics(validation)
    pairs = list(zip(PITCHES, RHYTHMS, strict=True))
    tried = [
        _measure(model, settings(*pair), truth, samples)
        for pair in tqdm(pairs, "settings", disable=not progress)
    ]
    pitch, rhythm = (
        int(np.argmin([worst_gap(gaps, names) for _, gaps in tried])) for names in (BY_PITCH, BY_RHYTHM)
    )
    if pitch != rhythm:
        pairs.insert(0, (PITCHES[pitch], RHYTHMS[rhythm]))
        tried.insert(0, _measure(model, settings(*pairs[0]), truth, samples))
    else:
        pairs.insert(0, pairs.pop(pitch))
        tried.insert(0, tried.pop(pitch))
    return [
        settings_of(settings(*pair)) | {"worst_gap": worst_gap(gaps)} | ours
        for pair, (ours, gaps) in zip(pairs, tried, strict=True)
    ]


def _measure(
    model: Model, sampling: Sampling, truth: Mapping[str, float], samples: int
) -> tuple[dict[str, float], dict[str, dict[str, float | bool]]]:
    ours = mean_metrics(sample(model, samples, sampling, seed=SEED, beats=ENOUGH_BEATS).notes)
    return ours, compare(ours, truth)
