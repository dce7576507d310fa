"""What a host knows about a note at the moment it is pressed, and offers to a separator's graph.

One table drives everything: the manifest names a feature as an input's ``source``, the audio thread
writes it, and evaluation computes it from a score. A "chord" is the group of note-ons that are decided
together: those of one audio period when playing, those of one onset when evaluating a score; its notes
are presented low to high, as in training (Dong et al., ISMIR 2021, section 3).
"""

from typing import NamedTuple

NO_PITCH = -1
"""``last_pitch`` of a part that has not played yet."""

MAX_BEAT = 4096
"""Last row of the paper's beat table: later beats are clipped to it."""


class Feature(NamedTuple):
    """One thing the host can tell a graph about the note at hand."""

    code: int
    """Number by which compiled code selects the feature."""
    per_part: bool
    """True: one value for each part, in the order of the manifest's parts. False: one value."""
    meaning: str


FEATURES: dict[str, Feature] = {
    "pitch": Feature(0, False, "MIDI key number, 0 to 127"),
    "velocity": Feature(1, False, "MIDI velocity, 1 to 127"),
    "position": Feature(2, False, "tick within the beat, 0 to resolution - 1"),
    "beat": Feature(3, False, f"beat since the start, 0 to {MAX_BEAT}"),
    "tick": Feature(4, False, "ticks since the start, resolution to the beat"),
    "chord_index": Feature(5, False, "how many notes of this chord came before this one"),
    "last_pitch": Feature(6, True, f"pitch of each part's last note, {NO_PITCH} where it has none"),
    "chord_last_pitch": Feature(7, True, "the same, before this chord began"),
    "sounding": Feature(8, True, "number of each part's notes that are still held"),
}
