"""The rules that players use today, as separators under the same contract as a trained one."""

from collections.abc import Sequence

import numpy as np

from offline.graph import GraphBuilder
from offline.score import Piece

KEYS = 128
BUSY = 1e5
"""Cost of giving a note to a part that still sounds: more than the square of any interval."""
LEAN = 40.0
"""Handicap against the part below, in squared semitones.

More is better on chorales, where four voices always sound (90.9 % of the training notes with 40, 95.2 %
with 160). But a melody alone, played an octave above the part below, would then go to that part.
"""


def best_zones(pieces: Sequence[Piece], parts: int) -> tuple[int, ...]:
    """Return the lowest pitch of each part's zone, high to low, that keeps the most notes in their part.

    The optimum over all descending boundaries (Dong et al., ISMIR 2021, section 4.4), by dynamic
    programming over the keys instead of a search; the last zone reaches down to 0. Of equal optima, the
    one with the lowest boundaries wins.
    """
    counts = np.zeros((parts, KEYS + 1), np.int64)  # counts[i, b]: notes of part i below pitch b
    for piece in pieces:
        for part in range(parts):
            counts[part, 1:] += np.bincount(piece.pitch[piece.part == part], minlength=KEYS)
    below = counts.cumsum(axis=1)
    # kept[b]: the most notes at pitch b or higher that parts 0..i keep when part i's zone begins at b
    kept = below[0, -1] - below[0]
    choices = []
    for part in range(1, parts):
        # a zone from b to the boundary above it, a >= b, holds below[a] - below[b] of its part's notes
        total = kept[None, :] + below[part][None, :] - below[part][:, None]
        total = np.where(np.arange(KEYS + 1)[None, :] >= np.arange(KEYS + 1)[:, None], total, -1)
        choices.append(total.argmax(axis=1))
        kept = total.max(axis=1)
    lower = [0]
    for choice in reversed(choices):
        lower.append(int(choice[lower[-1]]))
    return tuple(reversed(lower))


def mean_pitches(pieces: Sequence[Piece], parts: int) -> tuple[float, ...]:
    """Return the mean pitch of each part, to a tenth of a semitone."""
    pitch = np.concatenate([p.pitch for p in pieces])
    part = np.concatenate([p.part for p in pieces])
    return tuple(round(float(pitch[part == i].mean()), 1) for i in range(parts))


def zone_graph() -> bytes:
    """Return the graph of a split keyboard: the first part whose lowest pitch, ``lower``, the note reaches.

    A note that reaches none goes to the part it misses by least.
    """
    g = GraphBuilder("zone")
    pitch, lower = g.input("pitch", "float32", [1]), g.input("lower", "float32", ["parts"])
    g.output("scores", "float32", ["parts"])
    missed = g.add("Relu", [g.add("Sub", [lower, pitch])])
    reached = g.add("Cast", [g.add("GreaterOrEqual", [pitch, lower])], to=1)  # 1: float32
    before = g.add("CumSum", [reached, _axis(g)], exclusive=1)
    # Missing by one semitone costs more than coming after all of 15 parts that are reached.
    far = g.add("Mul", [missed, g.number("per_semitone", -1000)])
    g.add("Sub", [far, g.add("Mul", [before, g.number("per_part", 10)])], "scores")
    return g.build()


def closest_graph() -> bytes:
    """Return the graph of the closest pitch: the part whose last note is nearest (same source, section 4.4).

    A part that has not played takes ``start`` for its last pitch.
    """
    g, last = _start_closest("closest")
    interval = g.add("Sub", ["pitch", last])
    g.add("Neg", [g.add("Mul", [interval, interval])], "scores")
    return g.build()


def closest_mono_graph() -> bytes:
    """Return the graph of the closest pitch for parts that play one note at a time.

    The paper's mono form gives a whole chord its parts at once, at the least sum of squared intervals,
    which never crosses voices. A host has to decide the lowest note before it knows the others, so what
    the joint decision does by itself takes two measures here: the last pitches are put in order, high to
    low, lest two voices stay exchanged for good; and each part has a handicap of ``lean`` against the one
    below it, lest the low notes take what the high ones will need.
    """
    g, last = _start_closest("closest_mono")
    sounding, lean = g.input("sounding", "float32", ["parts"]), g.input("lean", "float32", [1])
    last = g.add_many("TopK", [last, g.add("Shape", [last])], ["ordered", "order"], axis=0)[0]
    interval = g.add("Sub", ["pitch", last])
    near = g.add("Mul", [interval, interval])
    once = g.number("once", 1)
    busy = g.add("Mul", [g.add("Min", [sounding, once]), g.number("busy", BUSY)])
    parts_from_1 = g.add("CumSum", [g.add("Expand", [once, g.add("Shape", [sounding])]), _axis(g)])
    bonus = g.add("Mul", [parts_from_1, lean])
    g.add("Sub", [bonus, g.add("Add", [near, busy])], "scores")
    return g.build()


def _start_closest(name: str) -> tuple[GraphBuilder, str]:
    """Return a graph with its inputs, and each part's last pitch or, before its first note, its start."""
    g = GraphBuilder(name)
    g.input("pitch", "float32", [1])
    start, last = (g.input(name, "float32", ["parts"]) for name in ("start", "chord_last_pitch"))
    g.output("scores", "float32", ["parts"])
    silent = g.add("Less", [last, g.number("lowest", 0)])
    return g, g.add("Where", [silent, start, last])


def _axis(g: GraphBuilder) -> str:
    return g.constant("axis", np.array(0))
