"""The manifest of a plugin, schema 1: one declaration from which parsing, checking and JSON Schema derive."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from realtime.contract.kinds import KINDS, ROLES, SOURCES

SCHEMA = 1

# Python's $ also matches before a last newline: the lookahead refuses it, in JSON Schema's dialect too.
NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,63}$(?!\n)"
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Dim = Count | Literal["parts", "notes", "rows"]
"""A fixed size, ``parts``: the number of parts of the ensemble, ``notes``: that of the piece's notes, or
``rows``: that of the rows of a run."""
Dtype = Literal["float32", "int64", "int32", "float16", "int8"]
CacheDtype = Literal["float32", "float16", "int8"]
if TYPE_CHECKING:
    # A type checker cannot read the tables.
    Source = str
    Role = str
    KindName = str
else:
    Source, Role, KindName = Literal[SOURCES], Literal[ROLES], Literal[tuple(KINDS)]


class Graph(Struct, frozen=True, forbid_unknown_fields=True):
    """The ONNX file, and what it must turn out to be."""

    sha256: Sha256
    opset: Annotated[int, Meta(ge=7, le=64)]
    file: FileName = "model.onnx"


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """One input tensor: where its values come from at each run."""

    name: str
    dtype: Dtype
    shape: Annotated[tuple[Dim, ...], Meta(max_length=8)]
    source: Source
    """A feature of the host, ``state`` (an output of the step before) or ``parameter`` (set by the user)."""
    offset: Int32 = 0
    """Added to a feature before it is clipped."""
    clip: tuple[Int32, Int32] | None = None
    """Lowest and highest value given to the graph, after ``offset``; of a parameter, that it takes."""
    initial: float = 0.0
    """Value of every element of a state before the first note."""
    default: tuple[float, ...] = ()
    """Values of a parameter; where it is longer than its default, the last value repeats."""


class Output(Struct, frozen=True, forbid_unknown_fields=True):
    """One output tensor: the scores of the parts, or a state that feeds an input of the next step."""

    name: str
    dtype: Dtype
    shape: Annotated[tuple[Dim, ...], Meta(max_length=8)]
    role: Role
    feeds: str | None = None
    """Name of the state input that takes this output at the next step."""


class Training(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights come from."""

    corpus: str
    licence: str
    split: str
    command: str
    """The command that made this plugin."""


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """The graph of a continuation in numbers of one kind."""

    sha256: Sha256
    opset: Annotated[int, Meta(ge=7, le=64)]
    file: FileName
    precision: str
    """What the weights and the past are kept in, in words."""
    cache: CacheDtype
    """Dtype of the states, which hold the past."""


class Continuation(Struct, frozen=True, forbid_unknown_fields=True):
    """What a continuation reads and writes, and its graphs."""

    context: Count
    """Rows that it sees."""
    fields: dict[str, Count]
    """Names of a row's fields in their order, and how many codes each has."""
    instruments: Annotated[tuple[str, ...], Meta(max_length=128)]
    """By code, from 1 on."""
    variants: dict[Name, Variant]
    """By name; ``graph`` is one of them, and the others compute the same in other numbers."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a plugin declares about itself."""

    schema: Literal[1]
    name: Name
    kind: KindName
    """``separator``: a run takes one note; ``sequence-separator``: a run takes all notes of a piece;
    ``continuation``: a run takes rows of music, and says what comes next."""
    summary: str
    version: str
    licence: str
    graph: Graph
    inputs: Annotated[tuple[Input, ...], Meta(min_length=1, max_length=64)]
    outputs: Annotated[tuple[Output, ...], Meta(min_length=1, max_length=64)]
    training: Training
    metrics: dict[str, float]
    parts: Annotated[tuple[str, ...], Meta(max_length=16)] = ()
    """The parts that the graph knows, in the order of its scores; empty: any number of parts."""
    resolution: Annotated[int, Meta(ge=1, le=960)] = 24
    """Ticks per quarter note of ``position``, ``beat``, ``tick`` and ``duration``."""
    continuation: Continuation | None = None
    """Of a continuation, and of no other kind."""


def parse_manifest(text: bytes) -> Manifest:
    """Return the manifest in ``text`` (JSON).

    Raises:
        ValueError: the text is not a manifest of schema 1; the message names the field.
    """
    try:
        return msgspec.json.decode(text, type=Manifest)
    except RecursionError as error:
        raise ValueError("manifest.json: nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # ValidationError is a DecodeError
        raise ValueError(f"manifest.json: {error}") from error


def format_manifest(manifest: Manifest) -> bytes:
    """Return ``manifest`` as indented JSON, the form in which plugins are stored."""
    told = msgspec.to_builtins(manifest)
    if manifest.continuation is None:
        del told["continuation"]
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def manifest_schema() -> dict:
    """Return the JSON Schema of the manifest."""
    return msgspec.json.schema(Manifest)
