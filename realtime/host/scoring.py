"""The scores of a whole piece's notes, by a separator of either kind.

One that takes whole pieces is run once. One that takes single notes is played by the engine, without sound,
and its scores along its own decisions are kept.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realtime.contract.kinds import SEQUENCE_SEPARATOR
from realtime.contract.library import find_plugin
from realtime.contract.plugin import Plugin
from realtime.contract.scorer import SequenceScorer
from realtime.contract.spelling import CHANNEL, spelled_parameter
from realtime.drivers.offline import OfflineDriver
from realtime.engine.codes import LOG_DATA1, LOG_KIND, LOG_SOURCE, REQUESTS, Log
from realtime.ensembles.schema import Ensemble
from realtime.host.engine import Engine
from realtime.host.piece import Notes
from realtime.host.player import performance_events
from realtime.host.slots import label_parts
from realtime.music.smf import Performance


@dataclass(frozen=True, eq=False)
class Adviser:
    """A separator that is asked about a whole piece."""

    name: str
    """As it was asked for, ``NAME`` or ``NAME:value,value...``."""
    plugin: Plugin
    parameters: Mapping[str, Sequence[float]]
    labels: list[int]
    """The part that plays each of its labels, -1: none."""

    @property
    def whole(self) -> bool:
        """Whether it takes all notes at once."""
        return self.plugin.manifest.kind == SEQUENCE_SEPARATOR


def find_adviser(ensemble: Ensemble, separator: str | None = None) -> Adviser:
    """Return who decides a whole piece: ``separator``, else the ensemble's ``offline``, else its separator.

    Raises:
        ValueError: it is not there or broken, its labels do not fit, or ``separator`` has wrong values.
    """
    wanted = separator or ensemble.offline or ensemble.separator
    if wanted == CHANNEL:
        raise ValueError(f"{CHANNEL} decides nothing by itself: use render without --mode offline")
    name, _, values = wanted.partition(":")
    plugin = find_plugin(name)
    count = len(ensemble.parts)
    parameters: dict[str, Sequence[float]] = dict(ensemble.parameters) if wanted == ensemble.separator else {}
    if values:
        parameters |= spelled_parameter(plugin.manifest, values, count)
    labels = label_parts(ensemble, plugin.manifest, other=name != ensemble.separator)
    return Adviser(wanted, plugin, parameters, labels)


def score_notes(
    adviser: Adviser,
    ensemble: Ensemble,
    performance: Performance,
    notes: Notes,
    rate: float,
    period: int,
    bpm: float | None,
    beat: int,
) -> np.ndarray:
    """Return the score of each label for each note: float32, shape (notes, labels).

    Args:
        adviser: who is asked.
        ensemble: whose notes they are, for what a separator is told of its own past.
        performance: what is played.
        notes: of this performance, with the resolution of the adviser.
        rate: frames a second.
        period: frames a period; only to a separator of single notes does it matter.
        bpm: a tempo in place of the file's own beat, or None.
        beat: the engine's ticks per quarter note.

    Raises:
        ValueError: the separator refuses.
    """
    if adviser.whole:
        parts = len(adviser.plugin.manifest.parts) or len(ensemble.parts)
        scorer = SequenceScorer(adviser.plugin, parts, adviser.parameters)
        return scorer.score(notes.features)
    engine = Engine(rate, None)
    try:
        engine.load(ensemble, None if adviser.name == ensemble.separator else adviser.name)
        if bpm is not None:
            engine.set_tempo(bpm)
        events = performance_events(performance, rate, None if bpm else beat)
        return _overheard(
            engine, OfflineDriver(engine, period), performance, events, notes, len(adviser.labels)
        )
    finally:
        engine.close()


def _overheard(
    engine: Engine,
    driver: OfflineDriver,
    performance: Performance,
    events: np.ndarray,
    notes: Notes,
    labels: int,
) -> np.ndarray:
    """Return the scores that the engine's separator gives while it plays."""
    given = performance.events
    waiting: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
    for note in np.argsort(notes.begins).tolist():
        event = given[notes.begins[note]]
        waiting[int(event["channel"]), int(event["data1"])].append(note)
    scores = np.zeros((len(notes), labels), np.float32)
    state, asked = engine.state, 0
    for _ in driver.play(events, int(performance.seconds * engine.rate) + 1):
        log = engine.link.read_log()
        decided = log[log[:, LOG_KIND] == Log.DECISION]
        latest = int(state["awaited"])
        if latest - asked != len(decided):
            raise ValueError("the separator missed notes: choose another")
        for row, request in zip(decided.tolist(), range(asked, latest), strict=True):
            note = waiting[row[LOG_SOURCE], row[LOG_DATA1]].popleft()
            if latest - request <= REQUESTS and not state["answer_failed"][request % REQUESTS]:
                scores[note] = state["answer"][request % REQUESTS, :labels]
        asked = latest
    return scores
