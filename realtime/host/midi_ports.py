"""Keyboards and DAWs as the system's MIDI (ALSA, CoreMIDI, WinMM) shows them, by python-rtmidi.

Ports are known by stable name and looked for twice a second: one that vanishes lets its notes and pedals
go, one that returns is taken back as the same engine port. No MIDI library tells of either.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from realtime.drivers.base import abandon
from realtime.engine.codes import PORTS, Command
from realtime.host.devices import stable_name
from realtime.host.link import Link
from realtime.host.midi_system import ERRORS, OWN_NAME, VIRTUAL_ERRORS, MidiSystem, silence
from realtime.host.system_clock import now_ns

SCAN_SECONDS = 0.5
IGNORED = ("midi through", "concertino", "rtmidi")
"""Parts of names that are never opened unasked: loops and ourselves."""
VIRTUAL = "virtual"
FIRST_PORT = PORTS // 2
"""Engine ports below this are JACK's own inputs."""
PAGE_PORT = PORTS - 1
"""The engine port of what is played on the page."""
NO_VIRTUAL = "this system has no virtual MIDI ports: install loopMIDI and choose its port with --midi-in"
NO_MIDI = "there is no MIDI system here: start a JACK server, or play a file with --midi-in file:PATH"

Notice = Callable[[str], None]


def matches(name: str, wanted: str | None) -> bool:
    """Return whether a port is one that the player asked for; without a wish, any that is no loop."""
    if wanted == VIRTUAL:
        return False
    if wanted:
        return wanted.lower() in name.lower()
    return not any(part in name.lower() for part in IGNORED)


def offered_by_jack(name: str, sources: Iterable[str]) -> bool:
    """Return whether a keyboard that ALSA calls ``CLIENT:PORT`` is among JACK's MIDI ``sources`` as well.

    PipeWire and a2jmidid offer every keyboard of ALSA to JACK: taken from both, each note would sound twice.
    """
    client = _letters(name.partition(":")[0])
    return any(client in _letters(source) for source in sources)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def unlike(name: str, taken: Iterable[str]) -> str:
    """Return ``name``, with a number if another port has it: of two equal keyboards each is its own."""
    others, count = set(taken), 1
    while (label := name if count == 1 else f"{name} ({count})") in others:
        count += 1
    return label


def split(data: list[int]) -> Iterator[list[int]]:
    """Yield the messages in ``data``: some programs put all of a chord into one JACK event."""
    start = 0
    for place in range(1, len(data) + 1):
        if place == len(data) or data[place] >= 0x80:
            yield data[start:place]
            start = place


class MidiInputs:
    """Opens the wanted inputs, now and when they appear, and sends what they play to the engine.

    Args:
        link: where events go.
        wanted: name of a port or part of it, ``virtual``, or None for every keyboard.
        notice: told of each port that comes or goes, in a sentence.
        jack: see ``MidiSystem``.
        elsewhere: names of the MIDI sources that already come another way.
    """

    def __init__(
        self,
        link: Link,
        wanted: str | None,
        notice: Notice,
        jack: bool = False,
        elsewhere: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.link, self.wanted, self.notice, self.elsewhere = link, wanted, notice, elsewhere
        self.connected: dict[str, int] = {}
        """Engine port of each open input, by stable name."""
        self._known: dict[str, int] = {}
        self._open: dict[str, tuple[str, Any]] = {}
        """Stable name and input, by the name that the system gives."""
        self._refused: set[str] = set()
        self._system = MidiSystem(jack)
        self._scanner: Any = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="midi-ports", daemon=True)

    @property
    def available(self) -> bool:
        """Whether the system has MIDI at all."""
        return self._system.found

    def start(self) -> None:
        """Open what is there and go on looking."""
        if not self.available and self.wanted is not None:
            self.notice(NO_MIDI)
        self.scan()
        self._thread.start()

    def scan(self) -> None:
        """Take in ports that have come, let go of ports that have gone."""
        if self._system.lost():
            abandon(self._scanner, *(port for _, port in self._open.values()))
            for full in list(self._open):
                self._let_go(full)
            self._scanner = None
            self.notice("the JACK server of the MIDI ports is gone: waiting for it")
        if not self._system.find():
            return
        try:
            scanner = self._scanner or self._begin()
            self._scan(scanner.get_ports())
        except ERRORS as error:
            self._refuse("the MIDI system", str(error))

    def _begin(self) -> Any:
        self._scanner = self._system.input()
        if self.wanted == VIRTUAL:
            port = self._system.input()
            try:
                port.open_virtual_port("in")
            except VIRTUAL_ERRORS:
                self._refuse(VIRTUAL, NO_VIRTUAL)
            else:
                self._listen(port, f"{OWN_NAME} (virtual)", f"{OWN_NAME} (virtual)")
        return self._scanner

    def _scan(self, names: list[str]) -> None:
        elsewhere = tuple(self.elsewhere())
        present: dict[str, int] = {}
        for place, name in enumerate(names):
            if matches(name, self.wanted) and not offered_by_jack(name, elsewhere):
                present[unlike(name, present)] = place
        for full in [n for n in self._open if n not in present and not n.endswith("(virtual)")]:
            silence(self._open[full][1])
            self._open[full][1].close_port()
            self.notice(f"{self._let_go(full)} is gone; its notes and pedals were let go")
        for full, place in present.items():
            if full in self._open or full in self._refused:
                continue
            label = unlike(stable_name(full), self.connected)
            if label not in self._known and FIRST_PORT + len(self._known) >= PAGE_PORT:
                self._refuse(
                    full, f"{label} is not used: at most {PAGE_PORT - FIRST_PORT} keyboards can be connected"
                )
                continue
            port = self._system.input()
            try:
                port.open_port(place, "in")
            except ERRORS as error:
                self._refuse(full, f"{label} can't be opened: {error}")
            else:
                self._listen(port, full, label)
        self._refused &= {*present, VIRTUAL}

    def _refuse(self, what: str, why: str) -> None:
        """Say once what can't be used."""
        if what not in self._refused:
            self._refused.add(what)
            self.notice(why)

    def _let_go(self, full: str) -> str:
        label, _ = self._open.pop(full)
        self.link.command(Command.RELEASE_PORT, self.connected.pop(label))
        return label

    def _listen(self, port: Any, full: str, label: str) -> None:
        returned = label in self._known
        number = self._known.setdefault(label, FIRST_PORT + len(self._known))
        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(self._receiver(number))
        self._open[full], self.connected[label] = (label, port), number
        self.notice(f"{label} is {'back' if returned else 'connected'}")

    def _receiver(self, number: int) -> Callable[[tuple[list[int], float], Any], None]:
        def receive(event: tuple[list[int], float], data: Any = None) -> None:
            # rtmidi's own time is a difference and wrong on some systems: stamp at once, by our clock.
            stamp = now_ns()
            for message in split(event[0]):
                if len(message) <= 3 and message[0] >= 0x80:
                    self.link.send(number, *[*message, 0, 0][:3], stamp=stamp)

        return receive

    def _watch(self) -> None:
        while not self._stop.wait(SCAN_SECONDS):
            self.scan()

    def close(self) -> None:
        """Close all ports."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2)
        ports = [port for _, port in self._open.values()]
        self._system.close([*ports, self._scanner] if self._scanner else ports)
        self._open.clear()


class MidiOutputs:
    """The parts' events on virtual ports, for drivers that have no MIDI of their own.

    Args:
        names: one port name, for a channel each part, or one each part.
        jack: see ``MidiSystem``.

    Raises:
        OSError: the system has no MIDI, or no virtual ports.
    """

    def __init__(self, names: list[str], jack: bool = False) -> None:
        self._names = names
        self._ports: list[Any] = []
        self._system = MidiSystem(jack)
        if not self._system.found:
            raise OSError("this system has no MIDI outputs: leave out --midi-out, or use --audio jack")
        self._open()

    def _open(self) -> None:
        ports: list[Any] = []
        try:
            for name in self._names:
                ports.append(self._system.output())
                ports[-1].open_virtual_port(name)
        except VIRTUAL_ERRORS:
            self._system.close(ports)
            raise OSError(
                "this system has no virtual MIDI outputs: install loopMIDI, or use --audio jack"
            ) from None
        self._ports = ports

    def scan(self) -> bool:
        """Look after the ports; return whether they were made anew, and their listeners know nothing yet."""
        if self._system.lost():
            abandon(*self._ports)
            self._ports = []
        if self._ports or not self._system.find():
            return False
        self._open()
        return True

    def send_all(self, message: list[int]) -> None:
        """Send a message of the clock on every port."""
        for port in self._ports:
            port.send_message(message)

    def send(self, part: int, message: list[int]) -> None:
        """Send a message of a part."""
        ports = self._ports
        place = part if len(self._names) > 1 else 0
        if place < len(ports):
            ports[place].send_message(message)

    def close(self) -> None:
        """Close the ports."""
        self._system.close(self._ports)
        self._ports = []
