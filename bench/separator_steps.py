"""The separator's step timed in a process of its own: ``python -m bench.separator_steps``.

The compiled path is the one that plays: the process core hands a note to the separator's thread, which calls
ONNX Runtime's C interface. The Python path is what most software does: ``session.run`` with new arrays.
"""

import argparse
import ctypes
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.child import complain, die_with_parent, say, serve
from bench.compiled.note_loop import play_notes
from realtime.contract.library import find_plugin
from realtime.contract.plugin import Plugin
from realtime.contract.tensors import parameter_values, resolve, state_values
from realtime.engine.codes import Counter
from realtime.engine.native import address_of
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.hygiene import freeze_collector, lock_memory
from realtime.host.worker import raise_priority

RATE, PERIOD = 48000, 128
PRIORITY = 65  # as jackd -P 70 gives its clients; the separator's thread stands one below
LOWEST, HIGHEST = 48, 80
NO_DEADLINE = 1e6  # periods: the step is timed here, however long it takes
BURST, REST_SECONDS = 500, 0.1
"""Real-time threads that never rest are stopped by the system (sched_rt_runtime_us)."""


class Hog:
    """A Python thread that keeps the interpreter for itself, for as long as the context lasts."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def _spin(self) -> None:
        count = 0
        while self.on:
            count += 1

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self.on = False
        self._thread.join()


BACK_TO_BACK, GAPS, PLAYING = PACINGS = ("back_to_back", "gaps", "playing")
"""Without a pause; after idle gaps in which the host does nothing at all; after gaps in which periods go on
without a note, as they do while someone plays (and the host keeps the separator warm)."""


def gaps_ms(count: int, seed: int) -> np.ndarray:
    """Return exponential gaps within 20 and 500 ms: a player's idle times."""
    return np.clip(np.random.default_rng(seed).exponential(100.0, count), 20.0, 500.0)


class CompiledSteps:
    """Steps by the path that plays."""

    def __init__(self, separator: str, ensemble: str, soundfont: Path) -> None:
        self.engine = Engine(RATE, soundfont)
        slot = self.engine.load(find_ensemble(ensemble), separator)
        if slot.separator is None:
            raise ValueError("; ".join(self.engine.notices))
        self.engine.state["deadline_share"] = NO_DEADLINE
        self.engine.start_worker(PRIORITY - 1)
        self._nanosleep = address_of(ctypes.CDLL(None).nanosleep)
        self._sound = np.zeros((2, PERIOD), np.float32)
        self._sleep = np.zeros(2, np.int64)

    def run(self, gaps: np.ndarray, seed: int, rest_ns: int = 0) -> np.ndarray:
        """Play a note after each gap (ms); return ns, shape (n, 2): the step alone, and the decision.

        ``rest_ns``: between the periods in a gap; 0 for none.
        """
        random = np.random.default_rng(seed)
        notes = np.column_stack(
            [
                (gaps * 1e6).astype(np.int64),
                random.integers(LOWEST, HIGHEST, len(gaps)),
                random.integers(0, PERIOD, len(gaps)),
            ]
        )
        took = np.zeros((len(notes), 2), np.int64)
        for begin in range(0, len(notes), BURST):
            part = slice(begin, begin + BURST)
            play_notes(
                self.engine.address,
                self._nanosleep,
                PERIOD,
                rest_ns,
                np.ascontiguousarray(notes[part]),
                self._sound,
                took[part],
                self._sleep,
            )
            time.sleep(REST_SECONDS)
        return took


class PythonSteps:
    """Steps by ``session.run`` from Python, with the state carried in new arrays."""

    def __init__(self, plugin: Plugin, parts: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(plugin.graph_path), options, providers=["CPUExecutionProvider"]
        )
        manifest = plugin.manifest
        self.feeds: dict[str, np.ndarray] = {}
        for tensor in manifest.inputs:
            if tensor.source == "state":
                self.feeds[tensor.name] = state_values(tensor, parts)
            elif tensor.source == "parameter":
                self.feeds[tensor.name] = parameter_values(tensor, parts, None)
            else:
                self.feeds[tensor.name] = np.zeros(resolve(tensor.shape, parts), tensor.dtype)
        self.names = [output.name for output in manifest.outputs]
        self.feeding = [output.feeds for output in manifest.outputs]
        self.pitches = [t.name for t in manifest.inputs if t.source == "pitch"]

    def run(self, gaps: np.ndarray, seed: int, rest_ns: int = 0) -> np.ndarray:
        """Make a step after each gap (ms); return ns, shape (n, 1). There are no periods here."""
        random = np.random.default_rng(seed)
        took = np.zeros((len(gaps), 1), np.int64)
        for i, gap in enumerate(gaps):
            if gap > 0:
                time.sleep(gap / 1000)
            elif i % BURST == 0:
                time.sleep(REST_SECONDS)
            for name in self.pitches:
                self.feeds[name].fill(random.integers(LOWEST, HIGHEST))
            began = time.perf_counter_ns()
            outputs = self.session.run(self.names, self.feeds)
            took[i, 0] = time.perf_counter_ns() - began
            for name, value in zip(self.feeding, outputs, strict=True):
                if name:
                    self.feeds[name] = np.asarray(value)
        return took


def in_real_time(work: Callable[[], np.ndarray]) -> np.ndarray:
    """Return the result of ``work``, done on a thread with the audio thread's priority."""
    results: list[np.ndarray] = []

    def run() -> None:
        raise_priority(PRIORITY)
        results.append(work())

    thread = threading.Thread(target=run, name="audio")
    thread.start()
    thread.join()
    return results[0]


def main() -> None:
    """Serve requests."""
    die_with_parent()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--separator", required=True)
    parser.add_argument("--ensemble", default="bach-chorale")
    parser.add_argument("--soundfont", type=Path, required=True)
    given = parser.parse_args()
    try:
        plugin = find_plugin(given.separator.partition(":")[0])
        parts = len(plugin.manifest.parts) or len(find_ensemble(given.ensemble).parts)
        compiled = CompiledSteps(given.separator, given.ensemble, given.soundfont)
        paths: dict[str, CompiledSteps | PythonSteps] = {"c": compiled, "python": PythonSteps(plugin, parts)}
    except (OSError, ValueError) as error:
        complain(error)
        return
    lock_memory()
    freeze_collector()

    def steps(path: str, load: str, pacing: str, count: int, seed: int) -> dict[str, Any]:
        gaps = np.zeros(count) if pacing == BACK_TO_BACK else gaps_ms(count, seed)
        rest_ns = round(1e9 * PERIOD / RATE) if pacing == PLAYING else 0
        with Hog(load == "gil"):
            took = in_real_time(lambda: paths[path].run(gaps, seed, rest_ns))
        return {"ns": took.T.tolist(), "failed": int(compiled.engine.state["counters"][Counter.FAILED])}

    say(done={"separator": given.separator, "parameters_mb": plugin.graph_path.stat().st_size / 1e6})
    serve({"steps": steps})
    compiled.engine.close()


if __name__ == "__main__":
    main()
