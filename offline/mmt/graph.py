"""The step of the Multitrack Music Transformer as an ONNX graph, with a past that is updated in place.

One run takes any number of rows after those that it was given before. The keys and values of the past lie in
buffers of a fixed size that are input and output at once (ONNX Runtime's GroupQueryAttention, which writes
only what is new where both are one buffer), so a step copies nothing of the past.
"""

from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from offline.graph import RUNTIME, GraphBuilder
from offline.mmt.graph_weights import Precision, product
from offline.mmt.model import Size
from realtime.music.mmt.representation import FIELDS, SIZES
from realtime.music.mmt.sampling import SCORES

EPSILON = 1e-5
"""Of PyTorch's LayerNorm."""

PARTS = ("weight", "bias")
"""Of a linear layer or a norm."""
Weights = Mapping[str, np.ndarray]
"""Arrays by the names of ``offline.mmt.model.MultitrackTransformer``."""


def step_graph(
    weights: Weights,
    size: Size,
    precision: Precision,
    ranges: Mapping[str, np.ndarray] | None = None,
) -> bytes:
    """Return the graph of the model with these weights.

    Inputs: ``rows`` int64 (1, rows, 6), codes; ``places`` int64 (1, rows), from 0; ``last`` int32 (1,), the
    place of the last row; ``total`` int32 (), rows there are with these; ``keys0``, ``values0`` ...
    (1, heads, context, head). Outputs: ``scores`` float32 (1, rows, 502), of what comes after each row, and
    ``next_keys0``, ``next_values0`` ..., to be bound to the buffers of the inputs.

    Where the cache is int8, ``ranges`` has the largest number of each channel of ``keys0`` ..., shape
    (heads * head,).

    Raises:
        KeyError: a weight or a range is missing.
    """
    if precision.cache == "int8":
        weights = even_channels(weights, size, ranges or {})
    g = GraphBuilder("mmt_step")
    g.input("rows", "int64", [1, "rows", len(FIELDS)])
    g.input("places", "int64", [1, "rows"])
    g.input("last", "int32", [1])
    g.input("total", "int32", [])
    g.output("scores", "float32", [1, "rows", SCORES])
    x, skip = _embedding(g, weights, precision)
    bias = ""
    for layer in range(size.layers):
        own = {
            name.removeprefix(f"layers.{layer}."): value
            for name, value in weights.items()
            if name.startswith(f"layers.{layer}.")
        }
        normal, x = _normal(g, f"before_attention{layer}", own, "before_attention", precision, x, skip, bias)
        taken = _attention(g, layer, own, size, precision, normal)
        skip = product(g, taken, f"out{layer}", own["attention.out.weight"], precision)
        bias = _bias(g, f"out_bias{layer}", own["attention.out.bias"], precision)
        normal, x = _normal(g, f"before_feed{layer}", own, "before_feed", precision, x, skip, bias)
        wide = product(g, normal, f"widen{layer}", own["feed.0.weight"], precision)
        bent = g.add(
            "BiasGelu",
            [wide, _bias(g, f"widen_bias{layer}", own["feed.0.bias"], precision)],
            domain=RUNTIME,
        )
        skip = product(g, bent, f"narrow{layer}", own["feed.3.weight"], precision)
        bias = _bias(g, f"narrow_bias{layer}", own["feed.3.bias"], precision)
    normal, _ = _normal(g, "last_norm", weights, "norm", precision, x, skip, bias)
    heads = [np.concatenate([weights[f"scores.{f}.{part}"] for f in range(len(SIZES))]) for part in PARTS]
    scores = product(g, normal, "heads", heads[0], precision, _bias(g, "heads_bias", heads[1], precision))
    if precision.dtype == "float32":
        g.nodes[-1].output[0] = "scores"
    else:
        g.add("Cast", [scores], "scores", to=1)
    return g.build()


def even_channels(weights: Weights, size: Size, ranges: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return weights of the same function, in which every channel of keys and values goes from -1 to 1.

    What keys and values are divided by, queries and what follows the attention are multiplied by. So one
    scale is right for all channels of an 8-bit past.

    Raises:
        KeyError: a weight or a range is missing.
    """
    found = dict(weights)
    for layer in range(size.layers):
        keys, values = (ranges[f"{kind}{layer}"] for kind in ("keys", "values"))
        for name, factor in (
            ("queries", keys[:, None]),
            ("keys", 1 / keys[:, None]),
            ("values", 1 / values[:, None]),
            ("out", values[None]),
        ):
            whole = f"layers.{layer}.attention.{name}.weight"
            found[whole] = (weights[whole] * factor).astype(np.float32)
    return found


def _embedding(g: GraphBuilder, weights: Weights, precision: Precision) -> tuple[str, str]:
    """Add the sum of a row's six embeddings and that of its place: seven lines of one table.

    On a GPU the place's is left for the first norm to add: one table of both would need a Concat there, whose
    lists of addresses are copied in every step, and are gone when ONNX Runtime plays a record of it.
    """
    tables = [weights[f"fields.{field}.weight"] for field in range(len(SIZES))]
    width = tables[0].shape[1]
    places = weights["positions.weight"].astype(float) * width**-0.5
    first = np.array([0, *accumulate(SIZES)])
    if precision.dtype == "float16":
        lines = g.add("Add", ["rows", _ints(g, "first", first[:-1])])
        table, late = (
            g.constant(name, value.astype(precision.dtype))
            for name, value in (("table", np.concatenate(tables)), ("places_table", places))
        )
        fields = g.add("ReduceSum", [g.add("Gather", [table, lines]), _ints(g, "axis2", [2])], keepdims=0)
        return fields, g.add("Gather", [late, "places"])
    table = g.constant("table", np.concatenate([*tables, places]).astype(precision.dtype))
    told = g.add("Concat", ["rows", g.add("Unsqueeze", ["places", _ints(g, "axis2", [2])])], axis=2)
    lines = g.add("Add", [told, _ints(g, "first", first)])
    return g.add("ReduceSum", [g.add("Gather", [table, lines]), "axis2"], keepdims=0), ""


def _normal(
    g: GraphBuilder,
    name: str,
    weights: Weights,
    norm: str,
    precision: Precision,
    x: str,
    skip: str,
    bias: str,
) -> tuple[str, str]:
    """Add the layer norm of ``x`` and what is added to it; return the norm and the sum."""
    scale, shift = (
        g.constant(f"{name}_{part}", weights[f"{norm}.{part}"].astype(precision.dtype)) for part in PARTS
    )
    if not skip:
        return g.add("LayerNormalization", [x, scale, shift], name, epsilon=EPSILON, axis=-1), x
    names = [name, "", "", f"{name}_sum"]
    operands = [x, skip, scale, shift, bias] if bias else [x, skip, scale, shift]
    g.add_many("SkipLayerNormalization", operands, names, domain=RUNTIME, epsilon=EPSILON)
    return name, names[3]


def _attention(
    g: GraphBuilder,
    layer: int,
    weights: Weights,
    size: Size,
    precision: Precision,
    x: str,
) -> str:
    """Add what ``x`` takes from itself and the past."""
    kinds = ("queries", "keys", "values")
    joined = np.concatenate([weights[f"attention.{kind}.weight"] for kind in kinds])
    asked = product(g, x, f"asked{layer}", joined, precision)
    past = [f"keys{layer}", f"values{layer}"]
    shape = [1, size.heads, size.context, size.head]
    for name in past:
        g.input(name, precision.cache, shape)
        g.output(f"next_{name}", precision.cache, shape)
    operands = [asked, "", "", *past, "last", "total"]
    how = {}
    if precision.cache == "int8":
        scale = g.number(f"past_scale{layer}", 1 / 127)
        operands += [""] * 5 + [scale, scale]
        how = {"k_quant_type": "PER_TENSOR", "v_quant_type": "PER_TENSOR", "kv_cache_bit_width": 8}
    return g.add_many(
        "GroupQueryAttention",
        operands,
        [f"taken{layer}", *(f"next_{name}" for name in past)],
        domain=RUNTIME,
        num_heads=size.heads,
        kv_num_heads=size.heads,
        scale=size.head**-0.5,
        **how,
    )[0]


def _bias(g: GraphBuilder, name: str, value: np.ndarray, precision: Precision) -> str:
    return g.constant(name, value.astype(precision.dtype))


def _ints(g: GraphBuilder, name: str, value) -> str:
    return g.constant(name, np.array(value, np.int64))
