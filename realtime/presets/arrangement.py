"""From a preset to what is loaded for it: its ensemble, with the parts as it says, and who plays them."""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from realtime.ensembles.schema import Ensemble
from realtime.host.slots import Mix
from realtime.presets.files import PresetError

PART = re.compile(r"parts/([0-9]+)/([a-z_]+)")
RULE = "rule"
LOADED = ("ensemble", "separator", "soundfont")


@dataclass(frozen=True)
class Arrangement:
    """What is loaded for a preset."""

    ensemble: Ensemble
    separator: str | None
    mix: Mix
    soundfont: Path | None
    rest: dict[str, Any]
    """Controls that are set when it plays."""

    @property
    def family(self) -> int:
        """A number that presets share whose ensemble and separator are the same: the music goes on."""
        return zlib.crc32(f"{self.ensemble.name} {self.separator or self.ensemble.separator}".encode()) | 1


def arrange(controls: dict[str, Any], ensemble: Ensemble) -> Arrangement:
    """Return what a preset's controls say of ``ensemble``.

    Raises:
        PresetError: they speak of a part that the ensemble does not have.
    """
    parts = list(ensemble.parts)
    rest: dict[str, Any] = {}
    sets: dict[str, set[int]] = {"mute": set(), "solo": set()}
    for name, value in controls.items():
        found = PART.fullmatch(name)
        if not found:
            if name not in LOADED:
                rest[name] = value
            continue
        place, field = int(found[1]) - 1, found[2]
        if place >= len(parts):
            raise PresetError(f"{name}: ensemble {ensemble.name} has {len(parts)} parts")
        if field in sets:
            sets[field] |= {place} if value else set()
        elif field == "range":
            parts[place] = structs.replace(parts[place], lowest=value[0], highest=value[1])
        else:
            parts[place] = structs.replace(parts[place], **{field: value})
    separator = controls.get("separator", RULE)
    font = controls.get("soundfont")
    return Arrangement(
        structs.replace(ensemble, parts=tuple(parts)),
        None if separator in (RULE, ensemble.separator) else separator,
        Mix(frozenset(sets["mute"]), frozenset(sets["solo"])),
        Path(font) if font else None,
        rest,
    )


def neighbours(names: list[str], current: str) -> Iterable[str]:
    """Yield the presets that are likely next: the one after, the one before, and then the others in turn."""
    if current not in names:
        yield from names
        return
    place = names.index(current)
    for step in range(1, len(names)):
        for other in (place + step, place - step):
            if 0 <= other < len(names):
                yield names[other]
