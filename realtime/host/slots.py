"""An ensemble's place in the engine's tables: what the audio thread reads of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.contract.manifest import Manifest
from realtime.engine.codes import PARTS
from realtime.engine.controllers import defaults
from realtime.ensembles.schema import Ensemble

CC_VOLUME, CC_PAN, CC_REVERB, CC_CHORUS = 7, 10, 91, 93
LOWEST_START, HIGHEST_START = 40, 80
"""From a bass part's middle to a soprano's (MIDI keys)."""


@dataclass(frozen=True)
class Mix:
    """Which parts are muted, and which are solo."""

    mute: frozenset[int] = frozenset()
    solo: frozenset[int] = frozenset()

    def silences(self, part: int) -> bool:
        """Return whether a part is not heard."""
        return part in self.mute or (bool(self.solo) and part not in self.solo)


EVEN = Mix()
"""All parts are heard."""


@dataclass(frozen=True)
class Slot:
    """An ensemble that is loaded, and the separator that serves it (None: the rule)."""

    index: int
    ensemble: Ensemble
    separator: str | None
    asked: str | None = None
    """The separator that the player asked for; None: the ensemble's own."""
    soundfont: Path | None = None
    synth: int = -1
    """Number of its synth; -1: none."""


def fill_slot(
    state: np.void,
    index: int,
    ensemble: Ensemble,
    separator: int,
    labels: Sequence[int],
    place: tuple[int, int],
    mix: Mix = EVEN,
    family: int = 0,
) -> None:
    """Write an ensemble into a slot that neither plays nor sounds.

    Args:
        state: the engine's state.
        index: the slot.
        ensemble: what is loaded.
        separator: number of its separator, or ``BY_RULE`` or ``BY_CHANNEL``.
        labels: the part that plays each label of the separator, -1 for none.
        place: number of its synth (-1: none), and that synth's channel of the first part.
        mix: which parts begin muted or solo.
        family: between two slots of one family (not 0) the separator's music goes on.
    """
    rest = defaults()
    state["slot_generation"][index] += 1
    state["slot_synth"][index], state["slot_first"][index] = place
    state["slot_separator"][index] = separator
    state["slot_restart"][index] = int(ensemble.restart_after * float(state["rate"]))
    state["slot_before"][index] = -1
    state["slot_family"][index] = family
    state["slot_labels"][index] = len(labels)
    state["slot_label_part"][index] = -1
    state["slot_label_part"][index, : len(labels)] = labels
    for number, part in enumerate(ensemble.parts):
        channel = index * PARTS + number
        state["channel_cc"][channel] = rest
        state["channel_bend"][channel], state["channel_pressure"][channel] = 8192, 0
        for control, value in (
            (CC_VOLUME, 0 if mix.silences(number) else part.volume),
            (CC_PAN, part.pan),
            (CC_REVERB, part.reverb),
            (CC_CHORUS, part.chorus),
        ):
            state["channel_cc"][channel, control] = value
        state["part_lowest"][channel], state["part_highest"][channel] = part.lowest, part.highest
        state["part_plays"][channel] = part.plays
        state["part_start"][channel] = start_pitch(number, len(ensemble.parts))
        state["part_transpose"][channel] = part.transpose
        state["part_mono"][channel] = part.voices == "mono"
        state["part_volume"][channel], state["part_pan"][channel] = part.volume, part.pan
        state["part_reverb"][channel], state["part_chorus"][channel] = part.reverb, part.chorus
        state["part_mute"][channel], state["part_solo"][channel] = number in mix.mute, number in mix.solo
        state["part_silent"][channel] = mix.silences(number)
        state["part_program"][channel], state["part_bank"][channel] = part.program, part.bank
        state["part_midi_channel"][channel] = part.channel - 1
    state["slot_parts"][index] = len(ensemble.parts)  # last: now it can be played


def start_pitch(place: int, parts: int) -> int:
    """Return where a part stands for the rule before its first note: spread over the keyboard, high to low.

    Ensembles list their parts from high to low, as scores do; ranges overlap too much to tell them apart.
    """
    return round(HIGHEST_START - (place + 0.5) / parts * (HIGHEST_START - LOWEST_START))


def label_parts(ensemble: Ensemble, manifest: Manifest | None, other: bool = False) -> list[int]:
    """Return, for each label of a separator, the part of the ensemble that plays it (-1: none).

    ``other`` says that it is not the separator that the ensemble's labels were written for: then labels that
    it does not know give way to the order of the parts.

    Raises:
        ValueError: a part asks for a label that the separator does not have, or that another part has.
    """
    if manifest is None or not manifest.parts:
        return list(range(len(ensemble.parts)))
    known = {name.lower(): place for place, name in enumerate(manifest.parts)}
    labels = [-1] * len(manifest.parts)
    in_order = other and any(part.label.lower() not in known for part in ensemble.parts if part.label)
    for place, part in enumerate(ensemble.parts):
        label = place if in_order or not part.label else known.get(part.label.lower())
        if label is None:
            raise ValueError(
                f"ensemble {ensemble.name}: parts[{place}].label {part.label!r} is not one of "
                f"{', '.join(manifest.parts)}, the parts of separator {manifest.name}"
            )
        if label >= len(labels):
            continue
        if labels[label] >= 0:
            raise ValueError(
                f"ensemble {ensemble.name}: parts[{labels[label]}] and parts[{place}] both stand for "
                f"{manifest.parts[label]} of separator {manifest.name}: give each a label of its own"
            )
        labels[label] = place
    return labels
