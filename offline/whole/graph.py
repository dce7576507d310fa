"""The separator that sees the whole piece as one ONNX graph: rows, reading, beam search and the way back."""

from collections.abc import Mapping, Sequence

import numpy as np

from offline.whole.beam import LIFT, LOST, SHIFTS, WAYS
from offline.whole.members import weights_of_each
from offline.whole.ops import Ops, linear
from offline.whole.past import AHEAD, NEVER
from offline.whole.rows import note_rows, past_rows

Weights = Mapping[str, np.ndarray]


def whole_graph(weights: Weights, ways: int = WAYS, shifts: Sequence[int] = SHIFTS) -> bytes:
    """Return the graph of :func:`offline.whole.beam.search` for a model with these weights.

    Inputs: ``pitch``, ``tick``, ``duration`` (int64, (notes,)). Output: ``scores``, float32 (notes, parts).
    """
    each = weights_of_each(weights)
    parts = len(each[0]["scores.bias"])
    g = Ops("whole_piece")
    for name in ("pitch", "tick", "duration"):
        g.input(name, "int64", ["notes"])
    g.output("scores", "float32", ["notes", parts])
    end = g.add("Add", ["tick", "duration"], "end")
    rows, ahead = note_rows(g, end)
    moved = g.add("Add", [g.unsqueeze(rows[0], 1), g.constant("shifts", np.array(shifts, np.int64)[None])])
    keys = g.clip(moved, 0, 127)
    read = [_read(g, own, rows, keys, f"{place}_") for place, own in enumerate(each)]
    context = read[0] if len(read) == 1 else g.add("Concat", read, axis=1)
    start = g.constant("start", np.full((ways, parts, 4), NEVER, np.int64))
    odds = np.full(ways, LOST, np.float32)
    odds[0] = 0.0
    scanned = g.add_many(
        "Scan",
        [start, g.constant("odds", odds), context, "pitch", "tick", end, ahead],
        ["last_after", "odds_after", "parents", "chosen", "chances"],
        body=_decide(each, ways, len(shifts)),
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


def _read(g: Ops, weights: Weights, rows: Sequence[str], keys: str, mark: str) -> str:
    """Add one's reading of the whole piece, its keys (notes, shifts); return (notes, shifts, width).

    ``mark`` begins the names of what is its own.
    """
    table = g.constant(f"{mark}table", weights["table.weight"])
    common = g.sum(*(g.add("Gather", [table, row]) for row in rows[1:]))
    x = g.add("Relu", [g.add("Add", [g.unsqueeze(common, 1), g.add("Gather", [table, keys])])])
    x = g.add("Relu", [linear(g, weights, "mix", x, mark)])
    units = weights["onward.weight_hh_l0"].shape[1]
    kinds = {"w": ("weight_ih",), "r": ("weight_hh",), "b": ("bias_ih", "bias_hh")}
    tensors = [
        g.constant(f"{mark}{name}", np.stack([_gates_of(weights, way, few) for way in ("onward", "back")]))
        for name, few in kinds.items()
    ]
    (y,) = g.add_many("LSTM", [x, *tensors], [f"{mark}y"], hidden_size=units, direction="bidirectional")
    turned = g.add("Transpose", [y], perm=[0, 2, 1, 3])
    heard = g.add("Reshape", [turned, g.axes(0, 0, 2 * units)])
    return linear(g, weights, "context", g.add("Concat", [x, heard], axis=2), mark)


def _gates_of(weights: Weights, way: str, kinds: Sequence[str]) -> np.ndarray:
    """Return weights of the LSTM that reads one way, or its biases one after the other."""
    units = weights[f"{way}.weight_hh_l0"].shape[1]
    return np.concatenate([_gates(weights[f"{way}.{kind}_l0"], units) for kind in kinds])


def _gates(rows: np.ndarray, units: int) -> np.ndarray:
    """Return the gates in ONNX's order: in, out, forget, new; PyTorch's is in, forget, new, out."""
    into, forget, new, out = rows.reshape(4, units, *rows.shape[1:])
    return np.concatenate([into, out, forget, new])


def _decide(each: Sequence[Weights], ways: int, shifts: int):
    """Return the body of the search: one note for all ways."""
    parts, width = len(each[0]["scores.bias"]), each[0]["past.weight"].shape[1]
    g = Ops("decide")
    last = g.input("last", "int64", [ways, parts, 4])
    odds = g.input("odds_in", "float32", [ways])
    g.input("context", "float32", [len(each) * shifts, width])
    for name in ("key", "on", "until"):
        g.input(name, "int64", [])
    g.input("ahead", "int64", [AHEAD])
    rows = past_rows(g, last, parts)
    found = []
    for place, weights in enumerate(each):
        mark, first = f"{place}_", place * shifts
        table = g.constant(f"{mark}past_table", weights["past.weight"])
        told = g.add("ReduceSum", [g.add("Gather", [table, rows]), g.axes(1)], keepdims=0)
        read = g.add("Slice", ["context", g.axes(first), g.axes(first + shifts), g.axes(0)])
        x = g.add("Relu", [g.add("Add", [g.unsqueeze(read, 1), told])])
        x = g.add("Relu", [linear(g, weights, "hidden", x, mark)])
        found.append(linear(g, weights, "scores", x, mark))
    scores = g.add("ReduceMean", [g.add("Concat", found, axis=0)], axes=[0], keepdims=0)
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


def _way_back(ways: int, parts: int):
    """Return the body of the way back: the note's scores along the best way, its label's the highest."""
    g = Ops("way_back")
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
