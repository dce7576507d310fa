"""A separator that is to be measured, as it is asked for: its name, and the values that it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime.contract.library import find_plugin
from realtime.contract.manifest import Manifest
from realtime.contract.plugin import Plugin
from realtime.contract.spelling import CHANNEL, parameters_of, spelled_parameter
from realtime.contract.tensors import parameter_values


@dataclass(frozen=True, eq=False)
class Asked:
    """A separator, and the values that stood behind its name."""

    plugin: Plugin
    values: str = ""
    """``value,value...``, or nothing: its parameters have their defaults."""

    @property
    def manifest(self) -> Manifest:
        """What the plugin says of itself."""
        return self.plugin.manifest

    @property
    def name(self) -> str:
        """What it was asked for as."""
        return f"{self.manifest.name}:{self.values}" if self.values else self.manifest.name

    def parameters(self, parts: int) -> dict[str, Sequence[float]]:
        """Return the parameters that were given, by name.

        Raises:
            ValueError: it takes no such values.
        """
        return spelled_parameter(self.manifest, self.values, parts) if self.values else {}

    def told(self, parts: int) -> dict[str, dict[str, Any]]:
        """Return of each parameter by name, as JSON, what it is set to, and whether that is its default.

        Raises:
            ValueError: it takes no such values.
        """
        given, parts = self.parameters(parts), len(self.manifest.parts) or parts
        return {
            tensor.name: {
                "values": parameter_values(tensor, parts, given.get(tensor.name)).ravel().tolist(),
                "default": tensor.name not in given,
            }
            for tensor in parameters_of(self.manifest)
        }

    def left(self, parts: int) -> str:
        """Return a sentence on the parameters that were left at their defaults; none: an empty one."""
        told = self.told(parts)
        left = [
            f"{name} {','.join(f'{value:g}' for value in parameter['values'])}"
            for name, parameter in told.items()
            if parameter["default"]
        ]
        if not left:
            return ""
        others = f"; {self.name}:VALUE,VALUE... gives others" if len(told) == 1 else ""
        return f"{self.name} is measured with its default{'s' * (len(left) > 1)} {' and '.join(left)}{others}"


def find_asked(text: str) -> Asked:
    """Return the separator that ``NAME`` or ``NAME:value,value...`` asks for.

    Raises:
        ValueError: there is none of this name, or it is broken.
    """
    name, _, values = text.partition(":")
    if name == CHANNEL:
        raise ValueError(
            f"there is nothing to measure of {CHANNEL}: each MIDI channel plays the part of its number"
        )
    return Asked(find_plugin(name), values)
