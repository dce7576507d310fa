"""What a host knows about a note at the moment it is pressed, and offers to a separator's graph.

One table drives everything: the manifest names a feature as an input's ``source``, the audio thread
writes it, and evaluation computes it from a score. A "chord" is the group of note-ons that are decided
together: those of one audio period when playing, those of one onset when evaluating a score; its notes
are presented low to high, as in training (Dong et al., ISMIR 2021, section 3). A second table is of what is
known of each note of a whole piece.
"""

from typing import NamedTuple

NO_PITCH = -1
"""``last_pitch`` of a part that has not played yet."""

NO_TIME = -1
"""Milliseconds since something that has not happened yet."""

MAX_BEAT = 4096
"""Last row of the paper's beat table: later beats are clipped to it."""

PER_PART = 0
"""Size of a feature that has one value for each part."""

CHORD_ABOVE = 4
"""How many of a chord's coming notes are told."""


RECENT_MS = 10_000
"""A part's notes that began longer ago are forgotten by ``since_pitch`` and ``nearest_pitch``."""


class Feature(NamedTuple):
    """One thing the host can tell a graph about the note at hand."""

    code: int
    """Number by which compiled code selects the feature."""
    size: int
    """How many values it has; ``PER_PART``: one for each part, in the order of the manifest's parts."""
    meaning: str

    @property
    def per_part(self) -> bool:
        """Whether there is one value for each part."""
        return self.size == PER_PART


FEATURES: dict[str, Feature] = {
    "pitch": Feature(0, 1, "MIDI key number, 0 to 127"),
    "velocity": Feature(1, 1, "MIDI velocity, 1 to 127"),
    "position": Feature(2, 1, "tick within the beat, 0 to resolution - 1"),
    "beat": Feature(3, 1, f"beat since the start, 0 to {MAX_BEAT}"),
    "tick": Feature(4, 1, "ticks since the start, resolution to the beat"),
    "chord_index": Feature(5, 1, "how many notes of this chord came before this one"),
    "last_pitch": Feature(6, PER_PART, f"pitch of each part's last note, {NO_PITCH} where it has none"),
    "chord_last_pitch": Feature(7, PER_PART, "the same, before this chord began"),
    "sounding": Feature(
        8, PER_PART, "number of each part's notes that are held by key or pedal, this chord's included"
    ),
    "down": Feature(9, PER_PART, "number of each part's keys that are down, this chord's included"),
    "since_onset": Feature(
        10, PER_PART, f"milliseconds since each part's last note began, {NO_TIME} where it has none"
    ),
    "since_release": Feature(
        11, PER_PART, f"milliseconds since a key of each part last came up, {NO_TIME} where none has"
    ),
    "since_note": Feature(
        12, 1, f"milliseconds since a note last began on any part, {NO_TIME} for the first"
    ),
    "chord_above": Feature(
        13,
        CHORD_ABOVE,
        f"pitches of the chord's next notes, which are still to be decided, low to high, then {NO_PITCH}",
    ),
    "since_pitch": Feature(
        14,
        PER_PART,
        f"milliseconds since each part last began a note of this pitch, up to {RECENT_MS}; {NO_TIME} where "
        "it has none",
    ),
    "nearest_pitch": Feature(
        15,
        PER_PART,
        f"of the notes that each part began in the last {RECENT_MS} milliseconds, the pitch nearest to this "
        f"one, of two the lower; {NO_PITCH} where there is none",
    ),
}

SEQUENCE_FEATURES: dict[str, str] = {
    "pitch": "MIDI key number, 0 to 127",
    "velocity": "MIDI velocity, 1 to 127",
    "position": "tick of the onset within the beat, 0 to resolution - 1",
    "beat": f"beat of the onset since the start, 0 to {MAX_BEAT}",
    "tick": "ticks from the start to the onset, resolution to the beat",
    "duration": "ticks from the onset to the end, resolution to the beat, at least 1",
    "start_ms": "milliseconds from the start to the onset, by the file's own tempo",
    "duration_ms": "milliseconds from the onset to the end",
    "chord_index": "place among the notes that begin at the same tick, from 0, low to high",
    "chord_size": "how many notes begin at the same tick",
}
"""What a host knows of each note of a whole piece, a number for each: names and meanings."""

CONTINUATION_FEATURES: dict[str, str] = {
    "rows": "codes of the rows that are new: type, beat, position, pitch, duration and instrument of each",
    "places": "place of each new row among all rows, from 0",
    "last": "place of the last row",
    "total": "how many rows there are, the new ones among them",
}
"""What a continuation's graph is told: names and meanings."""
