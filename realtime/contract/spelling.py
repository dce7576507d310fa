"""A separator as it is asked for: ``NAME``, ``NAME:value,value...``, or ``channel``, which is none."""

from collections.abc import Sequence

from realtime.contract.manifest import Input, Manifest
from realtime.contract.tensors import element_count, parameter_values

CHANNEL = "channel"
"""In place of a separator's name: each MIDI channel plays the part of its number."""


def parameters_of(manifest: Manifest) -> list[Input]:
    """Return the inputs of a separator that a user can set."""
    return [tensor for tensor in manifest.inputs if tensor.source == "parameter"]


def spelled_parameter(manifest: Manifest, values: str, parts: int) -> dict[str, Sequence[float]]:
    """Return the parameter that ``NAME:values`` sets: the separator's only one.

    What is left out keeps its default, and the default's last value ends the list: ``split:60`` is 60 and
    then 0, the lowest key of the second part.

    Raises:
        ValueError: it has none, or the values are not numbers, more than it takes, or none that it can take.
    """
    tensors = parameters_of(manifest)
    if len(tensors) != 1:
        raise ValueError(f"separator {manifest.name} takes no value after a colon")
    try:
        given = [float(v) for v in values.split(",")]
    except ValueError:
        raise ValueError(f"{manifest.name}:{values}: give numbers with commas, such as split:60") from None
    (tensor,), parts = tensors, len(manifest.parts) or parts
    rest = tensor.default[len(given) :] or tensor.default[-1:]
    told = [*given, *rest][: max(element_count(tensor, parts), len(given))]
    try:
        parameter_values(tensor, parts, told)
    except ValueError as error:
        raise ValueError(f"{manifest.name}:{values}: {error}") from None
    return {tensor.name: told}
