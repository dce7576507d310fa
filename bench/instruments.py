"""What the probe plays on: our host, and FluidSynth's own player as the floor."""

import fnmatch
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from bench.child import Child, ChildError
from bench.performance import CONTROL_CHANGE, PROGRAM_CHANGE

PLAYER = "bench-fluidsynth"
GAIN = 0.4  # as the host's
START_SECONDS = 10.0
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

    def __enter__(self) -> "HostInstrument":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.close()


class FluidSynthPlayer:
    """``fluidsynth -a jack -m jack`` with the same SoundFont, rate, gain and sound.

    Raises:
        OSError: it is not installed, or does not start.
    """

    def __init__(self, environment: Mapping[str, str], soundfont: Path, rate: float, program: int) -> None:
        if shutil.which("fluidsynth") is None:
            raise OSError("FluidSynth's own player is not installed: apt-get install fluidsynth")
        settings = {
            "audio.jack.id": PLAYER,
            "midi.jack.id": PLAYER,
            "audio.jack.autoconnect": 0,
            "midi.autoconnect": 0,
        }
        self.ports = {"keys": f"{PLAYER}:midi_00", "left": f"{PLAYER}:left", "right": f"{PLAYER}:right"}
        self.preamble = [
            (PROGRAM_CHANGE, program, 0),
            *((CONTROL_CHANGE, number, value) for number, value in ((7, 127), (10, 127), (91, 0), (93, 0))),
        ]
        # Its shell reads from a pipe that stays open: the player lives as long as this process does.
        self.process = subprocess.Popen(
            [
                *("fluidsynth", "-q", "-a", "jack", "-m", "jack", "-r", f"{rate:.0f}", "-g", str(GAIN)),
                *(word for name, value in settings.items() for word in ("-o", f"{name}={value}")),
                str(soundfont),
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self, probe: Child) -> None:
        """Wait until its ports are there and its SoundFont is loaded.

        Raises:
            ChildError: it has ended, or takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while not set(self.ports.values()) <= set(probe.ask("ports")["ports"]):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ChildError("fluidsynth does not start on JACK: try 'fluidsynth -a jack -m jack'")
            time.sleep(0.05)

    def __enter__(self) -> "FluidSynthPlayer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
