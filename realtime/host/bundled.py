"""The performance that is played where there is no keyboard; it gives way to whoever plays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from realtime.engine.codes import (
    FRAME,
    LOG_DATA2,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PLAN_PORT,
    Command,
    Log,
)
from realtime.host.link import Link
from realtime.host.midi_ports import FIRST_PORT
from realtime.host.player import Player, performance_events
from realtime.music.smf import NOTE_ON, read_performance

DEMO = Path(__file__).parent.parent / "demo" / "keyboard.mid"
BUNDLED_PORT = FIRST_PORT - 1
"""Its engine port: that of the last of JACK's keyboards, which are many before it is theirs."""
AHEAD_SECONDS = 0.1
"""How far it is handed over: what the engine was given can't be taken back."""


class Bundled(Player):
    """Plays the bundled performance until it is over or someone else plays; a listener of the log.

    Then no more of it is handed over, and what it holds is let go: at once, and once more when the engine has
    played what it was given before.

    Args:
        link: the engine's link.
        rate: frames a second.
        start: engine frame of its beginning.
        notice: told that it gave way, in a sentence.
    """

    def __init__(self, link: Link, rate: float, start: int, notice: Callable[[str], None]) -> None:
        super().__init__(link, performance_events(read_performance(DEMO), rate, port=BUNDLED_PORT), start)
        self.notice = notice
        self.gave_way = False
        self._let_go = False
        self._ahead = round(AHEAD_SECONDS * rate)

    def feed(self) -> None:
        """Hand over what comes soon; once it has given way, end what it holds."""
        if not self.gave_way:
            soon = int(self.link.state["frame"]) + self._ahead
            until = int(np.searchsorted(self.events[:, FRAME], soon))
            self._next += self.link.schedule(self.events[self._next : until])
        elif not self._let_go and self.link.scheduled() == 0:
            self._let_go = self.link.command(Command.RELEASE_PORT, BUNDLED_PORT)

    def listen(self, log: np.ndarray) -> None:
        """Give way to the first key of someone else; a model's notes are not someone's."""
        if self.gave_way or self.done:
            return
        source = log[:, LOG_SOURCE]
        others = (log[:, LOG_KIND] == Log.INPUT) & (source != BUNDLED_PORT) & (source != PLAN_PORT)
        pressed = (log[:, LOG_STATUS] & 0xF0 == NOTE_ON) & (log[:, LOG_DATA2] > 0)
        if (others & pressed).any():
            self.gave_way = True
            self.link.command(Command.RELEASE_PORT, BUNDLED_PORT)
            self.notice("you play: the bundled performance has stopped")

    @property
    def done(self) -> bool:
        """Whether all of it has been played, or it has given way."""
        return self._let_go if self.gave_way else super().done
