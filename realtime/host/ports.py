"""The MIDI ports of a session: JACK's own where the sound is JACK's, and the system's by rtmidi."""

from realtime.drivers.base import Driver
from realtime.engine.codes import Command
from realtime.host.engine import Engine
from realtime.host.jack_ports import JackInputs
from realtime.host.midi_ports import PAGE_PORT, VIRTUAL, MidiInputs, MidiOutputs, Notice
from realtime.host.midi_sender import MidiSender

FILE, PAGE = "midi_in", "page"
"""Names of JACK's own input, or the file that is played; and of the page's keys and knobs."""


class SessionPorts:
    """Opens what a driver needs, watches it, and opens it anew on the driver that comes after.

    Args:
        engine: plays what comes in, and gives what goes out.
        wanted: name of an input or part of it, ``virtual``, None for every keyboard.
        notice: told of each port that comes or goes, in a sentence.
    """

    def __init__(self, engine: Engine, wanted: str | None, notice: Notice) -> None:
        self.engine, self.wanted, self.notice = engine, wanted, notice
        self.sender: MidiSender | None = None
        """Sends the parts' events where the driver does not; a listener of the engine's log."""
        self._outputs: MidiOutputs | None = None
        self._jack: JackInputs | None = None
        self._system: MidiInputs | None = None
        self._places: dict[str, int] = {}

    def open_outputs(self, names: list[str]) -> MidiSender:
        """Open ports for the parts' events, for a driver that has none.

        Raises:
            OSError: the system has no MIDI, or no virtual ports.
        """
        self._outputs = MidiOutputs(names, jack=True)
        self.sender = MidiSender(self._outputs, self.engine.state)
        return self.sender

    def open_inputs(self, driver: Driver) -> None:
        """Connect the keyboards that are there, and wait for others; the driver plays already."""
        from realtime.drivers.jack import JackDriver

        on_jack = isinstance(driver, JackDriver)
        if on_jack:
            self._jack = JackInputs(driver, self.engine.link, self.wanted, self.notice, self._places)
            self._jack.scan()
        if self._system is None and not (on_jack and self.wanted == VIRTUAL):
            self._system = MidiInputs(
                self.engine.link, self.wanted, self.notice, jack=not on_jack, elsewhere=self._jack_sources
            )
            self._system.start()
        if self.wanted not in (None, VIRTUAL) and not self.keyboards():
            self.notice(f"no MIDI port is called {self.wanted!r} yet: it will be connected when it appears")

    def _jack_sources(self) -> tuple[str, ...]:
        return self._jack.sources if self._jack else ()

    def keyboards(self) -> list[str]:
        """Return the names of the connected inputs."""
        return [name for ports in (self._jack, self._system) if ports for name in ports.connected]

    def device_ports(self) -> dict[str, int]:
        """Return the engine port of each device that can have knobs, by the name it is known by."""
        ports = {FILE: 0, PAGE: PAGE_PORT}
        for found in (self._jack, self._system):
            ports |= found.connected if found else {}
        return ports

    def release_lost(self) -> None:
        """Let go of what vanished connections held. Quick."""
        if self._jack:
            self._jack.release_lost()

    def scan(self) -> None:
        """Look after the ports; the threads of ``MidiInputs`` look after theirs."""
        if self._jack:
            self._jack.scan()
        if self._outputs and self._outputs.scan():
            self.engine.link.command(Command.ANNOUNCE)

    def driver_lost(self) -> None:
        """Forget the ports of a driver that has gone; those of the system stay."""
        self._jack = None

    def close_all(self) -> None:
        """Close everything."""
        self._jack = None
        if self._system:
            self._system.close()
            self._system = None
        if self.sender:
            self.sender.close()
            self.sender = self._outputs = None
