"""Small ensembles, events by name, and an engine that is played without a device."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realtime.drivers.offline import OfflineDriver
from realtime.engine.codes import (
    CONTROL_PORT,
    DATA1,
    DATA2,
    ENTRIES,
    FRAME,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_STATUS,
    PORT,
    STATUS,
    TICK,
    Command,
    Log,
)
from realtime.engine.native import now_ns
from realtime.ensembles.schema import Ensemble, Part
from realtime.host.engine import Engine

RATE = 48000
NO_SEPARATOR = "none-such"
"""The name of no plugin: the rule decides."""
ON, OFF, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x90, 0x80, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0

Row = tuple[int, ...]


def ensemble(*parts: dict[str, Any] | int, separator: str = NO_SEPARATOR, **more: Any) -> Ensemble:
    """Return an ensemble of parts with these settings; a number stands for that many plain parts."""
    settings: list[dict[str, Any]] = []
    for part in parts:
        settings += [{} for _ in range(part)] if isinstance(part, int) else [part]
    made = tuple(
        Part(**({"name": f"part {place}", "channel": place + 1} | part))
        for place, part in enumerate(settings)
    )
    more = {"name": "test", "title": "Test", "restart_after": 0.0} | more
    return Ensemble(separator=separator, parts=made, **more)


def event(frame: int, status: int, data1: int = 0, data2: int = 0, port: int = 0, tick: int = -1) -> Row:
    return (frame, port, status, data1, data2, tick, 0, 0)


def on(frame: int, key: int, velocity: int = 100, *, port: int = 0, channel: int = 0, tick: int = -1) -> Row:
    return event(frame, ON | channel, key, velocity, port, tick)


def off(frame: int, key: int, *, port: int = 0, channel: int = 0) -> Row:
    return event(frame, OFF | channel, key, 0, port)


def control(frame: int, number: int, value: int, *, port: int = 0, channel: int = 0) -> Row:
    return event(frame, CONTROL | channel, number, value, port)


def command(frame: int, what: Command, value: int = 0) -> Row:
    return event(frame, int(what), value, port=CONTROL_PORT)


def rows(events: Iterable[Row]) -> np.ndarray:
    """Return events as the engine takes them: int64, shape (n, ENTRIES), in the order given."""
    return np.array(list(events), np.int64).reshape(-1, ENTRIES)


class Playing:
    """An engine with ensembles, played period by period; remembers its whole log."""

    def __init__(
        self, *ensembles: Ensemble, period: int = 128, soundfont: Path | None = None, rate: float = RATE
    ) -> None:
        self.engine = Engine(rate, soundfont)
        for each in ensembles or (ensemble(4),):
            self.engine.load(each)
        self.state = self.engine.state
        self.state["announce"] = 0
        self.driver = OfflineDriver(self.engine, period)
        self.period = period
        self._logs: list[np.ndarray] = []

    def step(self, *events: Row) -> np.ndarray:
        """Play one period with these events; return a copy of its sound."""
        return self.step_rows(rows(events))

    def step_rows(self, events: np.ndarray) -> np.ndarray:
        sound = self.driver.step(events).copy()
        self._logs.append(self.engine.link.read_log())
        return sound

    def rest(self, periods: int) -> np.ndarray:
        """Play on without events."""
        return np.concatenate([self.step() for _ in range(periods)], axis=1)

    def play(self, events: Sequence[Row] | np.ndarray, frames: int) -> np.ndarray:
        """Play events at absolute frames; return all the sound."""
        given = events if isinstance(events, np.ndarray) else rows(events)
        blocks = []
        for block in self.driver.play(given, frames):
            blocks.append(block.copy())
            self._logs.append(self.engine.link.read_log())
        return np.concatenate(blocks, axis=1)

    def log(self, kind: Log | None = None) -> np.ndarray:
        """Return the log so far, or its entries of one kind."""
        whole = np.concatenate([np.zeros((0, 8), np.int64), *self._logs])
        return whole if kind is None else whole[whole[:, LOG_KIND] == kind]

    def sent(self, *statuses: int) -> list[Row]:
        """Return the parts' messages of these kinds: (frame, synth channel, status, data1, data2)."""
        found = self.log(Log.OUTPUT)
        if statuses:
            found = found[np.isin(found[:, LOG_STATUS], statuses)]
        return [tuple(map(int, row)) for row in found[:, OUTPUT_COLUMNS]]

    def decided(self) -> list[Row]:
        """Return (pitch, synth channel, whether the rule decided) of each note, in order."""
        found = self.log(Log.DECISION)[:, [LOG_DATA1, LOG_CHANNEL, LOG_DATA2]]
        return [tuple(map(int, row)) for row in found]

    def counter(self, name: str) -> int:
        return self.engine.counters()[name]


OUTPUT_COLUMNS = [LOG_FRAME, LOG_CHANNEL, LOG_STATUS, LOG_DATA1, LOG_DATA2]
EVENT_COLUMNS = [FRAME, PORT, STATUS, DATA1, DATA2, TICK]


def is_at_rest(state: np.void) -> bool:
    """Return whether no note is left anywhere in the engine's tables."""
    return (
        int(state["note_count"]) == 0
        and not state["sounding"].any()
        and not state["channel_notes"].any()
        and bool((state["held"] == -1).all())
    )


def now(playing: Playing) -> int:
    """Return the engine's time in ns, for stamps of arrival."""
    state = playing.state
    return now_ns(int(state["clock_gettime"]), int(state["clock_id"]), state["scratch_worker"])
