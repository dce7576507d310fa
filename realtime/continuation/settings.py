"""What a player can set of the continuation, and what is told of it while it plays."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

from realtime.music.mmt.sampling import Sampling

BEAT = 12
"""Ticks of a quarter note, here and in the model."""
SETTLED = 3
"""Ticks from now on in which a plan stands, whatever is played meanwhile: a sixteenth."""
CONTROLLERS = range(120)
"""Controllers that can be a trigger; those above are messages of the channel."""


class Mode(StrEnum):
    """Who plays when."""

    CONTINUE = "continue"
    """The ensemble goes on alone when it is told to, until the player plays."""
    TRADE = "trade"
    """The player plays some bars, the ensemble answers with as many."""
    ACCOMPANY = "accompany"
    """The model plays the parts that the player does not, while the player plays."""


@dataclass(frozen=True)
class Limits:
    """The least and the greatest value of a setting."""

    least: float
    most: float
    unit: str


LIMITS: dict[str, Limits] = {
    "temperature": Limits(0.0, 10.0, "times the model's own; 0 takes what is likeliest"),
    "threshold": Limits(0.0, 1.0, "share of the codes that is never drawn; None: the model's own"),
    "bars": Limits(1, 64, "bars of a call and of its answer"),
    "bar": Limits(1, 16, "quarter notes in a bar"),
    "silence_beats": Limits(0, 64, "beats of silence after which it goes on; 0: never"),
    "controller": Limits(-1, CONTROLLERS[-1], "controller that starts and ends it; -1: none"),
    "seed": Limits(0, 2**31 - 1, "another one gives other music"),
}
WHOLE = ("bars", "bar", "controller", "seed")
OPTIONAL = ("threshold",)
"""Settings that may be None."""


@dataclass(frozen=True)
class Settings:
    """How the ensemble goes on.

    Raises:
        ValueError: a value is out of its ``LIMITS``, or the mode is none.
    """

    mode: Mode = Mode.CONTINUE
    temperature: float = 1.0
    """Times the one that was chosen for the model, field by field: below 1 it dares less, above 1 more."""
    threshold: float | None = None
    """In place of those that were chosen for the model; None: those."""
    bars: int = 4
    bar: int = 4
    silence_beats: float = 0.0
    controller: int = 67
    """The left pedal: struck, it does nothing else; held, it softens the notes played meanwhile."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, limits in LIMITS.items():
            if name in OPTIONAL and getattr(self, name) is None:
                continue
            value = getattr(self, name)
            right = isinstance(value, int if name in WHOLE else int | float) and not isinstance(value, bool)
            if not right or not limits.least <= value <= limits.most:
                kind = "a whole number" if name in WHOLE else "a number"
                raise ValueError(
                    f"continuation: {name} is {value!r}; it must be {kind} from {limits.least:g} to "
                    f"{limits.most:g} ({limits.unit})"
                )
        object.__setattr__(self, "mode", mode_named(self.mode))

    def changed(self, **values: Any) -> Self:
        """Return these settings with others in their place.

        Raises:
            ValueError: there is no such setting, or a value is wrong.
        """
        known = [field.name for field in fields(self)]
        for name in values:
            if name not in known:
                raise ValueError(f"continuation: there is no setting {name!r}; there are {', '.join(known)}")
        return replace(self, **values)

    def sampling(self, own: Sampling) -> Sampling:
        """Return how notes are drawn from a model for which ``own`` was chosen."""
        temperatures = tuple(self.temperature * temperature for temperature in own.temperatures)
        threshold = own.threshold if self.threshold is None else self.threshold
        return Sampling(temperatures, threshold, announced=True, strict=True, ends=False)


def mode_named(name: str) -> Mode:
    """Return the mode of this name.

    Raises:
        ValueError: there is none.
    """
    try:
        return Mode(name)
    except ValueError:
        raise ValueError(f"continuation: mode {name!r}: choose {', '.join(Mode)}") from None


@dataclass(frozen=True)
class Status:
    """How the continuation is doing; times in ms, shares from 0 to 1."""

    state: str
    """``starting``, ``listening``, ``playing`` or ``off``."""
    mode: str
    model: str
    isr: float
    """Share of the sixteenths played for which the plan was ready."""
    staleness_ticks: float
    """Sixteenths by which the plan fell behind what was due, on average; 0 where it was ready."""
    lead_ms: float
    """How far the plan is ahead."""
    notes_per_second: float
    """At which the model draws notes."""
    first_note_ms: float
    """From the last trigger to the first frame of its first note."""
    first_note_p50_ms: float
    first_note_p99_ms: float
    triggers: int
    notes: int
    """Begun by the model."""
    late: int
    """Left out because their time had passed."""
    restarts: int
    """Times that the model's process had to be started again."""
    restart_ms: float
    """From the last word of a process that was lost to the first of the one in its place, the last time."""
