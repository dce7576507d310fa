"""Choosing a driver: what the player asked for, else the best that this machine has."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.drivers.base import Driver, DriverError
from realtime.host.devices import quiet
from realtime.host.placement import allowed_processors

if TYPE_CHECKING:
    from realtime.host.options import Options

FILE = "file:"
AUDIO = ("jack", "portaudio", "null", FILE + "PATH")
PACED_PERIOD = 256
PACED_PRIORITY = 60
WORKER_BELOW = 1
"""The separator's thread stands this far below the audio thread: a heavy one must not hold sound back.

On a machine of one processor it stands as far above: there it can answer only in place of who waits for it.
"""


@dataclass
class Opened:
    """A device or server that answered, before the engine for its rate is made."""

    kind: str
    rate: float
    make: Callable[[np.void], Driver]
    sound_file: Path | None = None
    client: Any = None
    on_jack: bool = False
    """Whether PortAudio plays to a JACK server: it can't come back from the end of that."""
    say: Callable[[], None] = lambda: None
    """Called when it plays, to tell the player what only then is true."""

    @property
    def again(self) -> str:
        """What to ask for to get the same again, after it went away."""
        return "jack" if self.on_jack else self.kind

    def abandon(self) -> None:
        """Give the device back without having played."""
        if self.client is not None:
            self.client.close(ignore_errors=True)

    def connect(self, driver: Driver) -> None:
        """Connect the sound of a driver that has started to where it is heard."""
        connect = getattr(driver, "connect_playback", None)
        if connect:
            connect()
        self.say()

    def worker_priority(self, driver: Driver) -> int:
        """Return the SCHED_FIFO priority for the separator's thread."""
        audio = getattr(driver, "priority", PACED_PRIORITY)
        if audio <= 0:
            return 0
        return audio - WORKER_BELOW if len(allowed_processors()) > 1 else audio + WORKER_BELOW


def open_jack(options: "Options", outputs: list[str]) -> Opened:
    """Open a client of the running JACK server.

    Raises:
        DriverError: there is no server, or no libjack.
    """
    try:
        import jack

        from realtime.drivers.jack import JackDriver, open_client
    except OSError as error:
        raise DriverError(f"libjack can't be loaded ({error}): install JACK or PipeWire's") from None
    client = open_client()

    def make(state: np.void) -> Driver:
        try:
            return JackDriver(state, client, outputs)
        except jack.JackError as error:
            raise DriverError(f"the JACK server takes no ports of this client: {error}") from None

    return Opened("jack", float(client.samplerate), make, client=client)


def open_portaudio(options: "Options", device: str | None) -> Opened:
    """Find an output of PortAudio.

    Raises:
        DriverError: there is none, or no PortAudio.
    """
    try:
        with quiet():
            from realtime.drivers.portaudio import PortAudioDriver, find_device, is_jack, rescan
    except OSError as error:
        raise DriverError(f"PortAudio can't be loaded ({error}): install libportaudio2") from None
    with quiet():
        rescan()
    _, found = find_device(device)

    def make(state: np.void) -> Driver:
        return PortAudioDriver(state, options.period, device)

    kind = f"portaudio:{device}" if device else "portaudio"
    return Opened(kind, float(options.rate), make, on_jack=is_jack(found))


def open_paced(options: "Options", sound_file: Path | None) -> Opened:
    """Return the driver without a device."""
    from realtime.drivers.paced import PacedDriver

    def make(state: np.void) -> Driver:
        return PacedDriver(state, max(options.period, PACED_PERIOD), PACED_PRIORITY)

    return Opened("null", float(options.rate), make, sound_file)


def open_driver(options: "Options", outputs: list[str], notice: Callable[[str], None]) -> Opened:
    """Open what ``options.audio`` names, or the best there is: JACK, PortAudio, a file.

    Raises:
        DriverError: what was asked for can't be opened.
        ValueError: it was asked for wrongly.
    """
    audio = options.audio
    if audio is None:
        return _open_best(options, outputs, notice)
    kind, _, device = audio.partition(":")
    if kind == "jack" and not device:
        return open_jack(options, outputs)
    if kind == "portaudio":
        return open_portaudio(options, device or None)
    if audio == "null":
        return open_paced(options, None)
    if kind == "file" and device:
        path = Path(device).expanduser()
        if not path.parent.is_dir():
            raise ValueError(f"--audio {audio}: there is no folder {path.parent}")
        return open_paced(options, path)
    raise ValueError(f"--audio {audio!r}: choose {', '.join(AUDIO)}")


def _open_best(options: "Options", outputs: list[str], notice: Callable[[str], None]) -> Opened:
    reasons = []
    for opener in (lambda: open_jack(options, outputs), lambda: open_portaudio(options, None)):
        try:
            return opener()
        except DriverError as error:
            reasons.append(str(error))
    path = Path.cwd() / time.strftime("concertino-%Y%m%d-%H%M%S.wav")
    said = f"no audio device was found: playing in real time into {path.name}"
    return replace(open_paced(options, path), say=lambda: notice(said))
