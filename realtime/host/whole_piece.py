"""A whole piece decided at once: from a file to the events of one or more instrumentations."""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.ensembles.schema import Ensemble
from realtime.host.alternatives import Alternative, find_alternatives
from realtime.host.decoding import Casting, cast
from realtime.host.piece import Notes, read_notes, routed_events
from realtime.host.scoring import Adviser, find_adviser, score_notes
from realtime.music.smf import Performance

BEAT = 24
"""The engine's ticks per quarter note."""


@dataclass(frozen=True, eq=False)
class Instrumentations:
    """The instrumentations of a piece, before they are played."""

    adviser: Adviser
    performance: Performance
    notes: Notes
    casting: Casting
    alternatives: list[Alternative]
    ensemble: Ensemble

    def events(self, alternative: Alternative, rate: float, from_file: bool = True) -> np.ndarray:
        """Return what an engine plays with the separator ``channel``: int64, shape (n, ENTRIES).

        ``rate`` is in frames a second; ``from_file``: the beat comes from the file.
        """
        return routed_events(
            self.performance,
            self.notes,
            alternative.parts,
            len(self.ensemble.parts),
            rate,
            BEAT if from_file else None,
        )

    def told(self, alternative: Alternative, decided: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the notes that the engine played, in its order, with the confidences of the separator."""
        confidence = self.casting.confidence(alternative.parts)
        names = [part.name for part in self.ensemble.parts]
        waiting: defaultdict[tuple[int, str], deque[float]] = defaultdict(deque)
        for note in np.argsort(self.notes.begins, kind="stable").tolist():
            key = int(self.notes.pitch[note]), names[alternative.parts[note]]
            waiting[key].append(float(confidence[note]))
        return [
            note | {"confidence": round(waiting[note["pitch"], note["part"]].popleft(), 6)}
            for note in decided
        ]


def instrument(
    ensemble: Ensemble,
    performance: Performance,
    *,
    separator: str | None = None,
    joint: bool = False,
    count: int = 1,
    seed: int = 0,
    rate: float = 48000,
    period: int = 128,
    bpm: float | None = None,
) -> Instrumentations:
    """Decide all notes of a piece.

    Args:
        ensemble: whose parts play.
        performance: with one note or more, without percussion.
        separator: who decides, in place of the ensemble's own.
        joint: every part plays one note of a chord, as far as there are parts.
        count: number of instrumentations.
        seed: of those that are not the first.
        rate: frames a second of the playing.
        period: frames a period, for separators that decide note by note.
        bpm: a tempo in place of the file's own beat, or None.

    Raises:
        ValueError: the separator is missing, broken or of other parts, or so many were not found.
    """
    adviser = find_adviser(ensemble, separator)
    resolution = adviser.plugin.manifest.resolution
    notes = read_notes(performance, resolution, bpm)
    scores = score_notes(adviser, ensemble, performance, notes, rate, period, bpm, BEAT)
    casting = cast(scores, adviser.labels, notes, ensemble, joint)
    alternatives = find_alternatives(casting, notes, count, seed, resolution)
    return Instrumentations(adviser, performance, notes, casting, alternatives, ensemble)
