"""Planned events by name, and what became of them."""

from realtime.engine.codes import (
    CONTROL_PORT,
    LOG_DATA1,
    LOG_FRAME,
    LOG_SOURCE,
    LOG_STATUS,
    PLAN_PORT,
    Command,
    Log,
)
from tests.engine.playing import OFF, ON, Playing, Row, rows


def begin(frame: int, part: int, pitch: int, *, generation: int = 0, slot: int = 0) -> Row:
    """Return the beginning of a planned note; ``slot`` counts from 1, 0: the one that plays."""
    return (frame, PLAN_PORT, ON | part, pitch, 100, generation, slot, 0)


def end(frame: int, part: int, pitch: int, *, generation: int = 0) -> Row:
    return (frame, PLAN_PORT, OFF | part, pitch, 0, generation, 0, 0)


def back(frame: int, generation: int, first: int = 0) -> Row:
    """Return the command that takes a plan back, ``frame`` being an offset in the period."""
    return (frame, CONTROL_PORT, int(Command.TAKE_BACK), generation, first, -1, 0, 0)


def plan(playing: Playing, *entries: Row) -> int:
    return playing.engine.link.plan(rows(entries))


def came(playing: Playing) -> list[tuple[int, int, bool, int]]:
    """Return the planned events that acted: (frame, part, whether a note begins, pitch)."""
    log = playing.log(Log.INPUT)
    found = log[log[:, LOG_SOURCE] == PLAN_PORT][:, [LOG_FRAME, LOG_STATUS, LOG_DATA1]]
    return [(f, status & 15, status & 0xF0 == ON, key) for f, status, key in found.tolist()]


def strikes(playing: Playing) -> list[tuple[int, int, int, int]]:
    """Return (frame, synth channel, status, key) of each beginning and end that was sent."""
    return [(f, c, s, k) for f, c, s, k, _ in playing.sent(ON, OFF)]


def plan_counts(playing: Playing) -> dict[str, int]:
    return {name: count for name, count in playing.engine.counters().items() if "plan" in name and count}
