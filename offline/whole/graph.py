"""The separator that sees the whole piece as one ONNX graph: rows, reading, beam search and the way back."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from offline.graph import GraphBuilder
from offline.score import TICKS
from offline.whole.beam import LIFT, LOST, SHIFTS, WAYS
from offline.whole.past import (
    AHEAD,
    ENDS,
    GAPS,
    NEVER,
    OF_PART,
    PART_ROWS,
    SINCE,
)
from offline.whole.past import INTERVALS as ALL_INTERVALS
from offline.whole.relations import BEATS, CHORD, FARTHEST, FIRST, JOINED, LONGEST, NONE, REACH, SOUNDING

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT
NOWHERE = 1000
"""Pitch of a note of the chord that is not there."""

Weights = Mapping[str, np.ndarray]


class _Ops(GraphBuilder):
    """A graph of many small integer steps, written as expressions of names."""

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant under a name of this graph: a loop's body sees the names around it."""
        return super().constant(f"{self.name}_{name}", value)

    def add(self, op: str, inputs: Sequence[str], name: str = "", **attributes) -> str:
        """Add an operator with one output, as the base class; its name is of this graph too."""
        return super().add(op, inputs, name or f"{self.name}_{op.lower()}_{len(self.nodes)}", **attributes)

    def whole(self, value: int) -> str:
        """Return a constant of one number, int64 (1,)."""
        return self._known(f"number_{value}", np.array(value, np.int64))

    def axes(self, *values: int) -> str:
        """Return a constant list of int64."""
        return self._known("list_" + "_".join(map(str, values)), np.array(values, np.int64))

    def _known(self, name: str, value: np.ndarray) -> str:
        """Return the constant of this name, which is added once."""
        if all(tensor.name != f"{self.name}_{name}" for tensor in self.constants):
            self.constant(name, value)
        return f"{self.name}_{name}"

    def cast(self, x: str, to: int = INT64) -> str:
        return self.add("Cast", [x], to=to)

    def all(self, *masks: str) -> str:
        """Return the conjunction of masks."""
        out = masks[0]
        for mask in masks[1:]:
            out = self.add("And", [out, mask])
        return out

    def clip(self, x: str, low: int, high: int) -> str:
        return self.add("Max", [self.add("Min", [x, self.whole(high)]), self.whole(low)])

    def count(self, x: str, edges: Sequence[int]) -> str:
        """Return how many of ``edges`` each element reaches."""
        reached = [self.cast(self.add("GreaterOrEqual", [x, self.whole(edge)])) for edge in edges]
        return reached[0] if len(reached) == 1 else self.sum(*reached)

    def sum(self, first: str, *others: str) -> str:
        """Return a sum, term by term: it takes the memory of two terms."""
        for other in others:
            first = self.add("Add", [first, other])
        return first

    def times(self, x: str, factor: int) -> str:
        return self.add("Mul", [x, self.whole(factor)])

    def unsqueeze(self, x: str, *axes: int) -> str:
        return self.add("Unsqueeze", [x, self.axes(*axes)])

    def body(self) -> onnx.GraphProto:
        """Return the graph as the body of a loop, which keeps its constants."""
        return helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)


def whole_graph(weights: Weights, ways: int = WAYS, shifts: Sequence[int] = SHIFTS) -> bytes:
    """Return the graph of :func:`offline.whole.beam.search` for a model with these weights.

    Inputs: ``pitch``, ``tick``, ``duration`` (int64, (notes,)). Output: ``scores``, float32 (notes, parts).
    """
    parts = len(weights["scores.bias"])
    g = _Ops("whole_piece")
    for name in ("pitch", "tick", "duration"):
        g.input(name, "int64", ["notes"])
    g.output("scores", "float32", ["notes", parts])
    end = g.add("Add", ["tick", "duration"], "end")
    rows, ahead = _rows(g, end)
    context = _read(g, weights, rows, shifts)
    start = g.constant("start", np.full((ways, parts, 4), NEVER, np.int64))
    odds = np.full(ways, LOST, np.float32)
    odds[0] = 0.0
    scanned = g.add_many(
        "Scan",
        [start, g.constant("odds", odds), context, "pitch", "tick", end, ahead],
        ["last_after", "odds_after", "parents", "chosen", "chances"],
        body=_decide(weights, ways, len(shifts)),
        num_scan_inputs=5,
    )
    g.add_many(
        "Scan",
        [g.add("Squeeze", [g.whole(0)]), *scanned[2:]],
        ["best_after", "scores"],
        body=_way_back(ways, parts),
        num_scan_inputs=3,
        scan_input_directions=[1, 1, 1],
        scan_output_directions=[1],
    )
    return g.build()


def _rows(g: _Ops, end: str) -> tuple[list[str], str]:
    """Add the rows of the table of notes, (notes,) each; and the pitches of the chord's next notes."""
    notes = g.add("Shape", ["pitch"])
    place = g.add("Range", [g.whole(0), g.add("Squeeze", [notes]), g.whole(1)])
    steps = np.delete(np.arange(-REACH, REACH + 1), REACH)
    step = g.constant("steps", steps[None])
    index = g.add("Add", [g.unsqueeze(place, 1), step])
    last = g.add("Sub", [notes, g.whole(1)])
    near = g.add("Max", [g.add("Min", [index, last]), g.whole(0)])
    there = g.add("Equal", [near, index])
    on, until, key = (g.unsqueeze(x, 1) for x in ("tick", end, "pitch"))
    other_on, other_until, other_key = (g.add("Gather", [x, near]) for x in ("tick", end, "pitch"))
    up = g.add("Sub", [other_key, key])
    far = g.add("Min", [g.add("Abs", [up]), g.whole(FARTHEST)])
    before = g.constant("before", (steps < 0)[None])
    level = g.add("Equal", [up, g.whole(0)])
    lower = g.add("Or", [g.add("Less", [up, g.whole(0)]), g.all(level, before)])
    higher = g.add("Not", [lower])
    chord = g.all(there, g.add("Equal", [other_on, on]))
    began = g.add("LessOrEqual", [other_on, on])
    sounds = g.all(there, began, g.add("Greater", [other_until, on]))

    def places(among: str) -> str:
        """Return how many of them are lower and higher, as one number."""
        low, high = (
            g.clip(g.add("ReduceSum", [g.cast(g.all(among, side)), g.axes(1)], keepdims=0), 0, CHORD - 1)
            for side in (lower, higher)
        )
        return g.add("Add", [g.times(low, CHORD), high])

    def nearest(values: str, masks: Sequence[str], none: int, count: int) -> list[str]:
        """Return the ``count`` smallest values under each mask, (notes,) each."""
        out = []
        for mask in masks:
            masked = g.add("Where", [mask, values, g.whole(none)])
            n = len(g.nodes)
            top, _ = g.add_many(
                "TopK", [masked, g.axes(count)], [f"top_{n}", f"at_{n}"], axis=1, largest=0, sorted=1
            )
            columns = [f"column_{n}_{i}" for i in range(count)]
            split = g.add_many("Split", [top, g.axes(*[1] * count)], columns, axis=1)
            out += [g.add("Squeeze", [x, g.axes(1)]) for x in split]
        return out

    held = g.add("Add", [g.times(far, 2), g.cast(g.add("Less", [other_on, on]))])
    under = g.add("LessOrEqual", [up, g.whole(0)])
    over = g.add("Not", [under])
    ends, begins = (g.all(there, g.add("Equal", [a, b])) for a, b in ((other_until, on), (other_on, until)))
    facts = [
        "pitch",
        g.add("Mod", ["tick", g.whole(TICKS)]),
        g.add("Mod", [g.add("Div", ["tick", g.whole(TICKS)]), g.whole(BEATS)]),
        g.add("Min", ["duration", g.whole(LONGEST)]),
        places(chord),
        places(sounds),
        *nearest(held, [g.all(sounds, lower), g.all(sounds, higher)], 2 * NONE, SOUNDING),
        *nearest(
            far,
            [g.all(a, b) for a in (ends, begins) for b in (under, over)],
            NONE,
            JOINED,
        ),
    ]
    rows = [
        g.add("Add", [fact, g.whole(int(first))]) if first else fact
        for fact, first in zip(facts, FIRST, strict=True)
    ]
    following = g.add("Where", [chord, other_key, g.whole(NOWHERE)])
    ahead = g.add("Slice", [following, g.axes(REACH), g.axes(REACH + AHEAD), g.axes(1)])
    return rows, ahead


def _read(g: _Ops, weights: Weights, rows: Sequence[str], shifts: Sequence[int]) -> str:
    """Add the reading of the whole piece in each transposition; return (notes, shifts, width)."""
    table = g.constant("table", weights["table.weight"])
    common = g.sum(*(g.add("Gather", [table, row]) for row in rows[1:]))
    moved = g.add("Add", [g.unsqueeze(rows[0], 1), g.constant("shifts", np.array(shifts, np.int64)[None])])
    keys = g.add("Gather", [table, g.clip(moved, 0, 127)])
    x = g.add("Relu", [g.add("Add", [g.unsqueeze(common, 1), keys])])
    x = g.add("Relu", [_linear(g, weights, "mix", x)])
    units = weights["onward.weight_hh_l0"].shape[1]
    matrices = [
        g.constant(name, np.stack([_gates(weights[f"{way}.{kind}_l0"], units) for way in ("onward", "back")]))
        for name, kind in (("w", "weight_ih"), ("r", "weight_hh"))
    ]
    bias = np.stack(
        [
            np.concatenate([_gates(weights[f"{way}.{kind}_l0"], units) for kind in ("bias_ih", "bias_hh")])
            for way in ("onward", "back")
        ]
    )
    (y,) = g.add_many(
        "LSTM", [x, *matrices, g.constant("b", bias)], ["y"], hidden_size=units, direction="bidirectional"
    )
    turned = g.add("Transpose", [y], perm=[0, 2, 1, 3])
    heard = g.add("Reshape", [turned, g.axes(0, 0, 2 * units)])
    return _linear(g, weights, "context", g.add("Concat", [x, heard], axis=2))


def _gates(rows: np.ndarray, units: int) -> np.ndarray:
    """Return the gates in ONNX's order: in, out, forget, new; PyTorch's is in, forget, new, out."""
    into, forget, new, out = rows.reshape(4, units, *rows.shape[1:])
    return np.concatenate([into, out, forget, new])


def _decide(weights: Weights, ways: int, shifts: int):
    """Return the body of the search: one note for all ways."""
    parts, width = len(weights["scores.bias"]), weights["past.weight"].shape[1]
    g = _Ops("decide")
    last = g.input("last", "int64", [ways, parts, 4])
    odds = g.input("odds_in", "float32", [ways])
    g.input("context", "float32", [shifts, width])
    for name in ("key", "on", "until"):
        g.input(name, "int64", [])
    g.input("ahead", "int64", [AHEAD])
    rows = _past(g, last, parts)
    table = g.constant("past_table", weights["past.weight"])
    told = g.add("ReduceSum", [g.add("Gather", [table, rows]), g.axes(1)], keepdims=0)
    x = g.add("Relu", [g.add("Add", [g.unsqueeze("context", 1), told])])
    x = g.add("Relu", [_linear(g, weights, "hidden", x)])
    scores = g.add("ReduceMean", [_linear(g, weights, "scores", x)], axes=[0], keepdims=0)
    chances = g.add("LogSoftmax", [scores], "chances_out", axis=1)
    totals = g.add("Reshape", [g.add("Add", [g.unsqueeze(odds, 1), chances]), g.axes(-1)])
    compared = min(2 * ways, ways * parts)
    best, which = g.add_many("TopK", [totals, g.axes(compared)], ["best", "which"], axis=0)
    parent = g.add("Div", [which, g.whole(parts)])
    part = g.add("Mod", [which, g.whole(parts)])
    # What the parts have played after the note, by each candidate: (candidates, parts, 4).
    before = g.add("Gather", [last, parent])
    note = g.add("Concat", [g.unsqueeze(x, 0) for x in ("on", "until", "key")], axis=0)
    fresh = g.add("Expand", [note, g.axes(compared, parts, 3)])
    was = g.add("Slice", [before, g.axes(2), g.axes(3), g.axes(2)])
    mine = g.add("Equal", [g.unsqueeze(part, 1), g.constant("each_part", np.arange(parts)[None])])
    played = g.add("Concat", [fresh, was], axis=2)
    after = g.add("Where", [g.unsqueeze(mine, 2), played, before])
    # Those that agree with a better one are dropped.
    flat = g.add("Reshape", [after, g.axes(compared, 4 * parts)])
    apart = g.add("Sub", [g.unsqueeze(flat, 1), g.unsqueeze(flat, 0)])
    differ = g.add("ReduceMax", [g.add("Abs", [apart])], axes=[2], keepdims=0)
    better = g.constant("better", np.tri(compared, k=-1).astype(bool))
    twin = g.all(g.add("Equal", [differ, g.whole(0)]), better)
    twins = g.add("ReduceMax", [g.cast(twin)], axes=[1], keepdims=0)
    lost = g.add("Where", [g.add("Greater", [twins, g.whole(0)]), g.number("lost", float(LOST)), best])
    kept, at = g.add_many("TopK", [lost, g.axes(ways)], ["kept", "at"], axis=0)
    top = g.add("ReduceMax", [kept], axes=[0])
    for name, x in (("parent_out", parent), ("part_out", part)):
        g.add("Gather", [x, at], name)
    g.add("Gather", [after, at], "last_out")
    g.add("Sub", [kept, top], "odds_out")
    g.output("last_out", "int64", [ways, parts, 4])
    g.output("odds_out", "float32", [ways])
    for name in ("parent_out", "part_out"):
        g.output(name, "int64", [ways])
    g.output(chances, "float32", [ways, parts])
    return g.body()


def _past(g: _Ops, last: str, parts: int) -> str:
    """Add the rows of :func:`offline.whole.past.rows_of`, (ways, parts * facts)."""
    columns = g.add_many("Split", [last, g.axes(1, 1, 1, 1)], ["l0", "l1", "l2", "l3"], axis=2)
    began, ended, was, before = (g.add("Squeeze", [x, g.axes(2)]) for x in columns)
    never, not_before = (g.add("Less", [x, g.whole(0)]) for x in (was, before))
    sounds = g.add("Greater", [ended, "on"])

    def interval(up: str) -> str:
        return g.add("Add", [g.clip(up, -FARTHEST, FARTHEST), g.whole(FARTHEST)])

    def either(mask: str, yes: str | int, no: str | int) -> str:
        yes, no = (g.whole(x) if isinstance(x, int) else x for x in (yes, no))
        return g.add("Where", [mask, yes, no])

    over = g.add("Add", [g.count(g.add("Sub", ["on", ended]), GAPS), g.whole(2)])
    state = either(g.add("Equal", [began, "on"]), 0, either(sounds, 1, over))
    later, sooner = (g.cast(g.add(op, [ended, "until"])) for op in ("Greater", "Less"))
    still = either(sounds, g.add("Add", [g.add("Sub", [later, sooner]), g.whole(2)]), 0)
    since = g.count(g.add("Sub", ["on", began]), SINCE)
    ways_up = g.add("Sub", ["ahead", g.unsqueeze(was, 2)])
    far = g.add("Abs", [ways_up])
    closest = g.add("ArgMin", [far], axis=2, keepdims=1)
    nearest, distance = (
        g.add("Squeeze", [g.add("GatherElements", [x, closest], axis=2), g.axes(2)]) for x in (ways_up, far)
    )
    alone = g.add("Or", [never, g.add("GreaterOrEqual", [distance, g.whole(NOWHERE // 2)])])
    facts = [
        (never, g.add("Add", [g.times(state, ALL_INTERVALS), interval(g.add("Sub", ["key", was]))])),
        (never, g.add("Add", [g.times(since, ENDS), still])),
        (not_before, interval(g.add("Sub", ["key", before]))),
        (alone, interval(nearest)),
    ]
    first = np.cumsum([0, *OF_PART[:-1]])
    rows = [
        g.unsqueeze(either(none, size - 1 + int(start), g.add("Add", [fact, g.whole(int(start))])), 2)
        for (none, fact), size, start in zip(facts, OF_PART, first, strict=True)
    ]
    own = g.constant("own", PART_ROWS * np.arange(parts).reshape(1, parts, 1))
    return g.add("Reshape", [g.add("Add", [g.add("Concat", rows, axis=2), own]), g.axes(0, -1)])


def _way_back(ways: int, parts: int):
    """Return the body of the way back: the note's scores along the best way, its label's the highest."""
    g = _Ops("way_back")
    way = g.input("way", "int64", [])
    for name in ("parent", "part"):
        g.input(name, "int64", [ways])
    g.input("chance", "float32", [ways, parts])
    g.output("way_out", "int64", [])
    g.output("row", "float32", [parts])
    label = g.add("Gather", ["part", way])
    before = g.add("Gather", ["parent", way], "way_out")
    row = g.add("Gather", ["chance", before])
    highest = g.add("ReduceMax", [row], axes=[0])
    own = g.add("Equal", [g.constant("each_part", np.arange(parts)), label])
    short = g.add("Less", [row, highest])
    lifted = g.add("Add", [highest, g.number("lift", float(LIFT))])
    g.add("Where", [g.all(own, short), lifted, row], "row")
    return g.body()


def _linear(g: _Ops, weights: Weights, name: str, x: str) -> str:
    weight = g.constant(f"{name}_weight", weights[f"{name}.weight"].T)
    bias = g.constant(f"{name}_bias", weights[f"{name}.bias"])
    return g.add("Add", [g.add("MatMul", [x, weight]), bias])
