"""Plays a performance from a file into a running engine, as a keyboard would: through the schedule ring."""

import numpy as np

from realtime.engine.codes import DATA1, DATA2, ENTRIES, FRAME, PORT, STATUS, TICK
from realtime.host.link import Link
from realtime.music.smf import NOTE_OFF, NOTE_ON, Performance

CHUNK = 2048


def performance_events(
    performance: Performance, rate: float, resolution: int | None = None, port: int = 0
) -> np.ndarray:
    """Return a performance as engine events: int64, shape (n, ENTRIES), absolute frames.

    Notes that a file never ends, end with it.

    Args:
        performance: what to play.
        rate: frames a second.
        resolution: ticks per quarter note for the events' own beat, from the file's tempo map; None: the
            events have none, and the engine's clock gives it, as it does for a keyboard.
        port: engine port that it comes from.
    """
    given = performance.events
    events = np.zeros((len(given), ENTRIES), np.int64)
    events[:, FRAME] = np.rint(given["seconds"] * rate)
    events[:, PORT] = port
    events[:, STATUS] = given["status"]
    events[:, DATA1], events[:, DATA2] = given["data1"], given["data2"]
    events[:, TICK] = -1
    if resolution is not None:
        events[:, TICK] = np.rint(given["tick"] * (resolution / performance.resolution))
    return ended(events, round(performance.seconds * rate))


def ended(events: np.ndarray, over: int) -> np.ndarray:
    """Return engine events, and after them the ends at frame ``over`` of the notes that are held then."""
    held: dict[tuple[int, int], int] = {}
    for place, (status, key) in enumerate(events[:, [STATUS, DATA1]].tolist()):
        if status & 0xF0 == NOTE_ON:
            held[status & 0x0F, key] = place
        elif status & 0xF0 == NOTE_OFF:
            held.pop((status & 0x0F, key), None)
    ends = events[list(held.values())]
    ends[:, FRAME], ends[:, STATUS], ends[:, TICK] = over, NOTE_OFF | ends[:, STATUS] & 0x0F, -1
    return np.concatenate([events, ends])


class Player:
    """Feeds events to the schedule ring as room allows.

    Args:
        link: the engine's link.
        events: as from ``performance_events``.
        start: engine frame of the events' frame 0.
    """

    def __init__(self, link: Link, events: np.ndarray, start: int) -> None:
        self.link = link
        self.events = events.copy()
        self.events[:, FRAME] += start
        self.end = int(self.events[-1, FRAME]) if len(events) else start
        self._next = 0

    def feed(self) -> None:
        """Hand over what there is room for."""
        while self._next < len(self.events):
            taken = self.link.schedule(self.events[self._next : self._next + CHUNK])
            self._next += taken
            if taken < CHUNK:
                return

    @property
    def done(self) -> bool:
        """Whether all events have been played."""
        return self._next == len(self.events) and self.link.scheduled() == 0
