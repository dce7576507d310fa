"""What the probe plays on."""

import fnmatch
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol

from bench.child import Child, ChildError

PORTAUDIO_PORTS = {"keys": "concertino*:in", "left": "PortAudio*:out_0", "right": "PortAudio*:out_1"}


class Instrument(Protocol):
    """A JACK client that turns notes into sound."""

    ports: dict[str, str]
    """Names of its ports: ``keys``, ``left``, ``right``."""
    preamble: list[tuple[int, int, int]]
    """Messages that choose its sound."""

    def wait(self, probe: Child) -> None:
        """Wait until its ports are known and there."""
        ...


class HostInstrument:
    """The host under test, in a process of its own.

    Args:
        environment: in which it finds its server and the benchmark's ensembles.
        arguments: of ``bench.host``.

    Raises:
        ChildError: it does not start; the message says why.
    """

    def __init__(self, environment: Mapping[str, str], arguments: Sequence[str]) -> None:
        self.child = Child("bench.host", arguments, environment)
        self.hello = self.child.hello
        self.ports: dict[str, str] = self.hello["ports"]
        self.preamble: list[tuple[int, int, int]] = []
        self.start_seconds = self.child.start_seconds

    def wait(self, probe: Child) -> None:
        """Find the ports that PortAudio and rtmidi have made, where JACK does not name them ours.

        Raises:
            ChildError: they are not there.
        """
        if self.ports:
            return
        names = probe.ask("ports")["ports"]
        for port, pattern in PORTAUDIO_PORTS.items():
            found = fnmatch.filter(names, pattern)
            if not found:
                raise ChildError(
                    f"PortAudio made no JACK port {pattern}: measure with --driver jack or jack-dummy"
                )
            self.ports[port] = found[-1]

    def report(self) -> dict[str, Any]:
        """Return what the host timed since the last report."""
        return self.child.ask("report")

    def continuation(self, mode: str | None = None, trigger: bool = False) -> dict[str, Any]:
        """Set the mode of the host's continuation, begin its turn; return how it is doing."""
        return self.child.ask("continuation", None, mode=mode, trigger=trigger)

    def __enter__(self) -> "HostInstrument":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.close()
