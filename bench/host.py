"""The host under test, as a process of its own: ``python -m bench.host``, driven in lines of JSON.

It plays the benchmark's two ensembles as a JACK client, and tells what it timed.
"""

# pyright: reportArgumentType=false
# JACK-Client says of its lists of ports that they are indexed by name alone; they are not.

import argparse
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from msgspec.structs import replace

from bench.child import die_with_parent, say, serve
from realtime.drivers.jack import JackDriver, open_client
from realtime.engine.state import BUCKETS, Counter, Stage
from realtime.ensembles.parse import load_ensemble
from realtime.ensembles.schema import Ensemble
from realtime.host.engine import Engine

ENSEMBLES = Path(__file__).parent / "ensembles"
START_SECONDS = 10.0


def hold_the_gil() -> None:
    """Start a thread that never gives the interpreter away of itself."""

    def spin() -> None:
        count = 0
        while True:
            count += 1

    threading.Thread(target=spin, name="gil-load", daemon=True).start()


def take_histograms(state: np.void) -> dict[str, Any]:
    """Return each stage's filled buckets and maximum (ns) since the last call, and begin afresh."""
    taken: dict[str, Any] = {}
    for stage in Stage:
        counts = state["histogram"][stage].copy()
        # What the audio thread adds between these two lines is lost: at most a period.
        state["histogram"][stage] = 0
        longest, state["stage_max"][stage] = int(state["stage_max"][stage]), 0
        filled = np.flatnonzero(counts)
        taken[stage.name.lower()] = {
            "buckets": filled.tolist(),
            "counts": counts[filled].tolist(),
            "max": longest,
        }
    return taken


def histogram_counts(taken: dict[str, Any]) -> np.ndarray:
    """Return the counts (int64, shape (BUCKETS,)) of one stage of ``take_histograms``."""
    counts = np.zeros(BUCKETS, np.int64)
    counts[taken["buckets"]] = taken["counts"]
    return counts


def ensemble(name: str, program: int | None) -> Ensemble:
    """Return one of the benchmark's ensembles, with another program on all parts where one is given."""
    loaded = load_ensemble(ENSEMBLES / f"{name}.toml")
    if program is None:
        return loaded
    return replace(loaded, parts=tuple(replace(part, program=program) for part in loaded.parts))


class Host:
    """Engine and JACK driver, assembled as ``concertino play`` does."""

    def __init__(
        self, soundfont: Path, separator: str | None, onset_program: int | None, held_program: int | None
    ) -> None:
        client = open_client()
        self.engine = Engine(float(client.samplerate), soundfont)
        self.slot = self.engine.load(ensemble("bench", onset_program), separator)
        self.engine.load(ensemble("held", held_program))
        self.driver = JackDriver(self.engine.state, client, ["midi_out"])
        self.engine.start_worker(self.driver.priority)
        self.driver.start()
        deadline = time.monotonic() + START_SECONDS
        while self.engine.state["counters"][Counter.PERIODS] == 0 and time.monotonic() < deadline:
            time.sleep(0.0005)

    def hello(self) -> dict[str, Any]:
        """Return what a peer must know to connect, and what was loaded."""
        ports = self.driver.client
        return {
            "keys": self.driver.inputs[0].name,
            "left": ports.outports[0].name,
            "right": ports.outports[1].name,
            "separator": self.slot.separator or "rule",
            "notices": self.engine.notices,
            "priority": self.driver.priority,
            "compiled": self.driver.compiled,
        }

    def report(self) -> dict[str, Any]:
        """Return what was timed since the last report, and the counters since the start."""
        return {
            "stages": take_histograms(self.engine.state),
            "counters": self.engine.counters(),
            "sounding": int(self.engine.state["note_count"]),
            "rss_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
        }

    def close(self) -> None:
        """Stop."""
        self.driver.close()
        self.engine.close()


def main() -> None:
    """Serve requests."""
    die_with_parent()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--separator")
    parser.add_argument("--onset-program", type=int)
    parser.add_argument("--held-program", type=int)
    parser.add_argument("--gil-load", action="store_true")
    arguments = parser.parse_args()
    try:
        host = Host(arguments.soundfont, arguments.separator, arguments.onset_program, arguments.held_program)
    except (OSError, ValueError) as error:
        say(error=str(error))
        return
    say(done=host.hello())
    if arguments.gil_load:
        hold_the_gil()
    serve({"report": host.report})
    host.close()


if __name__ == "__main__":
    main()
