"""A host in a process of its own, and real clients around it: keyboards and listeners on a JACK server."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jack
import pytest

from bench.jack_server import JackServer
from bench.midi_client import MidiClient

ROOT = Path(__file__).parents[1]
SOUNDFONT = Path(find_spec("pretty_midi").origin).with_name("TimGM6mb.sf2")
COMMAND = [sys.executable, "-X", "faulthandler", "-m", "realtime.cli.main"]
PATIENCE = 90.0  # the machine may be busy, and the first host of a new version compiles its core

needs_jackd = pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed (apt: jackd2)")


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip where one of Debian's programs is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def wait_until(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return what ``holds`` returns as soon as that is true; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"still not so after {seconds} s: {holds}"
        time.sleep(0.02)
    return found


@contextmanager
def jack_server(monkeypatch: pytest.MonkeyPatch, period: int = 1024, **options: Any) -> Iterator[JackServer]:
    """Start a private server that clients of this process and its children find.

    The period is long: where a busy machine misses one, JACK drops what its clients play and hear.
    """
    with JackServer(period=period, **options) as server:
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        monkeypatch.setenv("JACK_NO_START_SERVER", "1")
        yield server


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which the host plays the small SoundFont that every install has."""
    return {**os.environ, "CONCERTINO_SOUNDFONT": str(SOUNDFONT), "PYTHONUNBUFFERED": "1", **more}


class Host:
    """``concertino play`` with ``options``, started and playing; ``with`` ends it."""

    def __init__(self, folder: Path, *options: str, ready: str = "; Ctrl-C ends", **more: str) -> None:
        if "--control" not in options:  # a process more for each host
            options = (*options, "--control", "off")
        self.lines: list[str] = []
        self._summary = folder / "summary.json"
        self.process = subprocess.Popen(
            [*COMMAND, "play", "--plain", "--json", str(self._summary), *options],
            cwd=ROOT,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.wait_for(ready)
        except BaseException:
            self.process.kill()
            raise

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str, times: int = 1, seconds: float = PATIENCE) -> None:
        """Wait until the host has said ``text``."""
        deadline = time.monotonic() + seconds
        while self.said.count(text) < times:
            assert self.process.poll() is None or text in self.said, f"ended:\n{self.said}"
            assert time.monotonic() < deadline, f"{text!r} was not said:\n{self.said}"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> dict[str, Any]:
        """End the host, as Ctrl-C does; return its summary."""
        self.process.send_signal(how)
        return self.summary()

    def summary(self) -> dict[str, Any]:
        """Wait for the end; return the summary."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # the fault handler tells where it hangs
            self.process.wait()
        self._reader.join()
        assert self.process.returncode == 0, self.said
        assert "Traceback" not in self.said, self.said
        return json.loads(self._summary.read_text())

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()


class Keyboard(MidiClient):
    """A client with one MIDI output, as a keyboard's driver makes it."""

    def __init__(self, name: str, target: str | None = None, physical: bool = False) -> None:
        super().__init__(name, "out", physical=physical)
        if target:
            wait_until(lambda: self._connect(target))

    def _connect(self, target: str) -> bool:
        try:
            self.connect(self.port.name, target)
        except jack.JackError:
            return False
        return True

    def play(self, *messages: tuple[int, ...]) -> None:
        """Send messages in one period, and wait until they are gone."""
        self.send(messages)


class Listener(MidiClient):
    """A client that keeps the MIDI of some ports."""

    def __init__(self, *ports: str, name: str = "listener") -> None:
        super().__init__(name, inputs=[f"in_{place}" for place in range(len(ports))])
        self._heard: dict[str, list[tuple[int, bytes]]] = {port: [] for port in ports}
        for port, own in zip(ports, self.inputs, strict=True):
            self.connect(port, own.name)

    @property
    def heard(self) -> dict[str, list[tuple[int, bytes]]]:
        """All that was heard so far: of each port the server's frames and the messages."""
        ports = list(self._heard)
        for place, frame, data in self.take():
            self._heard[ports[place]].append((frame, data))
        return self._heard

    def notes(self, port: str) -> list[int]:
        """Return the pitches of all note-ons of a port, in order."""
        return [data[1] for _, data in self.heard[port] if data[0] & 0xF0 == 0x90 and data[2]]

    def all_notes(self) -> list[int]:
        """Return the pitches of all note-ons of all ports, sorted."""
        return sorted(note for port in self.heard for note in self.notes(port))

    def held(self) -> set[tuple[str, int]]:
        """Return what still sounds: port and pitch."""
        sounding: set[tuple[str, int]] = set()
        for port, events in self.heard.items():
            for _, data in events:
                kind = data[0] & 0xF0
                if kind == 0x90 and data[2]:
                    sounding.add((port, data[1]))
                elif kind in (0x80, 0x90):
                    sounding.discard((port, data[1]))
        return sounding
