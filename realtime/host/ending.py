"""The end of a session: what sounds is ended, and what happened is summed up."""

import time
from typing import Any

from realtime.drivers.base import Driver
from realtime.engine.codes import Command, Counter, Sync
from realtime.host.engine import Engine
from realtime.host.pump import PUMP_SECONDS, Pump

ENDING_SECONDS, ENDING_PERIODS = 0.5, 4
"""How long notes may take to end, and the periods in which their ends reach other programs."""


def end_notes(engine: Engine) -> None:
    """End what is held: the instruments of a DAW would sound on after the host."""
    state, deadline = engine.state, time.monotonic() + ENDING_SECONDS
    ended = False
    while not ended and time.monotonic() < deadline:  # again, where someone plays on meanwhile
        engine.link.command(Command.PANIC)
        last = int(state["counters"][Counter.PERIODS]) + ENDING_PERIODS
        while state["counters"][Counter.PERIODS] < last and time.monotonic() < deadline:
            time.sleep(PUMP_SECONDS)
        ended = state["note_count"] == 0


def sum_up(engine: Engine, driver: Driver, pump: Pump) -> dict[str, Any]:
    """Return notes per part, latency in microseconds, xruns and counters."""
    counters = engine.counters()
    parts = engine.slots[int(engine.state["slot"])].ensemble.parts
    return {
        "separator": engine.slots[0].separator or "rule",
        "driver": driver.name,
        "rate": engine.rate,
        "period": driver.period,
        "compiled": driver.compiled,
        "notes": {part.name: pump.notes[part.name] for part in parts} | dict(pump.notes),
        "latency_us": engine.latency(),
        "xruns": counters["xruns"],
        "counters": counters,
        "sounding": int(engine.state["note_count"]),
        "server_gone": bool(engine.state["sync"][8 * Sync.SERVER_GONE]),
    }
