"""The graph of an LSTM over whole pieces: ONNX's own LSTM operator, in one direction or both.

Beside ``offline.graph.lstm_step``, which takes a note at a time.
"""

from collections.abc import Mapping

import numpy as np

from offline.graph import GraphBuilder

DURATIONS = 193
"""Rows of the duration's table: longer notes take the last (Dong et al., ISMIR 2021)."""
FLOAT = 1
GATES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def lstm_sequence(weights: Mapping[str, np.ndarray], shifted_hints: bool = False) -> bytes:
    """Return the graph of the paper's LSTM with these weights, for all notes of a piece in one run.

    ``weights`` has the names of :class:`offline.lstm.LSTMSeparator`; of a layer in both directions also
    those that end in ``_reverse``, as PyTorch calls them; ``duration.weight`` where durations are told. What
    the first layer takes beyond these are entry hints, one for each part.

    Inputs: ``pitch``, ``position``, ``beat``, with durations ``duration`` (int64, shape (notes,)); with
    hints ``entries`` (int64, (parts,)), the number of each part's first note, from 0: its hint is -1 before
    it, 0 at it and 1 after it (same source, section 3). Output: ``scores`` (float32, (notes, parts)).

    ``shifted_hints``: the hints are as in the published models, where column j holds that of part j - 1,
    column 0 nothing and no column that of the last part.
    """
    from offline.lstm import beat_table, frequency_table

    parts = weights["scores.bias"].shape[0]
    g = GraphBuilder("lstm_sequence")
    pitch, position, beat = (g.input(name, "int64", ["notes"]) for name in ("pitch", "position", "beat"))
    pitches = weights["pitch.weight"][1:]  # row 0 is padding
    width = pitches.shape[1]
    columns = [
        _look_up(g, "pitch_table", pitches, pitch),
        _look_up(g, "position_table", weights["position.weight"], position),
        _look_up(g, "beat_table", beat_table(width).numpy(), beat),
    ]
    if "duration.weight" in weights:
        duration = g.input("duration", "int64", ["notes"])
        columns.append(_look_up(g, "duration_table", weights["duration.weight"], duration))
    columns.append(_look_up(g, "frequency_table", frequency_table().numpy()[1:], pitch))
    hints = weights["lstm.0.weight_ih_l0"].shape[1] - width * (len(columns) - 1) - 1
    if hints:
        columns.append(_entry_hints(g, pitch, parts, shifted_hints))
    x = g.add("Concat", columns, axis=1)
    layers = sum(name.startswith("lstm.") and name.endswith("weight_ih_l0") for name in weights)
    one = g.constant("one_piece", np.array([1]))
    for layer in range(layers):
        x = _layer(g, weights, layer, g.add("Unsqueeze", [x, one]))
    last = g.constant("scores_weight", weights["scores.weight"].T.astype(np.float32))
    bias = g.constant("scores_bias", weights["scores.bias"].astype(np.float32))
    g.output("scores", "float32", ["notes", parts])
    g.add("Gemm", [x, last, bias], "scores")
    return g.build()


def _look_up(g: GraphBuilder, name: str, table: np.ndarray, index: str) -> str:
    return g.add("Gather", [g.constant(name, table.astype(np.float32)), index])


def _entry_hints(g: GraphBuilder, pitch: str, parts: int, shifted: bool) -> str:
    """Add the hints of all notes, float32 (notes, parts), from the number of each part's first note."""
    entries = g.input("entries", "int64", [parts])
    zero, step, line = (g.constant(n, np.array(v)) for n, v in (("from", 0), ("by", 1), ("line", [1])))
    count = g.add("Squeeze", [g.add("Shape", [pitch])])
    number = g.add("Unsqueeze", [g.add("Range", [zero, count, step]), line])
    hints = g.add("Sign", [g.add("Cast", [g.add("Sub", [number, entries])], to=FLOAT)])
    if not shifted:
        return hints
    moved = np.eye(parts, k=1, dtype=np.float32)
    return g.add("MatMul", [hints, g.constant("shift", moved)])


def _layer(g: GraphBuilder, weights: Mapping[str, np.ndarray], layer: int, x: str) -> str:
    """Add an LSTM and its layer norm; from (notes, 1, inputs) to (notes, units of all directions)."""
    found = [
        [weights[f"lstm.{layer}.{gate}{end}"] for gate in GATES]
        for end in ("", "_reverse")
        if f"lstm.{layer}.{GATES[0]}{end}" in weights
    ]
    units = found[0][1].shape[1]
    i, f, c, o = np.arange(4 * units).reshape(4, units)  # PyTorch's and Keras's order
    order = np.concatenate([i, o, f, c])  # ONNX's
    tensors = {
        "w": np.stack([each[0][order] for each in found]),
        "r": np.stack([each[1][order] for each in found]),
        "b": np.stack([np.concatenate([each[2][order], each[3][order]]) for each in found]),
    }
    names = [g.constant(f"{k}{layer}", v.astype(np.float32)) for k, v in tensors.items()]
    direction = "bidirectional" if len(found) == 2 else "forward"
    y = g.add("LSTM", [x, *names], hidden_size=units, direction=direction)
    flat = g.constant(f"flat{layer}", np.array([-1, len(found) * units]))
    rows = g.add("Reshape", [y, flat])  # (notes, directions, 1, units)
    norm = (
        g.constant(f"{n}{layer}", weights[f"norm.{layer}.{n}"].astype(np.float32)) for n in ("weight", "bias")
    )
    return g.add("LayerNormalization", [rows, *norm], epsilon=1e-3, axis=-1)
