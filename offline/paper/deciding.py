"""What fills a cell: of whole pieces, the part that a rule or a trained network gives each note."""

from collections.abc import Callable, Sequence

import numpy as np
from torch import nn

from offline.paper.baselines import closest_parts, most_common_part, ordered_zones, zone_parts
from offline.paper.cells import Cell
from offline.paper.learning import decide
from offline.paper.mlp import MLPNetwork
from offline.paper.music import Music
from offline.score import Piece

Decide = Callable[[Sequence[Piece]], list[np.ndarray]]
"""Gives each note of each piece its part, int64 (notes,) each.

A negative part marks a note that is nobody's: it is heard as any other, but nothing true is told of it.
"""


def _common(music: Music) -> Decide:
    part = most_common_part(music.train, music.parts)
    return lambda pieces: [np.full(len(piece), part) for piece in pieces]


def _zone(music: Music) -> Decide:
    zones = ordered_zones(music.train, music.parts)
    return lambda pieces: [zone_parts(piece, *zones) for piece in pieces]


def _zone_oracle(music: Music) -> Decide:
    def own(piece: Piece) -> np.ndarray:
        told = Piece(piece.name, *(column[piece.part >= 0] for column in piece.columns))
        return zone_parts(piece, *ordered_zones([told], music.parts))

    return lambda pieces: [own(piece) for piece in pieces]


def _closest(music: Music) -> Decide:
    return lambda pieces: [closest_parts(piece, music.parts, mono=False) for piece in pieces]


def _closest_mono(music: Music) -> Decide:
    return lambda pieces: [closest_parts(piece, music.parts, mono=True) for piece in pieces]


RULES: dict[str, Callable[[Music], Decide]] = {
    "common": _common,
    "zone": _zone,
    "zone-oracle": _zone_oracle,
    "closest": _closest,
    "closest-mono": _closest_mono,
}
"""What decides without a network, made from a corpus's training pieces."""


def network_decider(model: nn.Module, cell: Cell, parts: int) -> Decide:
    """Return what the trained network of a cell decides."""
    if isinstance(model, MLPNetwork):
        return lambda pieces: model.decide(pieces, oracle=cell.oracle)
    return lambda pieces: decide(model, pieces, parts)
