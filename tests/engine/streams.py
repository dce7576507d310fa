"""Random playing in bulk: what keyboards, DAWs, pulled plugs and a busy host may do, from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from realtime.engine.codes import CONTROL_PORT, ENTRIES, Command
from realtime.ensembles.schema import Ensemble
from tests.engine.playing import command, control, ensemble, off, rows

PERIOD = 64
CONTROLS = (1, 7, 10, 11, 64, 64, 64, 66, 66, 67, 74, 120, 121, 123, 126)
ENSEMBLES: tuple[Ensemble, ...] = (
    ensemble(4, program=0, name="plain"),
    ensemble(
        {"voices": "mono", "lowest": 60},
        {"highest": 70, "transpose": 12},
        {"transpose": -48},
        {"transpose": 48, "volume": 80},
        program=1,
        name="mixed",
    ),
    ensemble({"voices": "mono"}, program=2, name="solo"),
    ensemble(6, {"lowest": 90}, program=3, name="seven"),
)
KINDS = (0x90, 0x80, 0xB0, 0xE0, 0xD0, 0xA0, 0xC0, 0xF8, 0xFA, 0xFF, "release", "panic", "select")


@dataclass(frozen=True)
class Style:
    """How someone plays: how many sources and keys, how often each kind of event of ``KINDS`` comes."""

    ports: int
    channels: int
    lowest: int
    highest: int
    per_period: float
    weights: tuple[float, ...]


STYLES: dict[str, Style] = {
    "one keyboard": Style(1, 1, 36, 96, 3, (48, 44, 5, 0.5, 0.5, 1, 0.2, 0.5, 0, 0, 0, 0, 0)),
    "few keys, much pedal": Style(1, 2, 60, 66, 5, (35, 30, 30, 1, 1, 2, 0.5, 0.2, 0.1, 0, 0, 0, 0.2)),
    "two keyboards on the same keys": Style(
        2, 1, 50, 70, 8, (45, 40, 10, 1, 1, 1, 1, 0, 0, 0, 0.5, 0.1, 0.4)
    ),
    "many sources": Style(4, 16, 0, 127, 20, (60, 30, 6, 1, 1, 1, 0.5, 0, 0, 0, 0.2, 0, 0)),
    "keys that stay down": Style(16, 3, 0, 127, 30, (80, 10, 5, 1, 1, 1, 1, 0, 0, 0.02, 0.1, 0.02, 0.1)),
    "trouble": Style(3, 2, 48, 72, 10, (40, 30, 15, 2, 2, 2, 3, 1, 1, 0.5, 3, 0.5, 1)),
    "velocity 0 for note-off": Style(1, 4, 40, 88, 12, (93, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)),
}


def stream(style: Style, seed: int, count: int) -> Iterator[np.ndarray]:
    """Yield the events of period after period, ``count`` in all: disordered, some beyond its ends."""
    rng = np.random.default_rng(seed)
    weights = np.array(style.weights) / sum(style.weights)
    kind = rng.choice(len(KINDS), count, p=weights)
    number = np.array([k if isinstance(k, int) else 0 for k in KINDS])[kind]
    port = rng.integers(0, style.ports, count)
    channel = rng.integers(0, style.channels, count)
    events = np.zeros((count, ENTRIES), np.int64)
    events[:, 0] = rng.integers(-2, PERIOD + 2, count)
    events[:, 1] = port
    events[:, 2] = np.where(number < 0xF0, number | channel, number)
    events[:, 3] = rng.integers(style.lowest, style.highest + 1, count)
    events[:, 4] = np.where(rng.random(count) < 0.1, 0, rng.integers(1, 128, count))
    if style.weights[1] == 0:
        events[:, 4] *= rng.random(count) < 0.5
    events[number == 0x80, 4] = 64
    events[:, 5] = -1
    controls = number == 0xB0
    events[controls, 3] = rng.choice(CONTROLS, controls.sum())
    events[controls, 4] = rng.integers(0, 128, controls.sum())
    events[number == 0xC0, 3] = rng.integers(0, 6, (number == 0xC0).sum())
    for name, what, value in (
        ("release", Command.RELEASE_PORT, port),
        ("panic", Command.PANIC, 0 * port),
        ("select", Command.SELECT, rng.integers(-1, 6, count)),
    ):
        chosen = kind == KINDS.index(name)
        events[chosen, 1], events[chosen, 2], events[chosen, 3] = CONTROL_PORT, int(what), value[chosen]
    sizes = rng.poisson(style.per_period, int(count / style.per_period * 1.5) + 10)
    yield from np.split(events, np.minimum(np.cumsum(sizes), count)[:-1])


def let_go(style: Style, how: int) -> np.ndarray:
    """Return the events that let everything go, in one of six ways."""
    sources = [(port, channel) for port in range(style.ports) for channel in range(style.channels)]
    ways = (
        lambda p, c: (
            [off(0, key, port=p, channel=c) for key in range(style.lowest, style.highest + 1)]
            + [control(0, 64, 0, port=p, channel=c), control(0, 66, 0, port=p, channel=c)]
        ),
        lambda p, c: [command(0, Command.RELEASE_PORT, p)],
        lambda p, c: [control(0, n, v, port=p, channel=c) for n, v in ((64, 0), (66, 63), (123, 0))],
        lambda p, c: [control(0, n, 0, port=p, channel=c) for n in (123, 121)],
        lambda p, c: [control(0, 120, 0, port=p, channel=c)],
        lambda p, c: [command(0, Command.PANIC)],
    )
    return rows(row for port, channel in sources for row in ways[how % len(ways)](port, channel))
