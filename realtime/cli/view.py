"""The live terminal view: notes lighting up per part, the model's confidence, latency, xruns, load."""

import time
from collections import deque

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from realtime.continuation.settings import Status
from realtime.engine.codes import (
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_KIND,
    LOG_STATUS,
    LOG_VALUE,
    PARTS,
    Counter,
    Log,
)
from realtime.host.session import Session

COLOURS = ("bright_red", "bright_yellow", "bright_green", "bright_cyan", "bright_magenta", "bright_blue")
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LOWEST, HIGHEST = 36, 96
CONFIDENCES, NOTICES = 64, 4
LOAD_SECONDS = 0.5
STAGES = {
    "key_to_sound": "key to sound",
    "callback": "callback",
    "decision": "decision",
    "separator": "separator",
    "synth": "synth",
    "input": "input to core",
}
PART_KEYS = "asdfghjkl"
"""Keys that switch the parts on and off, from the first part on."""
KEYS_HELP = "q quit   p panic   t tap tempo   1-9 ensemble   a s d f ... parts on and off"
NOTE_ON, NOTE_OFF = 0x90, 0x80


def note_name(pitch: int) -> str:
    """Return a pitch as musicians call it: 60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def continuation_line(status: Status) -> Text:
    """Return how the continuation is doing."""
    playing = status.state == "playing"
    text = Text()
    text.append(f"{status.model} {status.mode}: {status.state}   ", "bold" if playing else "")
    text.append(
        f"ready {status.isr:.1%}   behind {status.staleness_ticks:.2f}   lead {status.lead_ms:.0f} ms   "
    )
    text.append(f"{status.notes_per_second:.0f} notes/s   late {status.late}   ")
    text.append(f"first note {status.first_note_ms:.1f} ms (p99 {status.first_note_p99_ms:.1f})")
    return text


class View:
    """What the terminal shows of a session; a listener of the engine's log."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.notices: deque[str] = deque(maxlen=NOTICES)
        self._sounding: dict[tuple[int, int], int] = {}
        self._confidence: dict[int, deque[float]] = {}
        self._ruled = 0
        self._measured = (time.monotonic(), time.process_time())
        self._load = 0.0

    def __call__(self, log: np.ndarray) -> None:
        """Take in what happened."""
        for row in log:
            kind, channel = int(row[LOG_KIND]), int(row[LOG_CHANNEL])
            if kind == Log.OUTPUT and row[LOG_STATUS] in (NOTE_ON, NOTE_OFF):
                key = (channel, int(row[LOG_DATA1]))
                if row[LOG_STATUS] == NOTE_ON:
                    self._sounding[key] = int(row[LOG_DATA2])
                else:
                    self._sounding.pop(key, None)
            elif kind == Log.DECISION:
                self._ruled += int(row[LOG_DATA2])
                kept = self._confidence.setdefault(channel, deque(maxlen=CONFIDENCES))
                kept.append(int(row[LOG_VALUE]) / 1e6)
            elif kind == Log.PANIC:
                self._sounding.clear()

    def _parts(self) -> Table:
        table = Table(box=None, expand=True, padding=(0, 1))
        for title in ("part", "sounding", "notes", "confidence"):
            table.add_column(title, justify="right" if title == "notes" else "left", no_wrap=True)
        table.add_column("keyboard", ratio=1, no_wrap=True)
        slot = int(self.session.engine.state["slot"])
        for place, part in enumerate(self.session.engine.slots[slot].ensemble.parts):
            channel = slot * PARTS + place
            colour = COLOURS[place % len(COLOURS)]
            keys = sorted(key for own, key in list(self._sounding) if own == channel)
            kept = self._confidence.get(channel)
            sure = sum(kept) / len(kept) if kept else 0.0
            strip = Text(style="dim")
            for pitch in range(LOWEST, HIGHEST + 1):
                strip.append("█" if pitch in keys else "·", colour if pitch in keys else "")
            plays = self.session.engine.state["part_plays"][channel]
            table.add_row(
                Text(part.name, colour if plays else "strike dim"),
                Text(" ".join(note_name(k) for k in keys[:4]).ljust(16), f"bold {colour}"),
                str(self.session.notes[part.name]),
                f"{'▮' * round(sure * 10):<10} {sure:4.0%}",
                strip,
            )
        return table

    def _latency(self) -> Table:
        table = Table(box=None, padding=(0, 2))
        table.add_column("latency", no_wrap=True)
        for title in ("p50", "p99", "p99.9", "max", "jitter"):
            table.add_column(title, justify="right")
        for stage, row in self.session.engine.latency().items():
            if row["count"]:
                cells = [f"{row[k] / 1000:.3f}" for k in ("p50", "p99", "p999", "max", "jitter")]
                table.add_row(f"{STAGES[stage]} (ms)", *cells)
        return table

    def _status(self) -> Text:
        session, state = self.session, self.session.engine.state
        counters = state["counters"]
        before, cpu_before = self._measured
        now, cpu = time.monotonic(), time.process_time()
        if now - before > LOAD_SECONDS:
            self._measured = (now, cpu)
            self._load = (cpu - cpu_before) / (now - before)
        left, right = (20 * np.log10(max(p, 1e-5)) for p in session.engine.peak("view"))
        text = Text()
        text.append(f"{session.driver.name} {session.engine.rate:.0f} Hz, period {session.driver.period}   ")
        text.append(f"xruns {int(counters[Counter.XRUNS])}   ")
        text.append(f"late {int(counters[Counter.LATE])}   by rule {self._ruled}   ")
        text.append(f"CPU {self._load:.0%}   peak {left:.0f}/{right:.0f} dB   ")
        text.append(f"tempo {float(state['bpm']):.0f}")
        return text

    def __rich__(self) -> RenderableType:
        slot = self.session.engine.slots[int(self.session.engine.state["slot"])]
        title = f"{slot.ensemble.title}  ·  {slot.separator or 'closest-pitch rule'}"
        notices = Text("\n".join(self.notices), style="dim")
        lines = [self._status()]
        if self.session.continuation:
            lines.append(continuation_line(self.session.continuation.status()))
        body = Group(self._parts(), Text(), self._latency(), Text(), *lines, notices)
        keys = KEYS_HELP + ("   c continue   m mode" if self.session.continuation else "")
        return Panel(body, title=title, subtitle=keys, border_style="dim")
