"""What the audio thread tells a separator of one note: a row of int64, a column for each feature's value.

The columns follow the table of features, so that a feature is added by a row there and its value here. What
is known of each part is described by part here; ``history`` puts it in the order of a separator's labels.
"""

from itertools import accumulate

from numba import njit

from realtime.contract.features import CHORD_ABOVE, FEATURES, NO_PITCH, NO_TIME, RECENT_MS
from realtime.engine.codes import DATA1, DATA2, FRAME, PARTS

SEPARATOR, RESTART = 0, 1
_FIRST = 2
COUNTS = tuple(feature.size for feature in FEATURES.values())
"""Values of each feature, by code; 0: one for each part."""
COLUMNS = tuple(accumulate((count or PARTS for count in COUNTS[:-1]), initial=_FIRST))
"""First column of each feature, by code."""
NOTHING = tuple(
    0 if name in ("sounding", "down") else NO_TIME if name.startswith("since") else NO_PITCH
    for name in FEATURES
)
"""Value of each feature for a label that no part of the ensemble plays, by code."""
PITCH, VELOCITY, POSITION, BEAT, TICK = (
    COLUMNS[FEATURES[name].code] for name in ("pitch", "velocity", "position", "beat", "tick")
)
CHORD_INDEX, CHORD_LAST, LAST = (
    COLUMNS[FEATURES[name].code] for name in ("chord_index", "chord_last_pitch", "last_pitch")
)
SOUNDING, DOWN, SINCE_ONSET = (COLUMNS[FEATURES[name].code] for name in ("sounding", "down", "since_onset"))
SINCE_RELEASE, SINCE_NOTE, ABOVE = (
    COLUMNS[FEATURES[name].code] for name in ("since_release", "since_note", "chord_above")
)
SINCE_PITCH, NEAREST = (COLUMNS[FEATURES[name].code] for name in ("since_pitch", "nearest_pitch"))
KEYS = 128
MILLISECONDS = 1000


@njit
def since(s, frame, earlier):
    """Return the milliseconds from frame ``earlier`` (-1: never) to ``frame``."""
    if earlier < 0:
        return NO_TIME
    return int(max(frame - earlier, 0) * MILLISECONDS / s.rate)


@njit
def nearest_pitch(s, part, pitch, earliest):
    """Return the pitch nearest to ``pitch`` that a part began since frame ``earliest``, or ``NO_PITCH``."""
    for distance in range(KEYS):
        for other in (pitch - distance, pitch + distance):  # of two, the lower
            if 0 <= other < KEYS and s.pitch_onset[part, other] >= max(earliest, 0):
                return other
    return NO_PITCH


@njit
def describe(s, row, event, chord_index):
    """Write what the host knows of a note-on into its row of the history, but for its place in the beat.

    A part may sound on the channels of several slots: those whose place its own has taken.
    """
    frame = s.frame + event[FRAME]
    row[PITCH] = event[DATA1]
    row[VELOCITY] = event[DATA2]
    row[CHORD_INDEX] = chord_index
    row[SINCE_NOTE] = since(s, frame, s.note_onset)
    for i in range(CHORD_ABOVE):
        row[ABOVE + i] = s.chord_above[i]
    earliest = frame - RECENT_MS * s.rate / MILLISECONDS
    for part in range(s.slot_parts[s.slot]):
        row[LAST + part] = s.last_pitch[part]
        row[CHORD_LAST + part] = s.chord_last_pitch[part]
        notes, down, released = s.chord_taken[part], s.chord_taken[part], -1
        slot = s.slot
        while slot >= 0:
            channel = slot * PARTS + part
            notes += s.channel_notes[channel]
            down += s.channel_down[channel]
            released = max(released, s.channel_released[channel])
            slot = s.slot_before[slot]
        row[SOUNDING + part] = notes
        row[DOWN + part] = down
        row[SINCE_ONSET + part] = since(s, frame, s.last_onset[part])
        row[SINCE_RELEASE + part] = since(s, frame, released)
        this = s.pitch_onset[part, event[DATA1]]
        row[SINCE_PITCH + part] = since(s, frame, this if this >= earliest else -1)
        row[NEAREST + part] = nearest_pitch(s, part, event[DATA1], earliest)
