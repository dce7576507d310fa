"""The end of a session: what sounds is ended, and what happened is summed up."""

import time
from collections.abc import Callable
from typing import Any

from realtime.drivers.base import Driver
from realtime.engine.codes import Command, Counter, Sync
from realtime.host.engine import Engine
from realtime.host.pump import PUMP_SECONDS, Pump

ENDING_SECONDS, ENDING_PERIODS = 0.5, 4
"""How long notes may take to end, and the periods in which their ends reach other programs."""


class Steps:
    """Takes the steps of an ending one after the other, whatever becomes of those before.

    Args:
        notice: told, in a sentence, what failed.
    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        self.notice = notice

    def take(self, step: Callable[[], Any], *expected: type[Exception]) -> bool:
        """Take a step; return whether it was done. Errors that are ``expected`` are not told."""
        try:
            step()
        except expected:
            return False
        except Exception as error:  # a take is completed even where a device, or anything else, fails
            self.notice(f"while ending: {error}")
            return False
        return True


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
    """Return what plays, notes per part, latency in microseconds, xruns and counters."""
    counters = engine.counters()
    playing = engine.slots[int(engine.state["slot"])]
    parts = playing.ensemble.parts
    return {
        "ensemble": playing.ensemble.name,
        "separator": playing.separator or "rule",
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
