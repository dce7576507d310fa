"""A separator stepped over performances as a host would step it, and the metrics of what it decides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from offline.facts import LOOK_BACK, columns_of, describe, fact_count, features, first_needed
from offline.gather import gathered
from offline.human import PERTURBATIONS, WRITTEN, human_takes
from offline.score import TICKS
from offline.take import NOBODY, Take
from realtime.contract.kinds import KINDS
from realtime.contract.manifest import Manifest
from realtime.contract.plugin import Plugin
from realtime.contract.scorer import SequenceScorer
from realtime.contract.sequence import sequence_features, sequence_order
from realtime.contract.stepper import Stepper

WINDOWS_MS = (30.0, 60.0)
"""Chord windows through which a live separator is measured under hands: ``realtime.engine.chords``."""

Parameters = Mapping[str, Sequence[float]]
"""Values of a plugin's parameter inputs, by name."""
Step = Callable[[Mapping[str, Any]], np.ndarray]
Score = Callable[[Mapping[str, np.ndarray]], np.ndarray]
Label = Callable[[Sequence[Take]], list[np.ndarray]]
"""Gives each note of each take its part, int64 (notes,)."""


@dataclass(frozen=True)
class Result:
    """How a separator did on some pieces."""

    accuracy: float
    """Share of all notes of all pieces that went to their part (Dong et al., ISMIR 2021, section 5)."""
    balanced_accuracy: float
    """Mean over the parts of the share of the part's notes that went to it."""
    soundness: float
    """Of successive notes given to one part, the share that belong to one part."""
    completeness: float
    """Of successive notes of one part, the share that were given to one part."""
    flicker: float
    """The rest: how often a voice changes its instrument though the music does not."""
    notes: int
    pieces: int
    part_accuracy: dict[str, float]
    confusion: dict[str, dict[str, int]]
    """Notes by their true part, then by the part that they went to."""


def play_take(step: Step, take: Take, parts: int) -> np.ndarray:
    """Give ``step`` the notes of ``take`` one by one; return its scores, float32 (notes, parts).

    What depends on the past (``last_pitch``, ``down``, ``since_onset`` ...) follows the separator's own
    decisions, the highest score deciding; when keys come up tells only what is still held.
    """
    scores = np.empty((len(take), parts), np.float32)
    given = np.full(len(take), NOBODY)
    row, columns, ticks = np.empty(fact_count(parts), np.int64), columns_of(take), take.tick
    first, seen, past = 0, columns, given
    for note in range(len(take)):
        if note % LOOK_BACK == 0:
            first = first_needed(note, columns, given, parts, first)
            seen, past = tuple(column[first:] for column in columns), given[first:]
        describe(note - first, seen, past, parts, row)
        scores[note] = step(features(row, int(ticks[note]), parts))
        given[note] = int(scores[note].argmax())
    return scores


class Counted(NamedTuple):
    """The notes of a take as a sequence separator takes them, int64 (notes,) each."""

    order: np.ndarray
    """Their places in the take."""
    tick: np.ndarray
    pitch: np.ndarray
    duration: np.ndarray


def counted(take: Take, resolution: int = TICKS) -> Counted:
    """Return the notes in ticks, as the host counts them at the take's tempo, be that right or not."""
    to_ticks = take.bpm * resolution / 60000.0
    tick = np.maximum(np.rint(take.start * to_ticks), 0).astype(np.int64)
    duration = np.maximum(np.rint((take.end - take.start) * to_ticks), 1).astype(np.int64)
    order = sequence_order(tick, take.pitch, duration)
    return Counted(order, tick[order], take.pitch[order], duration[order])


def score_whole(score: Score, take: Take, resolution: int = TICKS) -> np.ndarray:
    """Give ``score`` all notes of ``take`` at once; return its scores, float32 (notes, parts).

    Ticks and durations are those of ``counted``.
    """
    notes = counted(take, resolution)
    told = sequence_features(
        notes.tick,
        notes.pitch,
        notes.duration,
        start_ms=take.start[notes.order],
        duration_ms=(take.end - take.start)[notes.order],
        resolution=resolution,
    )
    found = score(told)
    scores = np.empty_like(found)
    scores[notes.order] = found
    return scores


def labeller(
    plugin: Plugin, parts: int, parameters: Parameters | None = None
) -> Callable[[Take], np.ndarray]:
    """Return what gives each note of a take its part, int64 (notes,): stepped, or told the whole take."""
    if KINDS[plugin.manifest.kind].sequence:
        scorer = SequenceScorer(plugin, parts, parameters)
        return lambda take: score_whole(scorer.score, take, plugin.manifest.resolution).argmax(1)
    stepper = Stepper(plugin, parts, parameters)

    def label(take: Take) -> np.ndarray:
        stepper.reset()
        return play_take(stepper.step, take, parts).argmax(1)

    return label


def label_order(manifest: Manifest, names: Sequence[str]) -> list[int]:
    """Return, for each part of the separator, the index of the corpus's part that it stands for.

    Parts are matched by name where the names are the same, else by their order.

    Raises:
        ValueError: the separator has another number of parts than the corpus.
    """
    own = [part.casefold() for part in manifest.parts] or list(names)
    if len(own) != len(names):
        raise ValueError(
            f"separator {manifest.name} has {len(own)} parts and the corpus {len(names)} "
            f"({', '.join(names)}): evaluate it on a corpus of its own parts"
        )
    return [names.index(part) for part in own] if sorted(own) == sorted(names) else list(range(len(names)))


def evaluate(
    plugin: Plugin, takes: Iterable[Take], names: Sequence[str], parameters: Parameters | None = None
) -> Result:
    """Give ``plugin`` every take, each from a fresh state, and measure it.

    ``names`` are the corpus's parts in the order of its labels; ``parameters`` that are not given have their
    defaults.

    Raises:
        ValueError: the separator does not have the corpus's parts, or there is no note.
        PluginError: the graph fails.
    """
    order = np.array(label_order(plugin.manifest, names))
    label = labeller(plugin, len(names), parameters)
    decided, true = [], []
    for take in takes:
        decided.append(order[label(take)])
        true.append(take.part)
    return measure_labels(decided, true, names)


def evaluate_human(
    plugin: Plugin, takes: Sequence[Take], names: Sequence[str], parameters: Parameters | None = None
) -> dict[str, float]:
    """Return the accuracy under each perturbation of the protocol by its name, and under ``all``.

    ``written`` is that of the same presses as written: voices that meet on one key are one press of it, so
    that these are fewer notes than ``evaluate`` counts, and what is under hands is to be compared with it.
    ``window_30`` and so on, of a live separator, are under all through a chord window of so many ms.

    Raises:
        ValueError, PluginError: as ``evaluate``.
    """
    order = np.array(label_order(plugin.manifest, names))
    label = labeller(plugin, len(names), parameters)
    return measure_human(
        lambda played: [order[label(take)] for take in played],
        takes,
        names,
        () if KINDS[plugin.manifest.kind].sequence else WINDOWS_MS,
    )


def measure_human(
    label: Label, takes: Sequence[Take], names: Sequence[str], windows: Sequence[float]
) -> dict[str, float]:
    """Return the accuracy of what ``label`` decides, as ``evaluate_human``, also through chord windows."""

    def accuracy(perturbations: Sequence[str], window: float = 0.0) -> float:
        played = [gathered(take, window) for take in human_takes(takes, perturbations)]
        return measure_labels(label(played), [take.part for take in played], names).accuracy

    each = {WRITTEN: []} | {name: [name] for name in PERTURBATIONS} | {"all": list(PERTURBATIONS)}
    through = {f"window_{window:.0f}": accuracy(list(PERTURBATIONS), window) for window in windows}
    return {name: accuracy(together) for name, together in each.items()} | through


def measure_labels(decided: Sequence[np.ndarray], true: Sequence[np.ndarray], names: Sequence[str]) -> Result:
    """Return the metrics of int labels, for each piece one array of shape (notes,), pooled over all notes.

    Notes that are nobody's are left out, and a part without notes.

    Raises:
        ValueError: there is no note.
    """
    owned = [part >= 0 for part in true]
    decided = [labels[kept] for labels, kept in zip(decided, owned, strict=True)]
    true = [labels[kept] for labels, kept in zip(true, owned, strict=True)]
    given, right = np.concatenate(decided or [[]]), np.concatenate(true or [[]])
    if not len(right):
        raise ValueError("there is no note to measure on")
    table = np.zeros((len(names), len(names)), np.int64)
    np.add.at(table, (right.astype(int), given.astype(int)), 1)
    recall = {name: float(table[i, i] / table[i].sum()) for i, name in enumerate(names) if table[i].any()}
    completeness = _agreement(true, decided)
    return Result(
        accuracy=float((given == right).mean()),
        balanced_accuracy=float(np.mean(list(recall.values()))),
        soundness=_agreement(decided, true),
        completeness=completeness,
        flicker=1.0 - completeness,
        notes=len(right),
        pieces=len(true),
        part_accuracy=recall,
        confusion={name: dict(zip(names, map(int, table[i]), strict=True)) for i, name in enumerate(names)},
    )


def _agreement(lines: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """Return how often successive notes of one part in ``lines`` share a part in ``others``; 1 for none."""
    pairs = same = 0
    for line, other in zip(lines, others, strict=True):
        for part in np.unique(line):
            followed = other[line == part]
            pairs += len(followed) - 1
            same += int((followed[1:] == followed[:-1]).sum())
    return same / pairs if pairs else 1.0
