"""Names of pitches: C4 is 60, middle C."""

import re

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ALTERATIONS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_NAME = re.compile(r"([A-Ga-g])([#♯b♭]?)(-?\d)")


def parse_pitch(name: str) -> int:
    """Return the MIDI key number (0 to 127) of a note name such as ``C4``, ``F#3`` or ``Bb-1``.

    Raises:
        ValueError: it is not a note name, or no MIDI key has it.
    """
    found = _NAME.fullmatch(name.strip())
    if not found:
        raise ValueError(f"{name!r} is not a note name")
    step, alteration, octave = found.groups()
    pitch = 12 * (int(octave) + 1) + _STEPS[step.upper()] + _ALTERATIONS[alteration]
    if not 0 <= pitch <= 127:
        raise ValueError(f"{name!r} is outside of MIDI's keys, C-1 to G9")
    return pitch
