"""How fast a model of the continuation draws notes: by length of context, without its cache, after pauses.

A note is drawn from the scores and a row is read, as in use. What is read is a piece made up beforehand: the
time of a step depends on how long the context is, not on what is in it.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.onsets import percentiles
from realtime.continuation.decoder import Decoder
from realtime.music.mmt.representation import (
    ANNOUNCEMENT,
    NOTE,
    START_OF_NOTES,
    START_OF_SONG,
    Rows,
)
from realtime.music.mmt.sampling import Sampler, Sampling

INSTRUMENTS = (1, 12, 20, 30)
"""Codes that the made-up piece announces."""
NOTES_A_BEAT = 4
FIRST = 64
PLACES = (64, 512, 1000, 1024)
"""Lengths of context up to which notes are drawn."""
STRETCH = 16
"""Notes in one go at each of them."""
BEYOND = 512
"""Notes after the context is full: it slides meanwhile."""
WHOLE_RUNS = 3
"""Notes drawn without the cache."""
WARM_UP = 8
BURST = 8
GAPS_SECONDS = (0.1, 5.0)
MS = 1e3

Report = Callable[[int, int], None]


def made_up(rows: int) -> Rows:
    """Return the beginning of a piece: int64, shape (rows, 6), as a model reads it."""
    piece = np.zeros((rows, 6), np.int64)
    head = [(START_OF_SONG, 0), *((ANNOUNCEMENT, code) for code in INSTRUMENTS), (START_OF_NOTES, 0)]
    notes = np.arange(max(rows - len(head), 0))
    piece[: len(head), [0, 5]] = head[:rows]
    after = piece[len(head) :]
    after[:, 0], after[:, 1] = NOTE, notes // NOTES_A_BEAT + 1
    after[:, 2] = notes % NOTES_A_BEAT * 3 + 1
    after[:, 3], after[:, 4] = 41 + notes * 7 % 48, 3
    after[:, 5] = np.array(INSTRUMENTS)[notes % len(INSTRUMENTS)]
    return piece


class Steps:
    """A decoder that is timed.

    Args:
        decoder: of the model.
        seed: of the draws.
    """

    def __init__(self, decoder: Decoder, seed: int = 1) -> None:
        self.decoder, self.seed = decoder, seed
        self.piece = made_up(2 * decoder.context + BEYOND)
        self._scores = np.zeros(0, np.float32)

    def places(self) -> list[int]:
        """Return those of ``PLACES`` that the context holds, and its own length."""
        context = self.decoder.context
        return sorted({place for place in PLACES if STRETCH < place <= context} | {context})

    def begin(self, length: int) -> Sampler:
        """Bring the context to ``length`` rows; return a sampler that stands there."""
        if self.decoder.length >= length:
            self.decoder.rewind(length - 1)
        self._scores = self.decoder.read(self.piece[self.decoder.length : length])
        sampler = Sampler(Sampling(ends=False, strict=True), self.seed)
        sampler.observe(self.piece[:length][self.piece[:length, 0] != NOTE])
        return sampler

    def draw(self, sampler: Sampler) -> float:
        """Draw one note and read the next row; return how long that took (s)."""
        began = time.perf_counter()
        sampler.draw(self._scores)
        length = self.decoder.length
        self._scores = self.decoder.read(self.piece[length : length + 1])
        return time.perf_counter() - began

    def stretch(self, begin: int, count: int) -> np.ndarray:
        """Return the times (s) of ``count`` notes after ``begin`` rows."""
        sampler = self.begin(begin)
        return np.array([self.draw(sampler) for _ in range(count)])

    def whole(self, length: int) -> float:
        """Draw one note for which all ``length`` rows are read anew; return how long that took (s)."""
        sampler = self.begin(length)
        began = time.perf_counter()
        self.decoder.reset()
        self._scores = self.decoder.read(self.piece[:length])
        sampler.draw(self._scores)
        return time.perf_counter() - began


def time_steps(steps: Steps, rounds: int, report: Report) -> dict[str, Any]:
    """Return notes per second by length of context, with the cache and without; ``rounds`` times in turn."""
    places, context = steps.places(), steps.decoder.context
    first = min(FIRST, context)
    stretches = {f"first_{first}": (1, first - 1)} | {str(p): (p - STRETCH, STRETCH) for p in places}
    stretches[f"beyond_{context}"] = (context, BEYOND)
    took: dict[str, list[np.ndarray]] = {name: [] for name in stretches}
    steps.stretch(1, WARM_UP)
    steps.stretch(places[-1] - STRETCH, WARM_UP)
    for turn in range(rounds):
        report(turn, rounds)
        for name, (begin, count) in stretches.items():
            took[name].append(steps.stretch(begin, count))
    times = {name: np.concatenate(each) for name, each in took.items()}
    speed = {name: round(len(each) / each.sum(), 1) for name, each in times.items()}
    steps.whole(places[0])
    whole = {str(p): np.array([steps.whole(p) for _ in range(WHOLE_RUNS)]) for p in places}
    uncached = {name: round(len(each) / each.sum(), 2) for name, each in whole.items()}
    return {
        "notes_per_second": speed,
        "note_ms": {name: percentiles(each, MS) for name, each in times.items()},
        "notes_per_second_without_cache": uncached,
        "times_without_cache": {name: round(speed[name] / uncached[name], 1) for name in uncached},
    }


def time_gaps(steps: Steps, bursts: int, report: Report) -> dict[str, Any]:
    """Return the times of notes in bursts with idle gaps before them, and back to back, at a full context."""
    rng = np.random.default_rng(steps.seed)
    shortest, longest = np.log(GAPS_SECONDS)
    gaps = np.exp(rng.uniform(shortest, longest, bursts))
    begin = steps.decoder.context - BURST
    spaced, close = [], []
    for place, gap in enumerate(gaps):
        report(place, bursts)
        close.append(steps.stretch(begin, BURST))
        sampler = steps.begin(begin)
        time.sleep(gap)
        spaced.append(np.array([steps.draw(sampler) for _ in range(BURST)]))
    idle, busy = (percentiles(np.concatenate(each), MS) for each in (spaced, close))
    return {
        "gaps_seconds": list(GAPS_SECONDS),
        "bursts": bursts,
        "notes_a_burst": BURST,
        "after_gap_ms": percentiles(np.array([each[0] for each in spaced]), MS),
        "with_gaps_ms": idle,
        "back_to_back_ms": busy,
        "p99_ratio": round(idle["p99"] / busy["p99"], 3),
    }
