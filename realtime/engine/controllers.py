"""What each control change does: one table, from which the audio thread's policy array derives.

The host keeps the pedals itself (``owner``): a pedal then holds exactly the notes of the keyboard that it
belongs to, on whatever instruments they are, across ensemble switches; synths never see it.
"""

from enum import IntEnum

import numpy as np


class Policy(IntEnum):
    """What the engine does with a control change."""

    FORWARD = 0
    """Sent to the parts that this keyboard plays; others get it with their next note."""
    IGNORE = 1
    SUSTAIN = 2
    SOSTENUTO = 3
    SOFT = 4
    VOLUME = 5
    """Scales each part's own volume, so that the balance of the ensemble stays."""
    SOUND_OFF = 6
    RESET = 7
    NOTES_OFF = 8


CONTROLS: dict[int, tuple[Policy, str]] = {
    0: (Policy.IGNORE, "bank select: the ensemble chooses its instruments"),
    6: (Policy.IGNORE, "data entry: registered parameters belong to one instrument"),
    7: (Policy.VOLUME, "channel volume"),
    8: (Policy.IGNORE, "balance: the ensemble places its parts"),
    10: (Policy.IGNORE, "pan: the ensemble places its parts"),
    32: (Policy.IGNORE, "bank select, fine"),
    38: (Policy.IGNORE, "data entry, fine"),
    39: (Policy.IGNORE, "channel volume, fine: each part's volume is scaled in 128 steps"),
    40: (Policy.IGNORE, "balance, fine"),
    42: (Policy.IGNORE, "pan, fine"),
    64: (Policy.SUSTAIN, "damper pedal"),
    66: (Policy.SOSTENUTO, "sostenuto pedal"),
    67: (Policy.SOFT, "soft pedal"),
    69: (Policy.IGNORE, "hold 2: no standard effect"),
    84: (
        Policy.IGNORE,
        "portamento control: belongs to the next note, not to a part",
    ),
    88: (Policy.IGNORE, "high resolution velocity prefix: belongs to the next note, not to a part"),
    91: (Policy.IGNORE, "reverb send: the ensemble's"),
    93: (Policy.IGNORE, "chorus send: the ensemble's"),
    **dict.fromkeys(range(96, 102), (Policy.IGNORE, "parameter numbers")),
    120: (Policy.SOUND_OFF, "all sound off"),
    121: (Policy.RESET, "reset all controllers"),
    122: (Policy.IGNORE, "local control: about the keyboard's own sound"),
    **dict.fromkeys(range(123, 128), (Policy.NOTES_OFF, "all notes off, and the modes that imply it")),
}

DEFAULTS: dict[int, int] = {7: 127, 11: 127, **dict.fromkeys(range(70, 80), 64)}
"""Controllers that do not rest at 0: volume and expression are full, sound controllers centred."""

NOT_RESET = (*range(70, 80), *range(91, 96))
"""What reset all controllers leaves alone, besides what is not forwarded: MIDI 1.0, RP-015."""


def policies() -> np.ndarray:
    """Return the policy of each controller number: int8, shape (128,)."""
    table = np.full(128, Policy.FORWARD, np.int8)
    for number, (policy, _) in CONTROLS.items():
        table[number] = policy
    return table


def resets() -> np.ndarray:
    """Return which controllers go back to rest with reset all controllers: int8, shape (128,)."""
    table = (policies() == Policy.FORWARD).astype(np.int8)
    table[list(NOT_RESET)] = 0
    return table


def defaults() -> np.ndarray:
    """Return the rest position of each controller: int16, shape (128,)."""
    table = np.zeros(128, np.int16)
    for number, value in DEFAULTS.items():
        table[number] = value
    return table
