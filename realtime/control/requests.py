"""What WebSocket clients may say, and how they are answered: JSON texts, each with its type."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from realtime.ensembles.schema import Seven

Id = Annotated[str, Meta(max_length=64)] | int | float | None
Name = Annotated[str, Meta(max_length=120)]
Velocity = Annotated[int, Meta(ge=1, le=127, description="a whole number from 1 to 127")]


class Request(Struct, tag_field="type", tag=str.lower):
    """What a client says."""


class Set(Request):
    """Change a control."""

    name: Name
    value: Any = None
    id: Id = None


class Call(Set):
    """Call a control."""


class Get(Request):
    """Read a control."""

    name: Name
    id: Id = None


class NoteOn(Request, tag="note_on"):
    """A key goes down."""

    pitch: Seven
    velocity: Velocity = 100


class NoteOff(Request, tag="note_off"):
    """A key comes up."""

    pitch: Seven


class Midi(Request):
    """A MIDI channel message."""

    data: Annotated[list[Annotated[int, Meta(ge=0, le=255)]], Meta(min_length=1, max_length=3)]


class Audio(Request):
    """Hear the sound, or no more of it."""

    format: Literal["int16", "float32"] | None = None


class Ping(Request):
    """Measure the way."""

    time: float


decode = msgspec.json.Decoder(Set | Call | Get | NoteOn | NoteOff | Midi | Audio | Ping).decode


def text_of(kind: str, **content: Any) -> str:
    """Return a message to a client."""
    return msgspec.json.encode({"type": kind, **content}).decode()
