"""The step of the separator that is told the past, as an ONNX graph.

Tiny operators cost about a microsecond each whatever they do, so the facts of all parts go through one
operator together, and the layers after them through one matrix each.
"""

from collections.abc import Mapping

import numpy as np

from offline.graph import GraphBuilder
from offline.history import (
    ABOVES,
    CHORD,
    EDGES_MS,
    FARTHEST,
    INTERVALS,
    KEYS,
    NO_INTERVAL,
    OF_CHORDAL,
    OF_PART,
    PART_ROW,
    PITCH_EDGES_MS,
    STEPS_ABOVE,
    TIMES,
    row_count,
)
from realtime.contract.features import CHORD_ABOVE

INT64 = 7
"""TensorProto.INT64."""


TOLD_OF_PARTS = ("last_pitch", "down", "since_onset", "since_release")
TOLD_OF_CHORDS = ("nearest_pitch", "since_pitch")
"""What such a separator is told of each part besides, where parts play chords."""


def is_chordal(weights: Mapping[str, np.ndarray]) -> bool:
    """Return whether weights are of a separator that is told of each part's nearest note and this pitch."""
    return len(weights["table.weight"]) == row_count(len(weights["scores.bias"]), chordal=True)


def history_step(weights: Mapping[str, np.ndarray]) -> bytes:
    """Return the graph of one step of :class:`offline.history.HistorySeparator` with these weights.

    Inputs (int64): ``pitch``, ``chord_index``, ``since_note`` (1,), ``chord_above`` (4,), ``last_pitch``,
    ``down``, ``since_onset``, ``since_release`` (parts,), and ``nearest_pitch``, ``since_pitch`` (parts,)
    where the weights are of a model that is told them; states ``h``, ``c`` (float32, (1, units)).
    Outputs: ``scores`` (float32, (1, parts)), ``next_h``, ``next_c``.
    """
    parts = weights["scores.bias"].shape[0]
    units = weights["mix.bias"].shape[0]
    g = GraphBuilder("history_step")
    for name, count in (("pitch", 1), ("chord_index", 1), ("since_note", 1), ("chord_above", CHORD_ABOVE)):
        g.input(name, "int64", [count])
    chordal = is_chordal(weights)
    for name in (*TOLD_OF_PARTS, *(TOLD_OF_CHORDS if chordal else ())):
        g.input(name, "int64", [parts])
    h, c = (g.input(name, "float32", [1, units]) for name in "hc")
    g.output("scores", "float32", [1, parts])
    for name in ("next_h", "next_c"):
        g.output(name, "float32", [1, units])
    rows = _rows(g, parts, chordal)
    picked = g.add("Gather", [g.constant("table", weights["table.weight"]), rows])
    summed = g.add("ReduceSum", [picked, _int(g, "axis0", [0])], keepdims=1)
    mixed = g.add("Gemm", [g.add("Relu", [summed]), *_layer(g, weights, "mix")])
    x = g.add("Relu", [mixed])
    gates = g.add("Gemm", [g.add("Concat", [x, h], axis=1), *_gates(g, weights)])
    three, fresh = g.add_many(
        "Split", [gates, _int(g, "three", [3 * units, units])], ["ifo", "fresh"], axis=1
    )
    into, keep, out = g.add_many(
        "Split", [g.add("Sigmoid", [three]), _int(g, "each", [units] * 3)], ["into", "keep", "out"], axis=1
    )
    written = g.add("Mul", [into, g.add("Tanh", [fresh])])
    cell = g.add("Add", [g.add("Mul", [keep, c]), written], "next_c")
    hidden = g.add("Mul", [out, g.add("Tanh", [cell])], "next_h")
    last = g.add("Gemm", [g.add("Concat", [x, hidden], axis=1), *_layer(g, weights, "hidden")])
    g.add("Gemm", [g.add("Relu", [last]), *_layer(g, weights, "scores")], "scores")
    return g.build()


def _rows(g: GraphBuilder, parts: int, chordal: bool) -> str:
    """Add what turns the facts into rows of the table, in any order: they are summed."""
    # Times: how many of its edges each one has reached.
    told = ["since_note", "since_onset", "since_release", *(["since_pitch"] if chordal else [])]
    column = g.add("Unsqueeze", [g.add("Concat", told, axis=0), _int(g, "axis1", [1])])
    reached = g.add("GreaterOrEqual", [column, g.constant("edges", _edges(parts, chordal))])
    time = g.add("ReduceSum", [g.add("Cast", [reached], to=INT64), "axis1"], keepdims=0)
    # Intervals: from each part's last pitch to this one, and from this one to the chord's next.
    told = ["last_pitch", *(["nearest_pitch"] if chordal else [])]
    pitches = g.add("Concat", [*told, "chord_above"], axis=0)
    from_parts = len(told) * parts
    sign = np.array([1] * from_parts + [-1] * CHORD_ABOVE)
    way = g.add("Mul", [g.add("Sub", ["pitch", pitches]), g.constant("sign", sign)])
    lowest = np.array([-FARTHEST] * from_parts + [0] * CHORD_ABOVE)
    near = g.add("Max", [g.add("Min", [way, _int(g, "farthest", [FARTHEST])]), g.constant("lowest", lowest)])
    shifted = g.add("Sub", [near, "lowest"])  # intervals of the parts count from the lowest
    none = np.array([NO_INTERVAL] * from_parts + [STEPS_ABOVE - 1] * CHORD_ABOVE)
    absent = g.add("Less", [pitches, _int(g, "zero", [0])])
    interval = g.add("Where", [absent, g.constant("none", none), shifted])
    # What is told once for a key that is down and once for one that is not, by the rows between the two.
    strides = [TIMES, 0, 0, INTERVALS, 0] if chordal else [TIMES, 0, INTERVALS]
    down = g.add("Min", ["down", _int(g, "one", [1])])
    moved = g.add("Mul", [down, g.constant("strides", np.array(strides)[:, None])])
    moved = g.add("Reshape", [moved, _int(g, "flat", [-1])])
    chord = g.add("Min", ["chord_index", _int(g, "most", [CHORD - 1])])
    values = g.add("Concat", ["pitch", chord, time, interval], axis=0)
    offset = g.add("Add", [values, g.constant("offsets", _offsets(parts, chordal))])
    # The chord's notes beyond those that the table knows are cut off: they stand at the end.
    used = g.add("Slice", [offset, "zero", _int(g, "used", [3 + len(strides) * parts + ABOVES]), "zero"])
    before, after = _int(g, "before", [0] * 3), _int(g, "after", [0] * ABOVES)
    return g.add("Add", [used, g.add("Concat", [before, moved, after], axis=0)])


def _edges(parts: int, chordal: bool) -> np.ndarray:
    """Return the edges of each time, int64 (times, edges); fewer are filled up with what no time reaches."""
    never = np.iinfo(np.int64).max
    of_pitch = [*PITCH_EDGES_MS, *[never] * (len(EDGES_MS) - len(PITCH_EDGES_MS))]
    return np.array([EDGES_MS] * (1 + 2 * parts) + [of_pitch] * (parts if chordal else 0), np.int64)


def _offsets(parts: int, chordal: bool) -> np.ndarray:
    """Return the first row of each value, in the order in which ``_rows`` puts them."""
    chord = KEYS
    note = chord + CHORD
    above = note + TIMES
    part = [PART_ROW + i * OF_PART for i in range(parts)]
    onset = [first + 2 * INTERVALS for first in part]
    release = [first + 2 * INTERVALS + 2 * TIMES for first in part]
    nearest = [PART_ROW + parts * OF_PART + i * OF_CHORDAL for i in range(parts)] if chordal else []
    pitch_time = [first + INTERVALS for first in nearest]
    chord_above = [above + j * STEPS_ABOVE for j in range(CHORD_ABOVE)]
    return np.array([0, chord, note, *onset, *release, *pitch_time, *part, *nearest, *chord_above])


def _layer(g: GraphBuilder, weights: Mapping[str, np.ndarray], name: str) -> tuple[str, str]:
    return (
        g.constant(f"{name}_weight", np.ascontiguousarray(weights[f"{name}.weight"].T)),
        g.constant(f"{name}_bias", weights[f"{name}.bias"]),
    )


def _gates(g: GraphBuilder, weights: Mapping[str, np.ndarray]) -> tuple[str, str]:
    """Return the LSTM's matrix (inputs and state, 4 units) and bias; gates: in, forget, out, new."""
    ih, hh, bias, more = (weights[f"lstm.{n}_l0"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    units = len(bias) // 4
    order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]  # PyTorch: i, f, g, o
    return (
        g.constant("gates_weight", np.concatenate([ih[order].T, hh[order].T])),
        g.constant("gates_bias", (bias + more)[order]),
    )


def _int(g: GraphBuilder, name: str, values: list[int]) -> str:
    return g.constant(name, np.array(values, np.int64))
