"""``concertino bench switch``: what another program, ensemble, separator or SoundFont costs while one plays.

The host's engine plays in real time without a device. A dense stream of notes goes to all parts but the
first, on the right; the first holds a tone, on the left, so that any gap in what is held can be seen in the
sound. A switch is ready when the next note would play the new; until then the old one plays on.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.machine import describe_machine
from bench.plan import Report, silent
from realtime.drivers.paced import PacedDriver
from realtime.engine.codes import (
    DATA1,
    DATA2,
    ENTRIES,
    FRAME,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_KIND,
    LOG_STATUS,
    STATUS,
    TICK,
    Command,
    Log,
)
from realtime.ensembles.schema import Ensemble, Part
from realtime.host.engine import Engine
from realtime.host.hygiene import lock_memory
from realtime.host.loader import Loader, Wanted

RATE, PERIOD = 48000, 128
HELD_KEYS = (50, 55, 59)
LOWEST, HIGHEST = 60, 96
ORGAN = 19
GAP_SECONDS = 0.02
"""From one chord of two notes of the dense stream to the next, when it ends."""
PAUSE_SECONDS = 0.25
"""Between switches."""
WINDOW = 512
"""Frames over which the held tone's level is taken: more than two of its cycles."""
SILENT = 0.1
"""Share of its usual level under which the held tone counts as gone."""
NOTE_ON, NOTE_OFF = 0x90, 0x80
SEPARATORS = ("closest", "bach-chorale", "bach-lstm", "zone")
KINDS = ("program", "ensemble", "separator", "soundfont")


def quartet(program: int = ORGAN, name: str = "bench-switch") -> Ensemble:
    """Return four parts: the first gets the held keys alone, on the left; the others are on the right."""
    first = Part("Held", 1, program=ORGAN, pan=0, reverb=0, highest=LOWEST - 1)
    rest = tuple(
        Part(f"Part {place}", place, program=program, pan=127, reverb=0, lowest=LOWEST) for place in (2, 3, 4)
    )
    return Ensemble(name, name, "bach-chorale", (first, *rest))


class Stage:
    """An engine that plays, and what it played."""

    def __init__(self, soundfont: Path, folder: Path) -> None:
        self.notices: list[str] = []
        self.engine = Engine(RATE, soundfont)
        self.engine.load(quartet())
        self.engine.load(quartet(48, "bench-switch-other"))
        self.loader = Loader(self.engine, self.notices.append)
        self.fonts = [folder / "other.sf2", soundfont]
        self.fonts[0].symlink_to(soundfont)
        self.engine.state["capturing"] = 1
        self.engine.start_worker(55)
        self.driver = PacedDriver(self.engine.state, PERIOD)
        self._rng = np.random.default_rng(1)
        self._next, self.feeding = 0, True
        self._held = np.array([0, 0])
        self._logs: list[np.ndarray] = []
        self._sounds: list[np.ndarray] = []

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Play on for ``seconds``, or until something holds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            if self.feeding:
                self._feed()
            self._logs.append(self.engine.link.read_log())
            while len(sound := self.engine.link.read_sound()):
                self._sounds.append(sound)
            self.loader.tidy()
            time.sleep(0.002)

    def _feed(self) -> None:
        now = int(self.engine.state["frame"])
        self._next = max(self._next, now + 2 * PERIOD)
        while self._next < now + RATE // 4:
            keys = self._rng.choice(np.arange(LOWEST, HIGHEST), 2, replace=False)
            rows = np.zeros((4, ENTRIES), np.int64)
            rows[:, TICK] = -1
            rows[:, FRAME] = self._next + np.array([0, 0, 1, 1])
            rows[:2, STATUS], rows[2:, STATUS] = NOTE_ON, NOTE_OFF
            rows[:2, DATA1], rows[2:, DATA1] = keys, self._held
            rows[:2, DATA2] = 80
            self._held = keys
            self.engine.link.schedule(rows)
            self._next += int(GAP_SECONDS * RATE)

    def hold(self, status: int) -> None:
        """Press or let go the held keys, on a keyboard of their own."""
        for key in HELD_KEYS:
            self.engine.link.send(1, status, key, 100 if status == NOTE_ON else 0)

    def switch(self, kind: str, count: int) -> None:
        """Ask for a switch."""
        loader, playing = self.loader, self.loader.playing()
        if kind == "program":
            loader.change(playing.index, Wanted(parts=((1, "program", 40 + count % 30),)))
        elif kind == "ensemble":
            others = [slot for slot in loader.choices if slot.index != playing.index]
            loader.select(others[0])
        elif kind == "separator":
            known = playing.separator or ""
            name = next(n for n in SEPARATORS[count % 4 :] + SEPARATORS if n != known)
            loader.change(playing.index, Wanted(separator=name))
        else:
            loader.change(playing.index, Wanted(soundfont=self.fonts[playing.soundfont == self.fonts[0]]))

    def take(self) -> tuple[np.ndarray, np.ndarray]:
        """Return log and sound since the last call."""
        log, sound = np.concatenate(self._logs), np.concatenate(self._sounds)
        self._logs, self._sounds = [], []
        return log, sound


def longest_gap(left: np.ndarray) -> int:
    """Return the longest stretch of frames in which a held tone (float32, shape (frames,)) is gone."""
    level = np.abs(left)
    blocks = level[: len(level) // 16 * 16].reshape(-1, 16).max(axis=1)
    width = WINDOW // 16
    windows = np.lib.stride_tricks.sliding_window_view(blocks, width).max(axis=1)
    gone = np.flatnonzero(np.diff(np.r_[0, windows < SILENT * np.median(windows), 0]))
    runs = np.diff(gone)[::2]
    return int(runs.max() + width - 1) * 16 if len(runs) else 0


def count_faults(log: np.ndarray) -> dict[str, int]:
    """Return how many notes were struck, and how many were lost, doubled or stuck, in a whole log."""
    inputs = log[(log[:, LOG_KIND] == Log.INPUT) & (log[:, LOG_STATUS] & 0xF0 == NOTE_ON)]
    outputs = log[(log[:, LOG_KIND] == Log.OUTPUT) & np.isin(log[:, LOG_STATUS], (NOTE_ON, NOTE_OFF))]
    sounding: set[tuple[int, int]] = set()
    doubled = 0
    for channel, status, key in outputs[:, [LOG_CHANNEL, LOG_STATUS, LOG_DATA1]].tolist():
        doubled += ((channel, key) in sounding) != (status == NOTE_OFF)
        (sounding.add if status == NOTE_ON else sounding.discard)((channel, key))
    struck = int((outputs[:, LOG_STATUS] == NOTE_ON).sum())
    return {"notes": len(inputs), "lost": len(inputs) - struck, "doubled": doubled, "stuck": len(sounding)}


def measure_switch(soundfont: Path, switches: int, report: Report = silent) -> dict[str, Any]:
    """Return, for each kind of switch, ms until it is ready, gaps in held notes, and faults.

    Args:
        soundfont: SoundFont to play.
        switches: of each kind.
        report: told how far it has come.

    Raises:
        OSError, ValueError: the engine can't be made.
    """
    machine = describe_machine()
    kinds: dict[str, Any] = {}
    logs = []
    with tempfile.TemporaryDirectory(prefix="concertino-bench-") as folder:
        stage = Stage(soundfont, Path(folder))
        lock_memory()
        stage.driver.start()
        try:
            stage.run(0.2)
            stage.hold(NOTE_ON)
            stage.run(1.0)
            logs.append(stage.take()[0])
            for kind in KINDS:
                before = stage.engine.counters()
                stage.engine.reset_measurements()
                ready = []
                for count in range(switches):
                    report(f"switches of {kind}", count, switches)
                    slot, began = int(stage.engine.state["slot"]), time.monotonic()
                    stage.switch(kind, count)
                    stage.run(10.0, lambda slot=slot: int(stage.engine.state["slot"]) != slot)
                    ready.append((time.monotonic() - began) * 1000)
                    stage.run(PAUSE_SECONDS)
                after = stage.engine.counters()
                log, sound = stage.take()
                logs.append(log)
                gap = longest_gap(sound[:, 0])
                kinds[kind] = {
                    "switches": switches,
                    "ready_ms": percentiles(ready),
                    "gap_frames": gap,
                    "gap_periods": round(gap / PERIOD, 2),
                    "callback_us": stage.engine.latency()["callback"],
                    **{name: after[name] - before[name] for name in ("xruns", "late", "fallback", "failed")},
                }
            stage.feeding = False
            stage.hold(NOTE_OFF)
            stage.run(0.3)
            stage.engine.link.command(Command.PANIC)  # what the stream still holds ends
            stage.run(0.3)
            logs.append(stage.take()[0])
        finally:
            stage.loader.close()
            stage.driver.close()
            stage.engine.close()
    return {
        "bench": "switch",
        "rate": RATE,
        "period": PERIOD,
        "kinds": kinds,
        **count_faults(np.concatenate(logs)),
        "notices": stage.notices,
        "soundfont": soundfont.name,
        "machine": machine,
    }


def percentiles(values: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and maximum."""
    return {
        "p50": round(float(np.percentile(values, 50)), 2),
        "p99": round(float(np.percentile(values, 99)), 2),
        "max": round(max(values), 2),
    }


def show_switch(result: dict[str, Any], console: Console) -> None:
    """Show the result to people."""
    names = ("switch of", "ready p50", "p99", "max ms", "gap, periods", "callback p99 us", "xruns", "by rule")
    table = Table(*names, title="switches while playing", title_justify="left")
    for kind, row in result["kinds"].items():
        ready = row["ready_ms"]
        cells = (kind, ready["p50"], ready["p99"], ready["max"], row["gap_periods"])
        table.add_row(
            *map(str, cells), str(row["callback_us"]["p99"]), str(row["xruns"]), str(row["fallback"])
        )
    console.print(table)
    faults = ", ".join(f"{result[name]} {name}" for name in ("lost", "doubled", "stuck"))
    console.print(f"{result['notes']} notes: {faults}")
