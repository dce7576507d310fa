"""Which part a note goes to: by a separator's scores, by the closest last pitch, or by its MIDI channel.

Parts that are switched off, or do not reach a pitch, come last in each of them.
"""

from math import exp, inf

from numba import njit

from realtime.contract.features import NO_PITCH
from realtime.engine.codes import DATA1, PARTS, STATUS

FITS, OUT_OF_RANGE, SWITCHED_OFF = range(3)
FAR = 1 << 30


@njit
def misfit(s, channel, pitch):
    """Return how ill a part suits a pitch: 0 not at all, 1 out of its range, 2 not to be played.

    A note always goes to someone: to a part that is worse only where none is better.
    """
    if not s.part_plays[channel] or not (s.kept_to >> channel % PARTS) & 1:
        return SWITCHED_OFF
    return FITS if s.part_lowest[channel] <= pitch <= s.part_highest[channel] else OUT_OF_RANGE


@njit
def by_rule(s, pitch):
    """Return the part whose last pitch is closest, among those that reach the pitch; ties to the first.

    Parts that already have a note of this chord come last, those that do not reach the pitch after them, and
    those that are switched off at the end. A part that has not played yet stands where ``part_start`` says.
    """
    best, best_distance = 0, FAR
    for choice in range(4):  # free and in range, in range, switched on, any
        for part in range(s.slot_parts[s.slot]):
            channel = s.slot * PARTS + part
            if misfit(s, channel, pitch) > max(choice - 1, 0):
                continue
            if choice < 1 and s.chord_taken[part]:
                continue
            last = s.chord_last_pitch[part]
            if last == NO_PITCH:
                last = s.part_start[channel]
            if abs(pitch - last) < best_distance:
                best, best_distance = part, abs(pitch - last)
        if best_distance < FAR:
            break
    return best


@njit
def by_channel(s, event):
    """Return the part of a note's MIDI channel (channel 1 is the first part), or -1.

    That is where there is no such part, or where it suits the pitch less than another does.
    """
    part, pitch = event[STATUS] & 0x0F, event[DATA1]
    if part >= s.slot_parts[s.slot]:
        return -1
    least = misfit(s, s.slot * PARTS + part, pitch)
    for other in range(s.slot_parts[s.slot]):
        if misfit(s, s.slot * PARTS + other, pitch) < least:
            return -1
    return part


@njit
def by_scores(s, scores, pitch):
    """Return the best part by a separator's scores, of those that suit the pitch, and its probability.

    -1 where a score is NaN or infinite, where none is above minus infinity (which rules a part out), or no
    part of the ensemble has a label of this separator.
    """
    labels = s.slot_labels[s.slot]
    highest = -inf
    for label in range(labels):
        if not scores[label] < inf:
            return -1, 0.0
        highest = max(highest, scores[label])
    if highest == -inf:
        return -1, 0.0
    total, best, best_score = 0.0, -1, -inf
    for label in range(labels):
        total += exp(scores[label] - highest)
    for worst in range(SWITCHED_OFF + 1):
        for label in range(labels):
            part = s.slot_label_part[s.slot, label]
            if part < 0 or misfit(s, s.slot * PARTS + part, pitch) > worst:
                continue
            if scores[label] > best_score:
                best, best_score = part, scores[label]
        if best >= 0:
            break
    return best, exp(best_score - highest) / total
