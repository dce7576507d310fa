"""``concertino play`` with its control interface as the probe's instrument, and what both cost."""

import json
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

import psutil

from bench.child import ChildError
from bench.performance import perform
from bench.plan import Report
from bench.render import CLIENT, START_SECONDS, command
from bench.rig import Rig
from bench.stretch import Stretch

PAGE = "the page: http://localhost:"
SERVER = "realtime.control.server"


class Playing:
    """``concertino play`` with its control interface, as the probe's instrument.

    Args:
        rig: the server and the probe.
        environment: what the host finds besides.
        options: further options of ``play``.

    Raises:
        ChildError: it does not start.
    """

    def __init__(self, rig: Rig, environment: dict[str, str], options: list[str]) -> None:
        self.ports = {"keys": f"{CLIENT}:midi_in", "left": f"{CLIENT}:left", "right": f"{CLIENT}:right"}
        self.preamble: list[tuple[int, int, int]] = []
        self.lines: deque[str] = deque(maxlen=50)
        self.summary: dict[str, Any] = {}
        self._summary = rig.folder / "summary.json"
        arguments = ["play", "--plain", "--audio", "jack", "--midi-in", "virtual", "--control", "0"]
        self.process = subprocess.Popen(
            command(*arguments, "--json", str(self._summary), *options),
            env=rig.environment | environment | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.port = self._wait_for_port()
        self.server = next(c for c in psutil.Process(self.process.pid).children() if SERVER in c.cmdline())

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(line.strip() for line in self.process.stdout)

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in tuple(self.lines):
                if PAGE in line:
                    return int(line.partition(PAGE)[2].partition("/")[0])
            time.sleep(0.01)
        self.process.kill()
        raise ChildError(f"concertino play: {self.lines[-1] if self.lines else 'it said nothing'}")

    def wait(self, probe: Any) -> None:
        """Nothing to wait for: connecting waits."""

    def seconds(self) -> dict[str, float]:
        """Return the CPU seconds that host and server have used."""
        times = {"host": psutil.Process(self.process.pid).cpu_times(), "server": self.server.cpu_times()}
        return {name: each.user + each.system for name, each in times.items()}

    def close(self) -> None:
        """End it, and read its summary."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with suppress(OSError, ValueError):
            self.summary = json.loads(self._summary.read_text("utf-8"))


class Measured:
    """What the stretches of one kind come to.

    Args:
        rig: the server and the probe.
        playing: what is measured.
    """

    def __init__(self, rig: Rig, playing: Playing) -> None:
        self.rig, self.playing, self.stretch = rig, playing, Stretch()
        self.seconds, self.notes = 0.0, 0
        self.used = {"host": 0.0, "server": 0.0}
        """CPU seconds."""
        self.loads: list[float] = []
        """Of one core, host and server together, in each stretch."""

    def play(self, notes: int, seed: int, what: str, report: Report) -> None:
        """Play one stretch more."""
        before, began = self.playing.seconds(), time.monotonic()
        performance = perform(notes, self.rig.rate, seed)
        played = self.rig.play(self.playing, performance, lambda done: report(what, done, notes))
        wall, after = time.monotonic() - began, self.playing.seconds()
        self.stretch.add(played, self.rig.period)
        for name in self.used:
            self.used[name] += after[name] - before[name]
        self.seconds, self.notes = self.seconds + wall, self.notes + notes
        self.loads.append(sum(after[name] - before[name] for name in after) / wall)

    def summary(self) -> dict[str, Any]:
        """Return all of it."""
        summary = self.stretch.summary(self.rig.rate, self.rig.period)
        kept = ("key_to_sound_ms", "jitter_ms", "lost_notes", "stray_onsets", "xruns")
        return {name: summary[name] for name in kept} | {
            "notes": self.notes,
            "seconds": round(self.seconds, 1),
            "load": {name: round(used / self.seconds, 4) for name, used in self.used.items()},
        }
