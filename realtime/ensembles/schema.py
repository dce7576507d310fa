"""What an ensemble file may hold: one declaration from which checking, defaults and messages derive."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_PARTS = 16
"""As many as a MIDI port has channels."""

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="up to 64 lower-case letters, digits and hyphens, such as bach-chorale",
    ),
]
Title = Annotated[str, Meta(min_length=1, max_length=80, description="a text of 1 to 80 characters")]
Separator = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}(:[A-Ga-g0-9#b,-]{1,64})?$",
        description="the name of a separator, such as bach-chorale, zone, closest, split:60 or channel",
    ),
]
Tempo = Annotated[float, Meta(ge=10.0, le=480.0, description="a number from 10 to 480 (beats per minute)")]
Seconds = Annotated[float, Meta(ge=0.0, le=3600.0, description="a number from 0 to 3600 (seconds)")]
Seven = Annotated[int, Meta(ge=0, le=127, description="a whole number from 0 to 127")]
Key = Annotated[int, Meta(ge=0, le=127, description='a key from 0 to 127, or a note name such as "C4" (60)')]
Bank = Annotated[int, Meta(ge=0, le=16383, description="a whole number from 0 to 16383")]
Channel = Annotated[int, Meta(ge=1, le=16, description="a whole number from 1 to 16")]
Transposition = Annotated[int, Meta(ge=-48, le=48, description="a whole number from -48 to 48 (semitones)")]
Switch = Annotated[bool, Meta(description="true or false")]
Voices = Annotated[Literal["poly", "mono"], Meta(description='"poly" or "mono"')]
Turns = Annotated[
    Literal["continue", "trade", "accompany"], Meta(description='"continue", "trade" or "accompany"')
]
Temperature = Annotated[float, Meta(ge=0.0, le=10.0, description="a number from 0 to 10")]
Threshold = Annotated[float, Meta(ge=0.0, le=1.0, description="a number from 0 to 1")]
Bars = Annotated[int, Meta(ge=1, le=64, description="a whole number from 1 to 64 (bars)")]
QuarterNotes = Annotated[int, Meta(ge=1, le=16, description="a whole number from 1 to 16 (quarter notes)")]
Beats = Annotated[float, Meta(ge=0.0, le=64.0, description="a number from 0 to 64 (beats)")]
Controller = Annotated[int, Meta(ge=-1, le=119, description="a controller from 0 to 119, or -1 for none")]
Parameters = Annotated[
    dict[str, Annotated[tuple[float, ...], Meta(min_length=1, max_length=4096)]],
    Meta(description="a list of numbers for each name, such as lower = [69, 63, 57, 0]"),
]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One part: which notes it can take, and how they sound."""

    name: Title
    channel: Channel
    """MIDI channel that it is sent on; where the file is silent, its position counted from 1."""
    label: Annotated[str, Meta(max_length=80, description="a text of at most 80 characters")] = ""
    """Its name among the separator's parts; empty: the separator's part of the same position."""
    program: Seven = 0
    bank: Bank = 0
    volume: Seven = 100
    pan: Seven = 64
    reverb: Seven = 40
    chorus: Seven = 0
    lowest: Key = 0
    """Lowest key that may be given to this part, before transposition."""
    highest: Key = 127
    voices: Voices = "poly"
    """``mono``: a new note ends the one before."""
    transpose: Transposition = 0
    plays: Switch = True
    """Whether it may be given notes; a switch that can be turned while playing."""


class GoingOn(Struct, frozen=True, forbid_unknown_fields=True):
    """How a model goes on from what is played on an ensemble; None: as ``concertino play --help`` says."""

    mode: Turns | None = None
    temperature: Temperature | None = None
    threshold: Threshold | None = None
    bars: Bars | None = None
    """Of a call and of its answer."""
    bar: QuarterNotes | None = None
    silence_beats: Beats | None = None
    """After which the model begins; 0: never."""
    controller: Controller | None = None
    """That begins and ends the model's turn; -1: none."""


class Ensemble(Struct, frozen=True, forbid_unknown_fields=True):
    """The parts that one keyboard plays together, and who tells its notes apart."""

    name: Name
    title: Title
    separator: Separator
    parts: Annotated[
        tuple[Part, ...],
        Meta(min_length=1, max_length=MAX_PARTS, description=f"1 to {MAX_PARTS} tables [[parts]]"),
    ]
    program: Seven | None = None
    """Program change of the keyboard that selects this ensemble; None: only its name does."""
    tempo: Tempo = 90.0
    """Beats per minute until a clock says otherwise."""
    restart_after: Seconds = 8.0
    """Silence after which the separator starts afresh, in seconds; 0: never."""
    parameters: Parameters = {}
    """Values for the separator's parameters."""
    offline: Separator | None = None
    """Who separates whole pieces, for ``render --mode offline``; None: the separator."""
    continuation: Annotated[GoingOn, Meta(description="a table [continuation]")] | None = None
    """How a model goes on from what is played."""


def allowed(struct: type[Struct], field: str) -> str:
    """Return what the ``field`` of ``struct`` may hold, in words."""
    annotation = struct.__annotations__[field]
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        for meta in getattr(candidate, "__metadata__", ()):
            if meta.description:
                return meta.description
    raise LookupError(f"{struct.__name__}.{field} has no description")
