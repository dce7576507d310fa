"""Keyboards and DAWs on JACK: wanted ports are connected, also when they come later or come back."""

import re
from typing import Any

import jack

from realtime.drivers.base import DriverError
from realtime.drivers.jack import JackDriver
from realtime.engine.codes import Command
from realtime.host.link import Link
from realtime.host.midi_ports import FIRST_PORT, VIRTUAL, Notice, matches

BY_HAND = 0
"""Engine port of ``midi_in``, the input for connections that a DAW or the player makes."""
_ALSA_CLIENT = re.compile(r" \[\d+\]")
_GENERIC = "system:"


def stable_name(port: Any) -> str:
    """Return what a JACK port is called today and tomorrow.

    ``system:midi_capture_2`` says nothing, but its alias does; a2jmidid counts clients in the name.
    """
    name = port.name
    if name.startswith(_GENERIC):
        name = next(iter(port.aliases), name)
    return _ALSA_CLIENT.sub("", name)


class JackInputs:
    """Watches a JACK client's MIDI inputs.

    The first input, ``midi_in``, is for connections that a DAW or the player makes by hand. Each wanted port
    gets an input of its own, so that every keyboard keeps its own notes and pedals.

    Args:
        driver: the driver whose client is watched.
        link: where ``RELEASE_PORT`` goes when a connection vanishes.
        wanted: name of a port or part of it, ``virtual``, or None for every physical keyboard.
        notice: told of each port that comes or goes, in a sentence.
        places: the engine port of each keyboard that has been seen, by stable name; kept up to date here, and
            given to the next one when the server comes back, so that a keyboard stays the same.
    """

    def __init__(
        self,
        driver: JackDriver,
        link: Link,
        wanted: str | None,
        notice: Notice,
        places: dict[str, int] | None = None,
    ) -> None:
        self.driver, self.link, self.wanted, self.notice = driver, link, wanted, notice
        self.connected: dict[str, int] = {}
        """Engine port of each connected keyboard, by stable name."""
        self.sources: tuple[str, ...] = ()
        """Names and aliases of all MIDI sources of the server, when they were last looked for."""
        self._places = {} if places is None else places
        self._lost, self._gone = driver.lost(), driver.gone()
        self._told: set[str] = set()

    def release_lost(self) -> None:
        """Let go of what a vanished connection held. Quick: for every turn of the session's loop."""
        lost = self.driver.lost()
        for place in (lost != self._lost).nonzero()[0]:
            self.link.command(Command.RELEASE_PORT, int(place))
        self._lost = lost

    def scan(self) -> None:
        """Connect what has come, and say what has gone. Errors of a dying server are left to its driver."""
        try:
            self._scan()
        except (jack.JackError, DriverError) as error:
            if self.driver.alive():
                self._tell(f"MIDI connections: {error}")

    def _tell(self, text: str) -> None:
        """Say once what would be so at every look."""
        if text not in self._told:
            self._told.add(text)
            self.notice(text)

    def _wanted_ports(self) -> dict[str, str]:
        """Return the full names of the ports that should be connected now, by stable name."""
        client = self.driver.client
        ports = [
            port
            for port in client.get_ports(is_midi=True, is_output=True)
            if not port.name.startswith(client.name + ":")
        ]
        names = {port.name: (port.name, *port.aliases) for port in ports}
        self.sources = tuple(name for known in names.values() for name in known)
        if self.wanted == VIRTUAL:
            return {}
        if self.wanted:
            found = [p for p in ports if any(matches(name, self.wanted) for name in names[p.name])]
        else:
            physical = {p.name for p in client.get_ports(is_midi=True, is_output=True, is_physical=True)}
            found = [
                p for p in ports if p.name in physical and all(matches(name, None) for name in names[p.name])
            ]
        return {stable_name(port): port.name for port in found}

    def _scan(self) -> None:
        present = self._wanted_ports()
        gone, self._gone = self._gone, self.driver.gone()
        for name in [n for n in self.connected if n not in present]:
            del self.connected[name]
            self.notice(f"{name} is gone; its notes and pedals were let go")
        for name, full in present.items():
            place = self._places.get(name, 1 + len(self._places))
            if name in self.connected:
                # Cut by hand, it stays so; but one that went and came back between two looks is taken back.
                if gone == self._gone or self._is_connected(full, place):
                    continue
                del self.connected[name]
            if place >= FIRST_PORT:
                self._tell(f"{name} is not used: at most {FIRST_PORT - 1} keyboards can be connected")
                continue
            while len(self.driver.inputs) <= place:
                self.driver.add_input(f"keyboard_{len(self.driver.inputs)}")
            if self.driver.connect(full, self.driver.inputs[place].name):
                self.notice(f"{name} is {'back' if name in self._places else 'connected'}")
                self._places[name] = self.connected[name] = place

    def _is_connected(self, source: str, place: int) -> bool:
        connections = self.driver.client.get_all_connections(self.driver.inputs[place])
        return source in [port.name for port in connections]
