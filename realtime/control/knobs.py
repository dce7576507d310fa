"""What a knob says, and where the control that it is mapped to goes by it."""

import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from realtime.engine.codes import KEYS
from realtime.ensembles.schema import Seven, Switch

CLOSE = 2 / 127
"""Share of a control's range within which a knob has reached it."""
HALF = 64
FINE = 32
"""A 14-bit controller's fine half has its number and this; only controllers below it have one (MIDI 1.0)."""
SIGNED = {
    "relative": lambda value: value if value < HALF else value - KEYS,
    "offset": lambda value: value - HALF,
}
"""Steps of an endless knob by what it sends: two's complement, and the distance from the middle."""

Place = tuple[int, int, str, int]
"""Of a knob: engine port, MIDI channel from 0, ``controller`` or ``key``, number."""


class Mapping(Struct, frozen=True):
    """One knob and the control that it moves."""

    name: str
    """Of the control."""
    device: str
    """Stable name of the keyboard."""
    channel: Annotated[int, Meta(ge=1, le=16)]
    kind: Literal["controller", "key"] = "controller"
    number: Seven = 0
    mode: Literal["absolute", "14bit", "relative", "offset"] = "absolute"
    """``14bit``: the fine half comes as ``number`` + 32. Endless knobs: ``relative``: 1 to 63 up, 127 to 65
    down; ``offset``: 65 to 127 up, 63 to 0 down."""
    pickup: Switch = True
    passes: Switch = False
    """Whether it acts as without the mapping besides."""

    def __post_init__(self) -> None:
        if self.mode != "absolute" and self.kind == "key":
            raise ValueError(f"a key is absolute; its mode is {self.mode!r}")
        if self.mode == "14bit" and self.number >= FINE:
            raise ValueError(f"controller {self.number} has no fine half: those below {FINE} have one")

    @property
    def knob(self) -> str:
        """What it is called on the page."""
        return f"{'CC' if self.kind == 'controller' else 'key'} {self.number}"

    @property
    def endless(self) -> bool:
        """Whether it says how far it was turned, and not where it stands."""
        return self.mode in SIGNED

    def steps(self, value: int) -> int:
        """Return how far an endless knob was turned; down is negative."""
        return SIGNED[self.mode](value)

    def is_fine(self, number: int) -> bool:
        """Return whether this is the number of its fine half."""
        return self.mode == "14bit" and number != self.number

    def is_pressed(self, value: int) -> bool:
        """Return whether it says yes: a key that is down, a knob in its upper half or turned up."""
        if self.kind == "key":
            return value > 0
        return self.steps(value) > 0 if self.endless else value >= HALF


def mappings_of(rows: list[dict[str, Any]]) -> list[Mapping]:
    """Return the mappings that clients tell.

    Raises:
        ValueError: one of them is wrong.
    """
    plain = [{key: value for key, value in row.items() if key != "knob"} for row in rows]
    try:
        return msgspec.convert(plain, list[Mapping])
    except msgspec.ValidationError as error:
        raise ValueError(f"mappings: {error}") from None


def readable(rows: Any) -> tuple[list[Mapping], list[str]]:
    """Return the mappings that a file holds, and what is wrong with each of those that are left out."""
    if not isinstance(rows, list):
        return [], ["mappings are tables, each headed [[mappings]]"]
    found, wrong = [], []
    for place, row in enumerate(rows, 1):
        try:
            found.append(msgspec.convert(row, Mapping))
        except msgspec.ValidationError as error:
            called = f" ({row['name']})" if isinstance(row, dict) and "name" in row else ""
            wrong.append(f"mapping {place}{called}: {error}")
    return found, wrong


def rows_of(mappings: list[Mapping]) -> list[dict[str, Any]]:
    """Return mappings as clients are told them: in full, and what the knob is called."""
    return [msgspec.to_builtins(mapping) | {"knob": mapping.knob} for mapping in mappings]


def turned(standing: float, steps: int, size: float, whole: bool) -> float:
    """Return where a control goes that an endless knob moves.

    Args:
        standing: where it is, from 0 to ``size``.
        steps: of the knob; 127 of them are all of the range, so that it feels like one that has an end.
        size: of its range.
        whole: whether it goes by whole steps: then one of the knob is one at least.
    """
    step = size / 127
    if whole:
        step = max(step, 1.0)
    moved = steps * step
    if whole:  # round away from where it is, or a slow turn would move nothing
        moved = math.copysign(math.floor(abs(moved) + 0.5), moved)
    return min(max(standing + moved, 0.0), size)


class Positions:
    """Where the knobs with an end stand, and whether each has hold of its control."""

    def __init__(self) -> None:
        self._last: dict[Place, float] = {}
        """Where each stood last, as a share of its range."""
        self._coarse: dict[Place, int] = {}

    def forget(self) -> None:
        """Know nothing of any: they may have been moved unseen."""
        self._last.clear()

    def share(self, place: Place, mapping: Mapping, value: int, standing: float) -> float | None:
        """Return where in its range the control goes; None while the knob has not reached it.

        Args:
            place: of the half that moved.
            mapping: of the knob.
            value: that came.
            standing: where the control is, as a share of its range.
        """
        knob = (*place[:3], mapping.number)
        share = value / 127
        if mapping.is_fine(place[3]):
            share = (self._coarse.get(knob, 0) * KEYS + value) / 16383
        elif mapping.mode == "14bit":
            self._coarse[knob] = value
            share = value * KEYS / 16383  # MIDI: a coarse half begins with a fine one of 0
        before, self._last[knob] = self._last.get(knob), share
        if not mapping.pickup or abs(share - standing) <= CLOSE:
            return share
        if before is None:
            return None
        followed = abs(before - standing) <= CLOSE
        crossed = min(before, share) <= standing <= max(before, share)
        return share if followed or crossed else None
