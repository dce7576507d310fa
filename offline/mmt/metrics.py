"""Three measures of music: how its pitches, scale and rhythm hang together (MusPy; Dong et al., ISMIR 2020).

Formulas are those of MusPy 0.5 (``muspy/metrics``), on tables of notes, which hold no drums. Dong et al.
(ICASSP 2023, section on evaluation) compare what a model generates with music by their means.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from realtime.music.mmt.representation import KEY, LENGTH, ONSET, RESOLUTION, Notes

EXCERPT = 64 * RESOLUTION
"""Ticks that are looked at: 64 quarter notes, as published."""
MEASURE = 4 * RESOLUTION
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def trim(notes: Notes, ticks: int = EXCERPT) -> Notes:
    """Return the notes that begin within so many ticks, none of them lasting longer than that."""
    table = notes[notes[:, ONSET] < ticks].copy()
    table[:, LENGTH] = np.minimum(table[:, LENGTH], ticks - table[:, ONSET])
    return table


def pitch_class_entropy(notes: Notes) -> float:
    """Return the entropy of the pitch classes of the notes, in bits; NaN without notes."""
    if not len(notes):
        return np.nan
    shares = np.bincount(notes[:, KEY] % 12, minlength=12) / len(notes)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def scale_consistency(notes: Notes) -> float:
    """Return the largest share of the notes that lie in one major or natural minor scale; NaN of none."""
    if not len(notes):
        return np.nan
    counts = np.bincount(notes[:, KEY] % 12, minlength=12)
    scales = [np.add(scale, root) % 12 for root in range(12) for scale in (MAJOR, MINOR)]
    return max(float(counts[scale].sum()) for scale in scales) / len(notes)


def groove_consistency(notes: Notes) -> float:
    """Return how alike neighbouring bars of four quarters are in where notes begin; NaN with less than two.

    1 minus the mean share of ticks at which a note begins in one of the two bars alone.
    """
    if not len(notes):
        return np.nan
    measures = int((notes[:, ONSET] + notes[:, LENGTH]).max()) // MEASURE + 1
    if measures < 2:
        return np.nan
    begins = np.zeros(measures * MEASURE, bool)
    begins[notes[:, ONSET]] = True
    begins = begins.reshape(measures, MEASURE)
    return float(1 - (begins[1:] != begins[:-1]).mean())


METRICS: Mapping[str, Callable[[Notes], float]] = {
    "pitch_class_entropy": pitch_class_entropy,
    "scale_consistency": scale_consistency,
    "groove_consistency": groove_consistency,
}


def mean_metrics(pieces: Iterable[Notes]) -> dict[str, float]:
    """Return the mean of each measure over the first ``EXCERPT`` of pieces; those of none are left out."""
    tables = [trim(notes) for notes in pieces]
    found = {}
    for name, metric in METRICS.items():
        values = np.array([metric(notes) for notes in tables])
        known = values[~np.isnan(values)]
        found[name] = float(known.mean()) if len(known) else np.nan
    return found
