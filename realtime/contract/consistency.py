"""What a manifest must say to make sense, beyond what its schema can express."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from realtime.contract.continuation import check_continuation
from realtime.contract.error import PluginError
from realtime.contract.features import FEATURES
from realtime.contract.kinds import CONTINUATION, KINDS
from realtime.contract.manifest import Dim, Input, Manifest, Output
from realtime.contract.tensors import MAX_PARTS, element_count, fits

MAX_ELEMENTS = 2**24
"""Elements of one tensor, so that the buffers a manifest asks for stay affordable."""

FIELDS_OF: Mapping[str, tuple[str, ...]] = {
    "state": ("initial",),
    "parameter": ("default", "clip"),
    **dict.fromkeys((name for kind in KINDS.values() for name in kind.features), ("offset", "clip")),
}
"""The optional fields that mean something for each source of an input."""

OPTIONAL = ("offset", "clip", "initial", "default")

NOTE_SHAPES: tuple[tuple[Dim, ...], ...] = (("notes",), ("notes", 1))
"""Of a feature that is told for all notes of a piece."""


def check_manifest(manifest: Manifest) -> None:
    """Check that the tensors of ``manifest`` fit each other and the host.

    Raises:
        PluginError: the first thing that does not fit, by its field.
    """
    name = manifest.name
    _check_kind(manifest)
    _check_unique(name, "parts", manifest.parts)
    _check_unique(name, "inputs", (tensor.name for tensor in manifest.inputs))
    _check_unique(name, "outputs", (tensor.name for tensor in manifest.outputs))
    for kind, tensors in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
        for tensor in tensors:
            # Sizes are Python integers: eight dimensions of a million do not overflow.
            if element_count(tensor, MAX_PARTS) > MAX_ELEMENTS:
                field = f"{kind} {tensor.name!r} shape"
                raise PluginError(name, field, f"more than {MAX_ELEMENTS} elements; make it smaller")
    for tensor in manifest.inputs:
        _check_input(manifest, tensor)
    _check_states(manifest)
    if manifest.kind != CONTINUATION:
        _check_scores(manifest)
    check_continuation(manifest)


def _check_kind(manifest: Manifest) -> None:
    kind = KINDS[manifest.kind]
    known = (*kind.features, *kind.sources)
    for place, tensors in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
        for tensor in tensors:
            field = f"{place} {tensor.name!r}"
            if isinstance(tensor, Input) and tensor.source not in known:
                raise PluginError(
                    manifest.name,
                    f"{field} source",
                    f"a {manifest.kind} is not told {tensor.source!r}; choose one of {', '.join(known)}",
                )
            if isinstance(tensor, Output) and tensor.role not in kind.roles:
                raise PluginError(
                    manifest.name,
                    f"{field} role",
                    f"a {manifest.kind} has no {tensor.role!r}; choose one of {', '.join(kind.roles)}",
                )
            if tensor.dtype not in kind.dtypes:
                choice = ", ".join(kind.dtypes)
                problem = f"a {manifest.kind} has no {tensor.dtype}; choose one of {choice}"
                raise PluginError(manifest.name, f"{field} dtype", problem)
            if "rows" in tensor.shape and manifest.kind != CONTINUATION:
                problem = "it has no 'rows' here; give numbers, or 'parts'"
                raise PluginError(manifest.name, f"{field} shape", problem)
            fed = isinstance(tensor, Output) or tensor.source in kind.features
            if "notes" in tensor.shape and not (kind.sequence and fed):
                raise PluginError(
                    manifest.name, f"{field} shape", "it has no 'notes' here; give numbers, or 'parts'"
                )


def possible_parts(manifest: Manifest) -> tuple[int, ...]:
    """Return numbers of parts that tell whether a shape is right for every number the plugin can serve."""
    # Two different numbers suffice: f * parts**k = parts holds at both only where f = 1 and k = 1.
    return (len(manifest.parts),) if manifest.parts else (2, 3)


def _check_unique(name: str, field: str, values: Iterable[str]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise PluginError(name, field, f"{value!r} appears {count} times; give each a name of its own")


def _check_input(manifest: Manifest, tensor: Input) -> None:
    field = f"inputs {tensor.name!r}"
    for option in OPTIONAL:
        if getattr(tensor, option) and option not in FIELDS_OF[tensor.source]:
            raise PluginError(
                manifest.name, f"{field} {option}", f"has no meaning for source {tensor.source!r}; remove it"
            )
    if tensor.clip is not None and tensor.clip[0] > tensor.clip[1]:
        raise PluginError(manifest.name, f"{field} clip", "its lowest is above its highest; swap them")
    if tensor.source == "parameter":
        _check_default(manifest, tensor, f"{field} default")
    elif tensor.source == "state":
        if not fits(tensor.initial, tensor.dtype):
            raise PluginError(
                manifest.name,
                f"{field} initial",
                f"{tensor.initial} is no {tensor.dtype}; give a value that fits",
            )
    else:
        _check_feature(manifest, tensor, field)


def _check_default(manifest: Manifest, tensor: Input, field: str) -> None:
    if not tensor.default:
        raise PluginError(manifest.name, field, "missing; a parameter needs one value or more")
    if "parts" not in tensor.shape and len(tensor.default) > element_count(tensor, 1):
        raise PluginError(
            manifest.name,
            field,
            f"{len(tensor.default)} values for {element_count(tensor, 1)} elements; give no more than that",
        )
    low, high = tensor.clip or (-math.inf, math.inf)
    for value in tensor.default:
        if not fits(value, tensor.dtype):
            raise PluginError(manifest.name, field, f"{value} is no {tensor.dtype}; give values that fit")
        if not low <= value <= high:
            raise PluginError(manifest.name, field, f"{value} is outside its clip, {low} to {high}")


def _check_feature(manifest: Manifest, tensor: Input, field: str) -> None:
    if KINDS[manifest.kind].sequence:
        if tensor.shape not in NOTE_SHAPES:
            wanted = " or ".join(map(_plain, NOTE_SHAPES))
            problem = f"source {tensor.source!r} is a number for each note; declare {wanted}"
            raise PluginError(manifest.name, f"{field} shape", problem)
        return
    if manifest.kind == CONTINUATION:  # their shapes are fixed: check_continuation tells them
        return
    feature = FEATURES[tensor.source]
    for parts in possible_parts(manifest):
        if element_count(tensor, parts) != (parts if feature.per_part else feature.size):
            wanted = "an element for each part" if feature.per_part else f"{feature.size} element"
            wanted += "s" if feature.size > 1 else ""
            raise PluginError(
                manifest.name, f"{field} shape", f"source {tensor.source!r} is {wanted}; declare that shape"
            )


def _check_states(manifest: Manifest) -> None:
    states = {tensor.name: tensor for tensor in manifest.inputs if tensor.source == "state"}
    fed: Counter[str] = Counter()
    for output in manifest.outputs:
        field = f"outputs {output.name!r} feeds"
        if output.role != "state":
            if output.feeds is not None:
                raise PluginError(manifest.name, field, "only an output of role 'state' feeds; remove it")
            continue
        if output.feeds is None:
            raise PluginError(manifest.name, field, "missing; name the state input it feeds")
        if output.feeds not in states:
            raise PluginError(
                manifest.name, field, f"{output.feeds!r} is no input of source 'state'; name one that is"
            )
        _check_same(manifest, output, states[output.feeds])
        fed[output.feeds] += 1
    for name in states:
        if fed[name] != 1:
            raise PluginError(
                manifest.name,
                f"inputs {name!r}",
                f"fed by {fed[name]} outputs; let exactly one state output feed it",
            )


def _check_same(manifest: Manifest, output: Output, state: Input) -> None:
    for attribute in ("dtype", "shape"):
        given, taken = getattr(output, attribute), getattr(state, attribute)
        if given != taken:
            raise PluginError(
                manifest.name,
                f"outputs {output.name!r} {attribute}",
                f"{_plain(given)} feeds {state.name!r} of {_plain(taken)}; make them equal",
            )


def _plain(value: str | tuple[Dim, ...]) -> str:
    return value if isinstance(value, str) else "[" + ", ".join(map(str, value)) + "]"


def _check_scores(manifest: Manifest) -> None:
    scores = [output for output in manifest.outputs if output.role == "scores"]
    if len(scores) != 1:
        raise PluginError(manifest.name, "outputs", f"{len(scores)} of role 'scores'; declare exactly one")
    field = f"outputs {scores[0].name!r}"
    if scores[0].dtype != "float32":
        raise PluginError(manifest.name, f"{field} dtype", f"scores are {scores[0].dtype}; make them float32")
    shape = scores[0].shape
    if KINDS[manifest.kind].sequence and (len(shape) != 2 or shape[0] != "notes" or shape[1] == "notes"):
        problem = "scores need a row for each note; declare [notes, parts]"
        raise PluginError(manifest.name, f"{field} shape", problem)
    for parts in possible_parts(manifest):
        if element_count(scores[0], parts) != parts:
            raise PluginError(
                manifest.name, f"{field} shape", "scores need one element for each part; declare that"
            )
