"""What the host changes while playing: settings of parts, slots that take another's place, mappings.

A part's settings act at once, as on a mixer: what sounds gets louder, moves or falls silent, and keeps its
owner. What a note is made of (its program, its SoundFont) never changes while it sounds: another slot is made
ready and takes over; the notes that are held end on the slot on which they began.
"""

from numba import int64, njit, void

from realtime.engine.codes import (
    CONTROL_PORT,
    DATA1,
    DATA2,
    FRAME,
    KEYS,
    MAPPED_CONTROL,
    MAPPED_KEY,
    PARTS,
    PLAN_PORT,
    PORT,
    SLOTS,
    SOURCES,
    STATUS,
    Log,
    Setting,
)
from realtime.engine.output import (
    CC_CHORUS,
    CC_PAN,
    CC_REVERB,
    CC_VOLUME,
    CONTROL,
    NOTE_OFF,
    NOTE_ON,
    announce,
    emit,
)
from realtime.engine.rings import RECORD, log
from realtime.engine.separation import catch_up
from realtime.engine.waiting import last_strike, strikes

VOLUME, PAN, REVERB, CHORUS, MUTE, SOLO, TRANSPOSE, MONO = (int(setting) for setting in Setting)
INPUT, ENSEMBLE = int(Log.INPUT), int(Log.ENSEMBLE)
MAPPED = 0
"""In place of the status of an event that belongs to a mapping."""


@njit
def volume(s, source, channel):
    """Return a part's volume, as a keyboard's volume control scales it; 0 where the part is silent."""
    if s.part_silent[channel]:
        return 0
    return s.part_volume[channel] * (s.source_cc[source, CC_VOLUME] if source >= 0 else 127) // 127


@njit(void(RECORD, int64, int64, int64, int64), cache=True)
def send(s, channel, number, value, offset):
    """Send a controller to a synth channel, if it stands elsewhere."""
    if s.channel_cc[channel, number] != value:
        s.channel_cc[channel, number] = value
        emit(s, offset, channel, CONTROL, number, value)


@njit
def settle(s, slot, offset):
    """Bring the channels of a slot to its parts' settings."""
    solo = False
    for channel in range(slot * PARTS, slot * PARTS + s.slot_parts[slot]):
        solo = solo or s.part_solo[channel] != 0
    for channel in range(slot * PARTS, slot * PARTS + s.slot_parts[slot]):
        s.part_silent[channel] = s.part_mute[channel] or (solo and not s.part_solo[channel])
        send(s, channel, CC_VOLUME, volume(s, s.channel_user[channel], channel), offset)
        send(s, channel, CC_PAN, s.part_pan[channel], offset)
        send(s, channel, CC_REVERB, s.part_reverb[channel], offset)
        send(s, channel, CC_CHORUS, s.part_chorus[channel], offset)


@njit
def store(s, channel, setting, value):
    """Keep a setting of a part."""
    if setting == VOLUME:
        s.part_volume[channel] = value
    elif setting == PAN:
        s.part_pan[channel] = value
    elif setting == REVERB:
        s.part_reverb[channel] = value
    elif setting == CHORUS:
        s.part_chorus[channel] = value
    elif setting == MUTE:
        s.part_mute[channel] = value
    elif setting == SOLO:
        s.part_solo[channel] = value
    elif setting == TRANSPOSE:
        s.part_transpose[channel] = value
    elif setting == MONO:
        s.part_mono[channel] = value


@njit
def set_part(s, part, setting, value, offset):
    """Change a setting of a part of the ensemble that plays, also where it still sounds on older slots."""
    slot = s.slot
    while slot >= 0:
        if part < s.slot_parts[slot]:
            store(s, slot * PARTS + part, setting, value)
            settle(s, slot, offset)
        slot = s.slot_before[slot]


@njit
def copy_settings(s, old, new):
    """Give a channel the settings of another."""
    s.part_volume[new] = s.part_volume[old]
    s.part_pan[new] = s.part_pan[old]
    s.part_reverb[new] = s.part_reverb[old]
    s.part_chorus[new] = s.part_chorus[old]
    s.part_mute[new] = s.part_mute[old]
    s.part_solo[new] = s.part_solo[old]
    s.part_transpose[new] = s.part_transpose[old]
    s.part_mono[new] = s.part_mono[old]
    s.part_lowest[new] = s.part_lowest[old]
    s.part_highest[new] = s.part_highest[old]
    s.part_plays[new] = s.part_plays[old]


@njit
def take_over(s, slot, old, told, offset):
    """Put ``slot`` in the place of ``old``: its settings, its program changes and, where it plays, its music.

    The separator of ``slot`` has been told the first ``told`` notes of the history.
    """
    if slot == old or s.slot_parts[slot] == 0 or s.slot_parts[slot] != s.slot_parts[old]:
        return
    for part in range(s.slot_parts[slot]):
        copy_settings(s, old * PARTS + part, slot * PARTS + part)
    settle(s, slot, offset)
    for program in range(KEYS):
        if s.program_slot[program] == old:
            s.program_slot[program] = slot
    s.slot_before[slot] = old
    if s.slot != old:
        return
    s.slot = slot
    s.heard += 1
    if s.slot_separator[slot] >= 0 and s.slot_separator[slot] != s.slot_separator[old]:
        catch_up(s, told)
    announce(s, offset)
    log(s, s.frame + offset, ENSEMBLE, -1, 0, 0, 0, slot * PARTS, 0)


@njit
def free(s, slot, generation):
    """Give a slot back, unless it plays, a note of it sounds, or something else has been loaded into it."""
    if slot == s.slot or s.slot_generation[slot] != generation:
        return
    for channel in range(slot * PARTS, slot * PARTS + PARTS):
        if s.channel_notes[channel] > 0:
            return
    for channel in range(slot * PARTS, slot * PARTS + PARTS):
        s.channel_user[channel] = -1
        s.channel_released[channel] = -1
    for program in range(KEYS):
        if s.program_slot[program] == slot:
            s.program_slot[program] = -1
    for other in range(SLOTS):
        if s.slot_before[other] == slot:
            s.slot_before[other] = s.slot_before[slot]
    s.slot_before[slot] = -1
    s.slot_synth[slot] = -1
    s.slot_parts[slot] = 0


@njit
def map_input(s, place, bits):
    """Mark a controller or key as the host's, or (place -1) nothing any more."""
    if place < 0:
        s.mapped[:, :] = 0
        s.mapping = 0
    elif place < SOURCES * KEYS:
        s.mapped[place // KEYS, place % KEYS] = bits
        s.mapping = 1


@njit
def is_mapped(s, event):
    """Return whether an event belongs to the host's mappings; a key that sounds is let go by its note-off."""
    status, number = event[STATUS] & 0xF0, event[DATA1] & 0x7F
    source = event[PORT] * 16 + (event[STATUS] & 0x0F)
    if status == CONTROL:
        return s.mapped[source, number] & MAPPED_CONTROL != 0
    if status not in (NOTE_ON, NOTE_OFF) or s.mapped[source, number] & MAPPED_KEY == 0:
        return False
    if strikes(event):
        return True
    return s.held[source, number] < 0 and last_strike(s, source, number, s.frame) < 0


@njit
def take_mapped(s):
    """Tell the host, by the log, which events of this period are for its mappings: no one else gets them."""
    for i in range(s.event_count):
        event = s.events[i]
        if event[PORT] in (CONTROL_PORT, PLAN_PORT) or not is_mapped(s, event):
            continue
        log(s, s.frame + event[FRAME], INPUT, event[PORT], event[STATUS], event[DATA1], event[DATA2], -1, 0)
        event[STATUS] = MAPPED
