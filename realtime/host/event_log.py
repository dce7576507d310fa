"""The event log of a take: one JSON object a line, with exact frames, from which a take can be played again.

A MIDI file rounds times to ticks. Here each event keeps the frame and the input port at which it reached the
core, so that the same core, given the same period, decides the same again. What is on the disk after a crash
is whole up to the last line.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from realtime.engine.codes import (
    CONTROL_PORT,
    DATA1,
    ENTRIES,
    FRAME,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    LOG_VALUE,
    PARTS,
    PORT,
    STATUS,
    TICK,
    Command,
    Log,
)
from realtime.host.slots import Slot

VERSION = 1
PROGRAM, SYSTEM_RESET = 0xC0, 0xFF


class EventLog:
    """Writes ``events.jsonl``.

    Args:
        path: the file, replaced if it exists.
        header: what was played with; see ``Take``.
        slots: the loaded ensembles.

    Raises:
        OSError: the file can't be made.
    """

    def __init__(self, path: Path, header: dict[str, Any], slots: list[Slot]) -> None:
        self.path, self._slots = path, slots
        self._file = path.open("w", encoding="utf-8")
        self._write([{"concertino": VERSION, **header}])

    def add(self, log: np.ndarray) -> None:
        """Append log entries of the engine.

        Raises:
            OSError: the disk is full or gone.
        """
        lines = [line for row in log.tolist() if (line := self._line(row))]
        if lines:
            self._write(lines)

    def _line(self, row: list[int]) -> dict[str, Any] | None:
        frame, kind = row[LOG_FRAME], row[LOG_KIND]
        if kind == Log.INPUT:
            message = [row[LOG_STATUS], row[LOG_DATA1], row[LOG_DATA2]]
            return {"frame": frame, "port": row[LOG_SOURCE], "message": message}
        if kind == Log.DECISION:
            slot, part = divmod(row[LOG_CHANNEL], PARTS)
            return {
                "frame": frame,
                "pitch": row[LOG_DATA1],
                "part": self._slots[slot].ensemble.parts[part].name,
                "confidence": row[LOG_VALUE] / 1e6,
                "by_rule": bool(row[LOG_DATA2]),
            }
        if kind == Log.ENSEMBLE:
            slot = row[LOG_CHANNEL] // PARTS
            return {"frame": frame, "ensemble": self._slots[slot].ensemble.name, "slot": slot}
        return {"frame": frame, "panic": True} if kind == Log.PANIC else None

    def _write(self, lines: list[dict[str, Any]]) -> None:
        self._file.write("".join(json.dumps(line) + "\n" for line in lines))
        self._file.flush()

    def close(self) -> None:
        """Complete the file."""
        with suppress(OSError):  # of a full disk, which was told when a line could not be written
            self._file.close()


class Take(NamedTuple):
    """A take that was read back."""

    header: dict[str, Any]
    """``rate``, ``period``, ``driver``, ``ensembles`` (names by slot), ``separators``, ``tempo`` (BPM)."""
    events: np.ndarray
    """int64, shape (n, ENTRIES), columns as in ``engine.codes``: what came in, with absolute frames."""
    decisions: list[dict[str, Any]]
    """Of each note: frame, pitch, part, confidence, by_rule."""


def read_take(path: Path) -> Take:
    """Return what is in an event log; a last line that a crash cut short is left out.

    Raises:
        ValueError: it is no event log.
        OSError: it can't be opened.
    """
    lines: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        try:
            lines.append(json.loads(line))
        except ValueError:
            raise ValueError(f"{path}: line {len(lines) + 1} is not JSON") from None
    if not lines or lines[0].get("concertino") != VERSION:
        raise ValueError(f"{path}: not an event log of this version of Concertino")
    header, *lines = lines
    rows = [row for before, line in zip([{}, *lines], lines, strict=False) if (row := _event(line, before))]
    events = np.zeros((len(rows), ENTRIES), np.int64)
    events[:, TICK] = -1
    if rows:
        events[:, [FRAME, PORT, STATUS, DATA1, DATA1 + 1]] = rows
    return Take(header, events, [line for line in lines if "part" in line])


def _event(line: dict[str, Any], before: dict[str, Any]) -> list[int] | None:
    """Return frame, port, status and data of a line; None for what was not an event, or followed from one."""
    if "message" in line:
        return [line["frame"], line["port"], *line["message"]]
    status = before["message"][0] if "message" in before and before["frame"] == line["frame"] else 0
    if "slot" in line and status & 0xF0 != PROGRAM:
        return [line["frame"], CONTROL_PORT, Command.SELECT, line["slot"], 0]
    if "panic" in line and status != SYSTEM_RESET:
        return [line["frame"], CONTROL_PORT, Command.PANIC, 0, 0]
    return None
