"""What the manifest of a continuation must say: its vocabulary is the host's, its tensors are of one form."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from realtime.contract.error import PluginError
from realtime.contract.kinds import CONTINUATION
from realtime.contract.manifest import Continuation, Dim, Graph, Input, Manifest, Output, Variant
from realtime.music.mmt.instruments import NAMES
from realtime.music.mmt.representation import FIELDS, RESOLUTION, SIZES

CODES: dict[str, int] = dict(zip(FIELDS, SIZES, strict=True))
"""Fields of a row and how many codes each has."""
TOLD: dict[str, tuple[str, tuple[Dim, ...]]] = {
    "rows": ("int64", (1, "rows", len(FIELDS))),
    "places": ("int64", (1, "rows")),
    "last": ("int32", (1,)),
    "total": ("int32", ()),
}
"""Dtype and shape of what the graph is told, by source."""
SCORES: tuple[str, tuple[Dim, ...]] = ("float32", (1, "rows", sum(SIZES)))
STATE_AXES = 4
"""Of a state: batch, heads, rows, numbers."""
CHOSEN: dict[str, float] = {"temperature": math.inf, "threshold": 1.0}
"""Settings of the sampling that may be chosen for a model, and the most that they can be.

Its manifest says them among its metrics, as ``sampling_NAME_FIELD``.
"""


def check_continuation(manifest: Manifest) -> None:
    """Check what a continuation's manifest says, and that no other kind says any of it.

    Raises:
        PluginError: the first thing that does not fit, by its field.
    """
    told = manifest.continuation
    if manifest.kind != CONTINUATION:
        if told is not None:
            raise PluginError(manifest.name, "continuation", f"a {manifest.kind} has none; remove it")
        return
    if told is None:
        raise _refusal(manifest, "continuation", "missing; say its context, fields, instruments and variants")
    if manifest.parts:
        raise _refusal(manifest, "parts", "a continuation has no parts, but instruments; remove them")
    for field, given, wanted in (
        ("resolution", manifest.resolution, RESOLUTION),
        ("continuation fields", list(told.fields.items()), list(CODES.items())),
        ("continuation instruments", list(told.instruments), list(NAMES[1:])),
    ):
        if given != wanted:
            raise _refusal(manifest, field, f"not what the host reads and plays, {_short(wanted)}")
    _check_tensors(manifest, told.context)
    _check_variants(manifest, told)
    _check_sampling(manifest)


def chosen_sampling(metrics: Mapping[str, float]) -> dict[str, tuple[float, ...]]:
    """Return the settings of ``Sampling`` that were chosen for a model, each with a number for each field.

    One that its manifest does not say of every field is left out.
    """
    found: dict[str, tuple[float, ...]] = {}
    for name in CHOSEN:
        told = tuple(metrics[key] for field in FIELDS if (key := f"sampling_{name}_{field}") in metrics)
        if len(told) == len(FIELDS):
            found[name] = told
    return found


def _check_sampling(manifest: Manifest) -> None:
    for name, values in chosen_sampling(manifest.metrics).items():
        for field, value in zip(FIELDS, values, strict=True):
            if not 0 <= value <= CHOSEN[name]:
                problem = f"{value:g}; it must be a number from 0 to {CHOSEN[name]:g}"
                raise _refusal(manifest, f"metrics sampling_{name}_{field}", problem)


def _check_tensors(manifest: Manifest, context: int) -> None:
    for source, (dtype, shape) in TOLD.items():
        found = [tensor for tensor in manifest.inputs if tensor.source == source]
        if len(found) != 1:
            raise _refusal(manifest, "inputs", f"{len(found)} of source {source!r}; declare exactly one")
        _check_form(manifest, "inputs", found[0], dtype, shape)
    states = [tensor for tensor in manifest.inputs if tensor.source == "state"]
    for tensor in states:
        if len(tensor.shape) != STATE_AXES or tensor.shape[0] != 1 or tensor.shape[2] != context:
            wanted = f"[1, heads, {context}, numbers], with a line for each row of the context"
            raise _refusal(manifest, f"inputs {tensor.name!r} shape", f"a state is {wanted}; declare that")
    scores = [tensor for tensor in manifest.outputs if tensor.role == "scores"]
    if len(scores) != 1:
        raise _refusal(manifest, "outputs", f"{len(scores)} of role 'scores'; declare exactly one")
    _check_form(manifest, "outputs", scores[0], *SCORES)


def _check_form(
    manifest: Manifest, place: str, tensor: Input | Output, dtype: str, shape: Sequence[Dim]
) -> None:
    if (tensor.dtype, tensor.shape) != (dtype, tuple(shape)):
        wanted = f"{dtype} [{', '.join(map(str, shape))}]"
        raise _refusal(manifest, f"{place} {tensor.name!r}", f"not {wanted}; declare and export that")


def _check_variants(manifest: Manifest, told: Continuation) -> None:
    own = [
        variant
        for variant in told.variants.values()
        if (variant.file, variant.sha256, variant.opset)
        == (manifest.graph.file, manifest.graph.sha256, manifest.graph.opset)
    ]
    if len(own) != 1:
        problem = f"{manifest.graph.file} is {len(own)} of them; let exactly one be the graph itself"
        raise _refusal(manifest, "continuation variants", problem)
    for tensor in manifest.inputs:
        if tensor.source == "state" and tensor.dtype != own[0].cache:
            problem = f"{tensor.dtype} declared, {own[0].cache} by its variant's cache; make them equal"
            raise _refusal(manifest, f"inputs {tensor.name!r} dtype", problem)


def variant_of(manifest: Manifest, name: str) -> tuple[Variant, Manifest]:
    """Return a variant of a continuation, and what the manifest would be if its graph were that one.

    Raises:
        ValueError: there is none of that name.
    """
    told = manifest.continuation
    if told is None or name not in told.variants:
        known = ", ".join(told.variants) if told else "none"
        raise ValueError(f"plugin {manifest.name} has no variant {name!r}: choose one of {known}")
    variant = told.variants[name]
    states = {tensor.name for tensor in manifest.inputs if tensor.source == "state"}
    inputs = (
        msgspec.structs.replace(tensor, dtype=variant.cache) if tensor.name in states else tensor
        for tensor in manifest.inputs
    )
    outputs = (
        msgspec.structs.replace(tensor, dtype=variant.cache) if tensor.feeds in states else tensor
        for tensor in manifest.outputs
    )
    graph = Graph(variant.sha256, variant.opset, variant.file)
    return variant, msgspec.structs.replace(
        manifest, graph=graph, inputs=tuple(inputs), outputs=tuple(outputs)
    )


def _refusal(manifest: Manifest, field: str, problem: str) -> PluginError:
    return PluginError(manifest.name, field, problem)


def _short(wanted: object, most: int = 120) -> str:
    text = str(wanted)
    return text if len(text) <= most else text[: most - 3] + "..."
