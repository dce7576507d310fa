"""A server, the probe, and what is played through them: the parts that every latency measurement shares."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.child import Child
from bench.instruments import Instrument
from bench.jack_server import JackServer
from bench.onsets import Heard, match
from bench.performance import Performance, with_preamble
from bench.sounds import THRESHOLD

BOUND_SECONDS = 0.5
"""A note that is not heard within this time is lost."""
SETTLE = 20
"""Notes that are played and not counted after connecting: first runs are cold."""

Progress = Callable[[int], None]


class Played(NamedTuple):
    """One stretch of notes."""

    heard: Heard
    begin: int
    """A frame at which a period began."""
    xruns: int
    seconds: float
    peak: tuple[float, float]


class Rig:
    """A probe on a server.

    Args:
        probe: a running ``bench.probe``.
        environment: in which instruments find the same server.
        folder: for schedules and results on their way.
    """

    def __init__(self, probe: Child, environment: dict[str, str], folder: Path) -> None:
        self.probe, self.environment, self.folder = probe, environment, folder
        self.rate = float(probe.hello["rate"])
        self.period = int(probe.hello["period"])
        self.realtime = bool(probe.hello["realtime"])
        self.playback_ms = round(probe.hello["playback_frames"] / self.rate * 1000, 3)

    def idle(self, seconds: float) -> int:
        """Return the xruns of ``seconds`` in which only the probe runs."""
        return int(self.probe.ask("idle", seconds=seconds)["xruns"]) if seconds > 0 else 0

    def connect(self, instrument: Instrument) -> None:
        """Connect the probe to an instrument, and to nothing else."""
        instrument.wait(self.probe)
        self.probe.ask("connect", None, **instrument.ports)

    def play(
        self,
        instrument: Instrument,
        performance: Performance,
        progress: Progress | None = None,
        threshold: float = THRESHOLD,
    ) -> Played:
        """Play a performance on a connected instrument and listen.

        Args:
            instrument: told to play its sound first.
            performance: what to play.
            progress: called with the number of notes played.
            threshold: level from which a note is heard.
        """
        performance = with_preamble(performance, instrument.preamble)
        schedule, results = self.folder / "schedule.npy", self.folder / "results.npz"
        np.save(schedule, performance.messages)

        def count(said: dict[str, Any]) -> None:
            if progress:
                progress(int(np.searchsorted(performance.first, said["sent"])))

        answer = self.probe.ask(
            "play", count, schedule=str(schedule), results=str(results), threshold=threshold
        )
        with np.load(results) as arrays:
            heard = match(arrays["sent"][performance.first], arrays["onsets"], int(BOUND_SECONDS * self.rate))
        return Played(heard, answer["begin"], answer["xruns"], answer["seconds"], tuple(answer["peak"]))


@contextmanager
def open_rig(private: bool, period: int, rate: int) -> Iterator[Rig]:
    """Start a server (or use the running one), and the probe on it; both end with the context.

    Raises:
        OSError: no server can be had.
        ValueError: the running server's period is another one.
    """
    with tempfile.TemporaryDirectory(prefix="concertino-bench-") as folder:
        if private:
            with JackServer(period, rate) as server, _probe(server.environment, folder) as rig:
                yield rig
        else:
            with _probe(dict(os.environ), folder) as rig:
                if period and rig.period != period:
                    raise ValueError(
                        f"the running JACK server has periods of {rig.period} frames, not {period}: restart"
                        " it with the wanted one, or leave --period away"
                    )
                yield rig


@contextmanager
def _probe(environment: dict[str, str], folder: str) -> Iterator[Rig]:
    with Child("bench.probe", [], environment) as probe:
        yield Rig(probe, environment, Path(folder))
