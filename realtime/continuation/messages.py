"""What host and worker tell each other; ticks are those of the clock, ``settings.BEAT`` to a quarter note."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from realtime.continuation.cast import Cast
from realtime.continuation.draft import Planned
from realtime.continuation.score import Told
from realtime.continuation.settings import Settings
from realtime.music.mmt.sampling import Sampling

if TYPE_CHECKING:
    from pathlib import Path

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Model:
    """Which graph is played, and on what; see ``realtime.continuation.decoder.Decoder``."""

    folder: Path
    variant: str
    threads: int = 2
    provider: str = "cpu"
    sampling: Sampling = Sampling()  # noqa: RUF009  # frozen
    """How notes are drawn from it, as was chosen for it."""


@dataclass(frozen=True)
class Setup:
    """The first message to a worker."""

    model: Model
    settings: Settings
    cast: Cast
    switched_off: tuple[int, ...]
    ruled: bool
    generation: int
    notes: tuple[Told, ...]
    shift: float


@dataclass(frozen=True)
class Key:
    """The player's note begins, or ends where the velocity is 0."""

    tick: float
    part: int
    key: int
    velocity: int


@dataclass(frozen=True)
class TurnBegins:
    """The model is to play; ``skipped`` notes of its speculation are played already."""

    generation: int
    tick: float
    bound: float | None
    length: int | None
    skipped: int = 0
    own: tuple[int, ...] = ()
    """Parts that are the player's until it ends, where it accompanies."""


@dataclass(frozen=True)
class TurnEnds:
    """The model is to play no more."""

    generation: int
    tick: float


@dataclass(frozen=True)
class Now:
    """The clock's tick, and how many of them there are in a second."""

    tick: float
    rate: float


@dataclass(frozen=True)
class ChangeSettings:
    """The player set something."""

    settings: Settings


@dataclass(frozen=True)
class ChangeCast:
    """Another ensemble plays, or parts of it were switched."""

    cast: Cast
    switched_off: tuple[int, ...]


@dataclass(frozen=True)
class Ready:
    """The model is loaded, and has read what was played before."""


@dataclass(frozen=True)
class Speculation:
    """How a turn begins that is begun before anything else is told; the first note is at tick 0."""

    told: int
    """Messages that were taken in until then, without ``Now``."""
    notes: list[Planned]


@dataclass(frozen=True)
class Notes:
    """Notes to be played, in order."""

    generation: int
    notes: list[Planned]


@dataclass(frozen=True)
class Report:
    """A sign of life."""

    told: int
    """Messages that were taken in until then, without ``Now``."""
    generation: int
    horizon: float
    """Tick up to which the plan is drawn."""
    notes_per_second: float
    first: int
    """Note of the score, counted from the first ever, from which on ``notes`` replace what was told."""
    notes: list[Told]
    shift: float


@dataclass(frozen=True)
class Alive:
    """A sign of life of one that waits, or loads its model."""


@dataclass(frozen=True)
class Notice:
    """What the player should know, in a sentence."""

    sentence: str


@dataclass(frozen=True)
class Failed:
    """The model can't be played; why, in a sentence."""

    reason: str


ToWorker = Setup | Key | TurnBegins | TurnEnds | Now | ChangeSettings | ChangeCast
ToHost = Ready | Speculation | Notes | Report | Alive | Notice | Failed


def packed(message: ToWorker | ToHost) -> bytes:
    """Return a message as it is sent."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def write(stream: BinaryIO, message: ToWorker | ToHost) -> None:
    """Write a message.

    Raises:
        OSError: the other side has gone.
    """
    stream.write(packed(message))
    stream.flush()


def read(stream: BinaryIO) -> ToWorker | ToHost | None:
    """Wait for a message; None: the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    return pickle.loads(data) if len(data) == length else None
