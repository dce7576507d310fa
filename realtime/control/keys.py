"""Notes played on the page: one input port of the engine, and who of its clients holds what."""

from collections import defaultdict

from realtime.control.messages import is_message
from realtime.host.link import Link
from realtime.host.midi_ports import PAGE_PORT
from realtime.host.system_clock import now_ns

NOTE_OFF, NOTE_ON, CONTROL, BEND = 0x80, 0x90, 0xB0, 0xE0
RESET_CONTROLLERS = 121


class PageKeys:
    """Plays what clients play, and lets go of what those that leave hold."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._held: dict[int, set[tuple[int, int]]] = defaultdict(set)
        """Channel and pitch of the keys of each client."""
        self._moved: dict[int, set[int]] = defaultdict(set)
        """Channels on which each client moved a controller."""

    def play(self, client: int, data: bytes) -> None:
        """Play one MIDI channel message; what is none is left out."""
        if not is_message(data):
            return
        kind, channel = data[0] & 0xF0, data[0] & 0x0F
        held, key = self._held[client], (channel, data[1])
        if kind == NOTE_ON and data[2]:
            held.add(key)
        elif kind in (NOTE_ON, NOTE_OFF):
            if key not in held:
                return
            held.discard(key)
            if self._elsewhere(client, key):
                return
        elif kind in (CONTROL, BEND):
            self._moved[client].add(channel)
        self._send(data[0], *data[1:])

    def _elsewhere(self, client: int, key: tuple[int, int]) -> bool:
        """Return whether another client holds the key too."""
        return any(key in held for other, held in self._held.items() if other != client)

    def _send(self, status: int, *data: int) -> None:
        self.link.send(PAGE_PORT, status, *[*data, 0][:2], stamp=now_ns())

    def let_go(self, client: int) -> None:
        """Release the keys of a client, and the pedals and wheels that only it has moved."""
        moved = self._moved.pop(client, set())
        for channel in sorted(moved - {each for others in self._moved.values() for each in others}):
            self._send(CONTROL | channel, RESET_CONTROLLERS)
        held = self._held.pop(client, set())
        for channel, pitch in sorted(held):
            if not self._elsewhere(client, (channel, pitch)):
                self._send(NOTE_OFF | channel, pitch)

    def let_all_go(self) -> None:
        """Release everything: the server is gone."""
        for client in {*self._held, *self._moved}:
            self.let_go(client)
