"""The host under test, as a process of its own: ``python -m bench.host``, driven in lines of JSON.

It is the session that ``concertino play`` runs, with the benchmark's two ensembles, and tells what it timed.
"""

import argparse
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.child import complain, die_with_parent, say, serve
from bench.first_notes import FirstNotes
from bench.memory import resident
from realtime.drivers.jack import JackDriver
from realtime.engine.codes import BUCKETS, Counter, Stage
from realtime.host.session import Options, Session

START_SECONDS = 10.0
WATCH_SECONDS = 0.05


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


class Host:
    """A session that has begun to play.

    Args:
        options: what to play, on what.

    Raises:
        OSError, ValueError: as ``Session``.
    """

    def __init__(self, options: Options) -> None:
        self.notices: list[str] = []
        self.session = Session(options, self.notices.append)
        self.engine = self.session.engine
        self._first = FirstNotes()
        if options.continuation:
            self.session.listeners.append(self._first)
        self.session.start()
        deadline = time.monotonic() + START_SECONDS
        while self.engine.state["counters"][Counter.PERIODS] == 0 and time.monotonic() < deadline:
            time.sleep(0.0005)
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def _watch(self) -> None:
        while self.session.watch():
            time.sleep(WATCH_SECONDS)

    def hello(self) -> dict[str, Any]:
        """Return what was loaded, and how it plays."""
        return {
            "separator": self.engine.slots[0].separator or "rule",
            "ensembles": len(self.engine.slots),
            "notices": self.notices,
            "driver": self.session.driver.name,
            "compiled": self.session.driver.compiled,
            "ports": self._ports(),
            "priority": getattr(self.session.driver, "priority", 0),
        }

    def _ports(self) -> dict[str, str]:
        """Return the names of our JACK ports; none where PortAudio and rtmidi name them."""
        if not isinstance(self.session.driver, JackDriver):
            return {}
        name = self.session.driver.client.name
        return {"keys": f"{name}:midi_in", "left": f"{name}:left", "right": f"{name}:right"}

    def continuation(self, mode: str | None = None, trigger: bool = False) -> dict[str, Any]:
        """Set the continuation's mode, begin its turn; return how it is doing, and frames to first notes."""
        continuation = self.session.continuation
        if continuation is None:
            raise ValueError("no model was loaded to go on from what is played")
        if mode:
            continuation.set_mode(mode)
        if trigger:
            continuation.trigger()
        return asdict(continuation.status()) | {"first_frames": self._first.frames}

    def report(self) -> dict[str, Any]:
        """Return what was timed since the last report, and the counters since the start."""
        return {
            "stages": take_histograms(self.engine.state),
            "counters": self.engine.counters(),
            "sounding": int(self.engine.state["note_count"]),
            **resident(),
        }


def main() -> None:
    """Serve requests."""
    die_with_parent()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ensemble", required=True)
    parser.add_argument("--audio", required=True)
    parser.add_argument("--period", type=int, default=128)
    parser.add_argument("--rate", type=int, default=48000)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--separator")
    parser.add_argument("--gil-load", action="store_true")
    parser.add_argument("--continue", dest="continuation", help="model that goes on from what is played")
    parser.add_argument("--tempo")
    given = parser.parse_args()
    options = Options(
        ensemble=given.ensemble,
        audio=given.audio,
        midi_in="virtual",
        midi_out="one" if given.audio == "jack" else None,
        period=given.period,
        rate=given.rate,
        soundfont=given.soundfont,
        separator=given.separator,
        continuation=given.continuation,
        tempo=given.tempo,
    )
    try:
        host = Host(options)
    except (OSError, ValueError) as error:
        complain(error)
        return
    say(done=host.hello())
    if given.gil_load:
        hold_the_gil()
    serve({"report": host.report, "continuation": host.continuation})
    host.session.close()


if __name__ == "__main__":
    main()
