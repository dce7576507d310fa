"""Keyboards and DAWs on JACK: wanted ports are connected, also when they come later or come back."""

import jack

from realtime.drivers.base import DriverError
from realtime.drivers.jack import JackDriver
from realtime.engine.state import Command
from realtime.host.link import Link
from realtime.host.midi_ports import VIRTUAL, Notice, matches


class JackInputs:
    """Watches a JACK client's MIDI inputs.

    The first input, ``midi_in``, is for connections that a DAW or the player makes by hand. Each wanted port
    gets an input of its own, so that every keyboard keeps its own notes and pedals.

    Args:
        driver: the driver whose client is watched.
        link: where ``RELEASE_PORT`` goes when a connection vanishes.
        wanted: name of a port or part of it, ``virtual``, or None for every physical keyboard.
        notice: told of each port that comes or goes, in a sentence.
    """

    def __init__(self, driver: JackDriver, link: Link, wanted: str | None, notice: Notice) -> None:
        self.driver, self.link, self.wanted, self.notice = driver, link, wanted, notice
        self.connected: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._by_hand: set[str] = set()

    def candidates(self) -> list[str]:
        """Return the names of the ports that should be connected now."""
        if self.wanted == VIRTUAL:
            return []
        client = self.driver.client
        ports = client.get_ports(is_midi=True, is_output=True, is_physical=self.wanted is None)
        own = client.name + ":"
        return [p.name for p in ports if not p.name.startswith(own) and matches(p.name, self.wanted)]

    def scan(self) -> None:
        """Connect what has come, let go of what has gone. Errors of a dying server are left to its driver."""
        try:
            self._scan()
        except (jack.JackError, DriverError) as error:
            if self.driver.alive():
                self.notice(f"MIDI connections: {error}")

    def _scan(self) -> None:
        present = self.candidates()
        for name in [n for n in self.connected if n not in present]:
            self.link.command(Command.RELEASE_PORT, self.connected.pop(name))
            self.notice(f"{name} is gone; its notes and pedals were let go")
        for name in present:
            if name in self.connected:
                continue
            returned = name in self._places
            place = self._places.setdefault(name, len(self.driver.inputs))
            if not returned:
                self.driver.add_input(f"keyboard_{place}")
            if self.driver.connect(name, self.driver.inputs[place].name):
                self.connected[name] = place
                self.notice(f"{name} is {'back' if returned else 'connected'}")
        by_hand = {p.name for p in self.driver.client.get_all_connections(self.driver.inputs[0])}
        if self._by_hand - by_hand:
            self.link.command(Command.RELEASE_PORT, 0)
        self._by_hand = by_hand
