"""Keyboards and DAWs as the system's MIDI (ALSA, CoreMIDI, WinMM) shows them, by python-rtmidi.

Ports are known by stable name and looked for twice a second: one that vanishes lets its notes and pedals
go, one that returns is taken back as the same engine port. No MIDI library tells of either.
"""

import re
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

from realtime.engine.state import PORTS, Command
from realtime.host.link import Link
from realtime.host.system_clock import now_ns

rtmidi: Any = import_module("rtmidi")  # by name: a compiled module without type information

SCAN_SECONDS = 0.5
OWN_NAME = "concertino"
IGNORED = ("midi through", "concertino", "rtmidi")
"""Parts of names that are never opened unasked: loops and ourselves."""
VIRTUAL = "virtual"
APIS = {
    "linux": (rtmidi.API_LINUX_ALSA,),
    "darwin": (rtmidi.API_MACOSX_CORE,),
    "win32": (rtmidi.API_WINDOWS_MM,),
}
FIRST_PORT = PORTS // 2
"""Engine ports below this are JACK's own inputs."""

Notice = Callable[[str], None]


def stable_name(name: str) -> str:
    """Return a port's name without the numbers that change when it is plugged in again."""
    return re.sub(r"\s+\d+:\d+$", "", name).strip()


def open_api(kind: type, jack: bool = False) -> Any:
    """Return an rtmidi input or output on the system's own MIDI, or None where it has none.

    Args:
        kind: ``rtmidi.MidiIn`` or ``rtmidi.MidiOut``.
        jack: try JACK's MIDI as well, for hosts whose sound does not come from JACK.
    """
    wanted = APIS.get(sys.platform, ()) + ((rtmidi.API_UNIX_JACK,) if jack else ())
    for api in wanted:
        if api in rtmidi.get_compiled_api():
            try:
                return kind(api, OWN_NAME)
            except (rtmidi.SystemError, rtmidi.RtMidiError, RuntimeError):
                continue
    return None


def matches(name: str, wanted: str | None) -> bool:
    """Return whether a port is one that the player asked for; without a wish, any that is no loop."""
    if wanted == VIRTUAL:
        return False
    if wanted:
        return wanted.lower() in name.lower()
    return not any(part in name.lower() for part in IGNORED)


class MidiInputs:
    """Opens the wanted inputs, now and when they appear, and sends what they play to the engine.

    Args:
        link: where events go.
        wanted: name of a port or part of it, ``virtual``, or None for every keyboard.
        notice: told of each port that comes or goes, in a sentence.
        jack: see ``open_api``.
    """

    def __init__(self, link: Link, wanted: str | None, notice: Notice, jack: bool = False) -> None:
        self.link, self.wanted, self.notice, self.jack = link, wanted, notice, jack
        self.connected: dict[str, int] = {}
        """Engine port of each open input, by stable name."""
        self._known: dict[str, int] = {}
        self._open: dict[str, Any] = {}
        self._scanner = open_api(rtmidi.MidiIn, jack)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def available(self) -> bool:
        """Whether the system has MIDI at all."""
        return self._scanner is not None

    def start(self) -> None:
        """Open what is there and go on looking."""
        if self._scanner is None:
            return
        if self.wanted == VIRTUAL:
            self._open_virtual()
        self.scan()
        self._thread = threading.Thread(target=self._watch, name="midi-ports", daemon=True)
        self._thread.start()

    def _open_virtual(self) -> None:
        port = open_api(rtmidi.MidiIn, self.jack)
        try:
            port.open_virtual_port("in")
        except (NotImplementedError, rtmidi.RtMidiError):
            self.notice(
                "this system has no virtual MIDI ports: install loopMIDI and choose its port with --midi-in"
            )
            return
        self._listen(port, f"{OWN_NAME} (virtual)")

    def scan(self) -> None:
        """Take in ports that have come, let go of ports that have gone."""
        names = self._scanner.get_ports()
        present = {stable_name(name): place for place, name in enumerate(names)}
        for name in [n for n in self._open if n not in present and not n.endswith("(virtual)")]:
            port = self._open.pop(name)
            self.link.command(Command.RELEASE_PORT, self.connected.pop(name))
            port.close_port()
            self.notice(f"{name} is gone; its notes and pedals were let go")
        for name, place in present.items():
            if name not in self._open and matches(name, self.wanted):
                port = open_api(rtmidi.MidiIn, self.jack)
                try:
                    port.open_port(place, "in")
                except (rtmidi.RtMidiError, RuntimeError) as error:
                    self.notice(f"{name} can't be opened: {error}")
                    continue
                self._listen(port, name)

    def _listen(self, port: Any, name: str) -> None:
        returned = name in self._known
        if not returned and FIRST_PORT + len(self._known) >= PORTS:
            self.notice(f"{name} is not used: at most {PORTS - FIRST_PORT} keyboards can be connected")
            return
        number = self._known.setdefault(name, FIRST_PORT + len(self._known))
        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(self._receiver(number))
        self._open[name], self.connected[name] = port, number
        self.notice(f"{name} is {'back' if returned else 'connected'}")

    def _receiver(self, number: int) -> Callable[[tuple[list[int], float], Any], None]:
        def receive(event: tuple[list[int], float], data: Any = None) -> None:
            # rtmidi's own time is a difference and wrong on some systems: stamp at once, by our clock.
            stamp = now_ns()
            message = event[0]
            if 1 <= len(message) <= 3:
                self.link.send(number, *[*message, 0, 0][:3], stamp=stamp)

        return receive

    def _watch(self) -> None:
        while not self._stop.wait(SCAN_SECONDS):
            self.scan()

    def close(self) -> None:
        """Close all ports."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=2)
        for port in [*self._open.values(), self._scanner]:
            if port is not None:
                port.cancel_callback()
                port.close_port()
                port.delete()
        self._open.clear()


class MidiOutputs:
    """The parts' events on virtual ports, for drivers that have no MIDI of their own.

    Args:
        names: one port name, for a channel each part, or one each part.
        jack: see ``open_api``.

    Raises:
        OSError: the system has no MIDI, or no virtual ports.
    """

    def __init__(self, names: list[str], jack: bool = False) -> None:
        self._ports = []
        for name in names:
            port = open_api(rtmidi.MidiOut, jack)
            if port is None:
                raise OSError("this system has no MIDI outputs: leave out --midi-out, or use --audio jack")
            try:
                port.open_virtual_port(name)
            except (NotImplementedError, rtmidi.RtMidiError):
                raise OSError(
                    "this system has no virtual MIDI outputs: install loopMIDI, or use --audio jack"
                ) from None
            self._ports.append(port)

    def send(self, part: int, message: list[int]) -> None:
        """Send a message of a part."""
        place = part if len(self._ports) > 1 else 0
        if place < len(self._ports):
            self._ports[place].send_message(message)

    def close(self) -> None:
        """Close the ports."""
        for port in self._ports:
            port.close_port()
            port.delete()
