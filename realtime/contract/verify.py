"""A plugin put to the test: everything that loading checks, ONNX's own checker, and steps that are run."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.contract.error import PluginError, one_line
from realtime.contract.features import CHORD_ABOVE, NO_PITCH, NO_TIME
from realtime.contract.kinds import KINDS
from realtime.contract.plugin import Plugin, load_plugin
from realtime.contract.row_stepper import RowStepper
from realtime.contract.scorer import SequenceScorer
from realtime.contract.sequence import sequence_features
from realtime.contract.stepper import Stepper
from realtime.contract.tensors import MAX_PARTS
from realtime.music.mmt.representation import SIZES

NOTES = 1000
WARM_UP = 50
CHORD, QUARTER_MS, NOTE_MS, DURATION = 4, 500, 400, 18
"""Of the notes that are made up: a chord's, from one chord to the next, how long each is held (ms, ticks)."""
SCORES = "outputs scores"
LENGTHS, RUNS = (1, 7, NOTES), 3
"""Of the pieces that a sequence separator is given, in notes; and how often the longest is timed."""
ROWS, NEAR = 32, 0.05
"""Rows that a continuation is timed with; how far, of their range, its scores may be apart when rows come one
by one and all at once."""
PARTS_TRIED = (1, 4, MAX_PARTS)
"""For a plugin that serves any number of parts."""


@dataclass(frozen=True)
class Verification:
    """What was found out about a plugin that passed."""

    name: str
    folder: Path
    graph_bytes: int
    parts: tuple[int, ...]
    """The numbers of parts that were tried."""
    notes: int
    """Timed steps for each number of parts."""
    step_us: dict[str, float]
    """p50 and p99 of one step through ONNX Runtime's Python interface, the slowest number of parts; of a
    sequence separator, of one note of a piece of ``notes``."""


def verify_plugin(folder: Path, *, called: str | None = None) -> Verification:
    """Load the plugin in ``folder``, check its graph in depth and run it on made-up notes.

    Raises:
        PluginError: it fails to load or to run, its scores are not finite, or they differ when the same
            notes are played again (after a reset, where it has states). ``called`` is as in ``load_plugin``.
        ImportError: ONNX Runtime is not installed.
    """
    plugin = load_plugin(folder, called=called)
    _check_model(plugin)
    if plugin.manifest.continuation:
        return _try_continuation(plugin)
    known = plugin.manifest.parts
    numbers = (len(known),) if known else PARTS_TRIED
    attempt = _try_whole if KINDS[plugin.manifest.kind].sequence else _try
    times = [attempt(plugin, parts) for parts in numbers]
    slowest = max(times, key=lambda step_us: step_us["p50"])
    return Verification(
        plugin.manifest.name, folder, plugin.graph_path.stat().st_size, numbers, NOTES, slowest
    )


def _check_model(plugin: Plugin) -> None:
    import onnx

    told = plugin.manifest.continuation
    files = {variant.file for variant in told.variants.values()} if told else {plugin.graph_path.name}
    for file in sorted(files):
        try:
            onnx.checker.check_model((plugin.folder / file).read_bytes(), full_check=True)
        except Exception as error:  # the checker raises errors of several unrelated kinds
            reason = one_line(str(error))[:300]
            raise PluginError(
                plugin.manifest.name,
                "graph.file",
                f"ONNX's checker refuses it ({reason}); export the graph again",
            ) from error


def _try_continuation(plugin: Plugin) -> Verification:
    """Run every variant; the times are those of the slowest."""
    assert plugin.manifest.continuation is not None
    variants = plugin.manifest.continuation.variants
    times = [_try_rows(plugin, variant) for variant in variants]
    graphs = [(plugin.folder / variant.file).stat().st_size for variant in variants.values()]
    slowest = max(times, key=lambda step_us: step_us["p50"])
    return Verification(plugin.manifest.name, plugin.folder, sum(graphs), (), ROWS, slowest)


def _try_rows(plugin: Plugin, variant: str) -> dict[str, float]:
    stepper = RowStepper(plugin, variant)
    past, times = stepper.past(), np.zeros(ROWS)
    rows = np.random.default_rng(0).integers(0, SIZES, (min(stepper.context, 2 * ROWS), len(SIZES)))
    whole = stepper.run(past, rows, 0)
    _check_scores(plugin, whole)
    begin = len(rows) - ROWS
    for place in range(begin, len(rows)):
        started = time.perf_counter_ns()
        step = stepper.run(past, rows[place : place + 1], place)
        times[place - begin] = (time.perf_counter_ns() - started) / 1000
        _check_scores(plugin, step)
        if np.abs(step[0] - whole[place]).max() > NEAR * np.ptp(whole):
            problem = f"of the variant {variant!r} at row {place} differ when the row comes alone"
            raise PluginError(plugin.manifest.name, SCORES, f"{problem}; export a graph that keeps its past")
    return _percentiles(times)


def _try(plugin: Plugin, parts: int) -> dict[str, float]:
    stepper = Stepper(plugin, parts)
    first, times = _play(stepper, parts, NOTES)
    stepper.reset()
    again, _ = _play(stepper, parts, WARM_UP)
    _check_scores(plugin, first)
    if not np.array_equal(first[:WARM_UP], again):
        problem = "differ after a reset; remove what is random from the graph"
        raise PluginError(plugin.manifest.name, SCORES, problem)
    return _percentiles(times[WARM_UP:])


def _try_whole(plugin: Plugin, parts: int) -> dict[str, float]:
    scorer = SequenceScorer(plugin, parts)
    times = np.zeros(RUNS)
    for length in LENGTHS:
        told = list(_notes(length))
        features = sequence_features(
            np.array([note["tick"] for note in told]),
            np.array([note["pitch"] for note in told]),
            np.full(length, DURATION),
            velocity=np.array([note["velocity"] for note in told]),
            resolution=plugin.manifest.resolution,
        )
        first = scorer.score(features)
        _check_scores(plugin, first)
        for run in range(RUNS):
            started = time.perf_counter_ns()
            again = scorer.score(features)
            times[run] = (time.perf_counter_ns() - started) / 1000 / length
            if not np.array_equal(first, again):
                problem = "differ in another run; remove what is random from the graph"
                raise PluginError(plugin.manifest.name, SCORES, problem)
    return _percentiles(times)


def _check_scores(plugin: Plugin, scores: np.ndarray) -> None:
    if not np.isfinite(scores).all():
        note = int(np.argmin(np.isfinite(scores).all(axis=1)))
        raise PluginError(
            plugin.manifest.name, SCORES, f"not finite at note {note}; export a graph whose scores are"
        )


def _percentiles(times: np.ndarray) -> dict[str, float]:
    p50, p99 = np.percentile(times, (50, 99))
    return {"p50": round(float(p50), 1), "p99": round(float(p99), 1)}


def _play(stepper: Stepper, parts: int, notes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores (notes, parts) and the times in microseconds (notes,)."""
    scores = np.zeros((notes, parts), np.float32)
    times = np.zeros(notes)
    last, chord_last = [NO_PITCH] * parts, [NO_PITCH] * parts
    onset = [NO_TIME] * parts  # in ms, of each part's last note
    for index, features in enumerate(_notes(notes)):
        chord = index // CHORD
        if features["chord_index"] == 0:
            chord_last = list(last)
        ago = [NO_TIME if at == NO_TIME else chord * QUARTER_MS - at for at in onset]
        past = {
            "last_pitch": last,
            "chord_last_pitch": chord_last,
            "sounding": [int(each == 0) for each in ago],
            "down": [int(each == 0) for each in ago],
            "since_onset": ago,
            "since_release": [each if each <= 0 else each - NOTE_MS for each in ago],
            "since_pitch": [
                each if last[part] == features["pitch"] else NO_TIME for part, each in enumerate(ago)
            ],
            "nearest_pitch": last,
        }
        started = time.perf_counter_ns()
        scores[index] = stepper.step(features | past)
        times[index] = (time.perf_counter_ns() - started) / 1000
        part = int(np.argmax(scores[index]))
        last[part], onset[part] = int(features["pitch"]), chord * QUARTER_MS
    return scores, times


def _notes(count: int) -> Iterator[dict[str, Any]]:
    """Yield what is told of chords of four, low to high, a quarter apart, over the whole keyboard."""
    for index in range(count):
        chord, voice = divmod(index, CHORD)
        lowest = (chord * 7) % 88
        above = [lowest + later * 13 for later in range(voice + 1, CHORD)]
        yield {
            "pitch": lowest + voice * 13,
            "velocity": 1 + index % 127,
            "position": 0,
            "beat": chord,
            "tick": chord * 24,
            "chord_index": voice,
            "since_note": NO_TIME if index == 0 else 0 if voice else QUARTER_MS,
            "chord_above": [*above, *[NO_PITCH] * (CHORD_ABOVE - len(above))],
        }
