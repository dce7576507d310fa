"""What the audio thread tells a separator of one note: a row of int64, a column for each feature's value.

The columns follow the table of features, so that a feature is added by a row there and its value here.
"""

from itertools import accumulate

from numba import njit

from realtime.contract.features import CHORD_ABOVE, FEATURES, MAX_BEAT, NO_PITCH, NO_TIME, RECENT_MS
from realtime.engine.state import DATA1, DATA2, FRAME, PARTS

SEPARATOR, RESTART = 0, 1
_FIRST = 2
COUNTS = tuple(feature.size for feature in FEATURES.values())
"""Values of each feature, by code; 0: one for each part."""
COLUMNS = tuple(accumulate((count or PARTS for count in COUNTS[:-1]), initial=_FIRST))
"""First column of each feature, by code."""
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
def describe(s, request, event, tick, resolution, chord_index):
    """Write what the host knows of a note-on into its request."""
    frame = s.frame + event[FRAME]
    request[PITCH] = event[DATA1]
    request[VELOCITY] = event[DATA2]
    request[POSITION] = tick % resolution
    request[BEAT] = min(tick // resolution, MAX_BEAT)
    request[TICK] = tick
    request[CHORD_INDEX] = chord_index
    request[SINCE_NOTE] = since(s, frame, s.note_onset)
    for i in range(CHORD_ABOVE):
        request[ABOVE + i] = s.chord_above[i]
    for label in range(s.slot_labels[s.slot]):
        part = s.slot_label_part[s.slot, label]
        if part < 0:  # a label that no part of the ensemble plays
            request[LAST + label] = NO_PITCH
            request[CHORD_LAST + label] = NO_PITCH
            request[SOUNDING + label] = 0
            request[DOWN + label] = 0
            request[SINCE_ONSET + label] = NO_TIME
            request[SINCE_RELEASE + label] = NO_TIME
            request[SINCE_PITCH + label] = NO_TIME
            request[NEAREST + label] = NO_PITCH
            continue
        channel = s.slot * PARTS + part
        request[LAST + label] = s.last_pitch[part]
        request[CHORD_LAST + label] = s.chord_last_pitch[part]
        request[SOUNDING + label] = s.channel_notes[channel] + s.chord_taken[part]
        request[DOWN + label] = s.channel_down[channel] + s.chord_taken[part]
        request[SINCE_ONSET + label] = since(s, frame, s.last_onset[part])
        request[SINCE_RELEASE + label] = since(s, frame, s.channel_released[channel])
        earliest = frame - RECENT_MS * s.rate / MILLISECONDS
        this = s.pitch_onset[part, event[DATA1]]
        request[SINCE_PITCH + label] = since(s, frame, this if this >= earliest else -1)
        request[NEAREST + label] = nearest_pitch(s, part, event[DATA1], earliest)
