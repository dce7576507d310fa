"""What a control is: its name, its type, how it is read and written; and how values are checked."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from realtime.ensembles.schema import Key, Switch

if TYPE_CHECKING:
    from realtime.host.session import Session

MAX_NAME = 80

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_NAME,
        pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)",  # in Python, $ stands before a last newline as well
        description=f"a name of 1 to {MAX_NAME} characters",
    ),
]
Range = Annotated[
    list[Key],
    Meta(
        min_length=2,
        max_length=2,
        description="the lowest and the highest key, each from 0 to 127, the lowest first",
    ),
]
Clock = Annotated[
    Literal["tap", "clock", "jack"],
    Meta(description="tap (set here or tapped), clock (MIDI clock) or jack (JACK's transport)"),
]
Play = Annotated[Literal["continue", "trade", "accompany"], Meta(description="continue, trade or accompany")]
Path_ = Annotated[str, Meta(min_length=1, max_length=4096, description="the path of a SoundFont")]
Transport = Annotated[Literal["start", "continue", "stop"], Meta(description="start, continue or stop")]
Temperature = Annotated[float, Meta(ge=0.0, le=10.0, description="a number from 0 to 10")]
Window = Annotated[int, Meta(ge=0, le=100, description="a whole number from 0 to 100 (milliseconds)")]
Bars = Annotated[int, Meta(ge=1, le=64, description="a whole number from 1 to 64 (bars)")]
Beats = Annotated[float, Meta(ge=0.0, le=256.0, description="a number from 0 to 256 (beats)")]


class WrongValueError(ValueError):
    """A value that a control never takes; other errors tell that it can't be had here and now."""


class Control(Struct, frozen=True):
    """One thing that can be read, changed or called."""

    name: str
    """``{part}`` in it stands for the number of a part, counted from 1."""
    help: str
    type: Any = None
    """Of its value, or of what a call takes; None: a call that takes nothing."""
    read: Callable[["Session", int], Any] | None = None
    """Returns the value; takes the session and the part's place. Only state and counters are read."""
    write: Callable[["Session", int, Any], Any] | None = None
    """Changes it, or is the call; the value has been checked."""
    call: bool = False
    choices: Callable[["Session"], Sequence[str]] | None = None
    """Returns the names that may be set now."""
    saved: bool = False
    """Whether it belongs to a preset."""
    volatile: bool = False
    """Whether it changes by itself all the time: read when asked for, and never told of."""
    slow: bool = False
    """Whether reading or writing it may take long (files, devices)."""
    renews: bool = False
    """Whether other controls take other names afterwards."""
    loaded: bool = False
    """Whether something is loaded for it first: until that plays, the old value holds and is told."""
    spelled: bool = False
    """Whether values may follow one of the choices after a colon."""
    nearest: Callable[[Any], Any] | None = None
    """Returns the value that it can have for one that is set."""

    @property
    def each_part(self) -> bool:
        """Whether there is one for each part."""
        return "{part}" in self.name

    def named(self, place: int) -> str:
        """Return the name for the part at ``place``."""
        return self.name.replace("{part}", str(place + 1))


def check(name: str, control: Control, value: Any) -> Any:
    """Return ``value`` as the control's type; whole floats become integers, as some OSC clients send them.

    Raises:
        WrongValueError: the control does not take it; the message says what it takes.
    """
    if control.write is None:
        raise WrongValueError(f"{name} can be read only")
    if control.type is None:
        if value is not None:
            raise WrongValueError(f"{name} takes no value")
        return None
    try:
        given, value = value, _whole(value)
    except RecursionError:
        raise WrongValueError(f"{name} is nested too deeply; it must be {described(control.type)}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise _refusal(name, control, value)
    if control.type is Switch and value in (0, 1) and not isinstance(value, bool):
        value = bool(value)
    try:
        value = msgspec.convert(value, control.type)
    except msgspec.ValidationError:
        raise _refusal(name, control, given) from None
    if control.type is Range and value[0] > value[1]:
        raise _refusal(name, control, value)
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _refusal(name: str, control: Control, value: Any) -> WrongValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return WrongValueError(f"{name} is {shown}; it must be {described(control.type)}")


def described(kind: Any) -> str:
    """Return what a value of type ``kind`` may be, in words."""
    for meta in getattr(kind, "__metadata__", ()):
        if meta.description:
            return meta.description
    return getattr(kind, "__name__", str(kind))


def bounds(control: Control) -> tuple[float, float] | None:
    """Return the lowest and highest value of a number, for whoever shows or maps it; None: it is none."""
    for meta in getattr(control.type, "__metadata__", ()):
        if meta.ge is not None and meta.le is not None:
            return meta.ge, meta.le
    return None


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are other than before, by name; None for those that are gone."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return changed | {name: None for name in before if name not in after}


def options(control: Control) -> tuple[str, ...]:
    """Return the words that a control takes whatever is loaded: none where they are not fixed."""
    for inner in get_args(control.type)[:1]:
        if get_origin(inner) is Literal:
            return get_args(inner)
    return ()
