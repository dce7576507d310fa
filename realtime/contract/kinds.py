"""The kinds of plugins: what the graph of each may be told, what it gives, and how it is run.

Manifest, checks, messages and the JSON Schema derive from this table.
"""

from collections.abc import Mapping
from typing import NamedTuple

from realtime.contract.features import CONTINUATION_FEATURES, FEATURES, SEQUENCE_FEATURES


class Kind(NamedTuple):
    """What a graph of one kind may take and give."""

    features: Mapping[str, str]
    """What the host tells it: names and meanings."""
    sources: tuple[str, ...]
    """Where its inputs come from besides."""
    roles: tuple[str, ...]
    """What its outputs may be."""
    sequence: bool
    """Whether one run takes all notes of a piece; else one note, and states carry what was before."""
    meaning: str
    dtypes: tuple[str, ...] = ("float32", "int64", "int32")
    """What its tensors may be of."""


SEPARATOR, SEQUENCE_SEPARATOR, CONTINUATION = "separator", "sequence-separator", "continuation"

KINDS: dict[str, Kind] = {
    SEPARATOR: Kind(
        {name: feature.meaning for name, feature in FEATURES.items()},
        ("state", "parameter"),
        ("scores", "state"),
        False,
        "one note a run, as it is played",
    ),
    SEQUENCE_SEPARATOR: Kind(
        SEQUENCE_FEATURES, ("parameter",), ("scores",), True, "all notes of a whole piece in one run"
    ),
    CONTINUATION: Kind(
        CONTINUATION_FEATURES,
        ("state",),
        ("scores", "state"),
        False,
        "rows of music, and says what comes next",
        ("float32", "float16", "int64", "int32", "int8"),
    ),
}

SOURCES = tuple(dict.fromkeys(name for kind in KINDS.values() for name in (*kind.sources, *kind.features)))
"""Every source of an input, of any kind."""

ROLES = tuple(dict.fromkeys(role for kind in KINDS.values() for role in kind.roles))
"""Every role of an output, of any kind."""

PLAY = {
    SEPARATOR: "concertino play --separator {name}",
    SEQUENCE_SEPARATOR: "concertino render IN.mid -o OUT.wav --mode offline --separator {name}",
    CONTINUATION: "concertino play --continue {name}",
}
"""The command by which a model of each kind is heard."""
