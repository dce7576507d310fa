"""The owner table: which part sounds each key of each keyboard, and who lets it go.

Every note-off, pedal, panic, disconnect and ensemble switch goes by this table, so that no note sticks, none
is lost and none sounds twice. A source is an input port and MIDI channel (``port * 16 + channel``). A note
lives from its note-on until neither its key (DOWN) nor a pedal (PEDALLED, SOSTENUTO) holds it.
"""

from numba import njit

from realtime.engine.codes import CHANNELS, DOWN, KEYS, NOTES, PARTS, PEDALLED, SOSTENUTO, SOURCES, Counter
from realtime.engine.output import ALL_SOUND_OFF, CONTROL, NOTE_OFF, NOTE_ON, emit, tell

NOTES_ON, NOTES_OFF, STRAY_OFFS = int(Counter.NOTES_ON), int(Counter.NOTES_OFF), int(Counter.STRAY_OFFS)
STOLEN, RETRIGGERED = int(Counter.STOLEN), int(Counter.RETRIGGERED)
SOFT_NUMERATOR, SOFT_DENOMINATOR = 2, 3  # the soft pedal plays a note at two thirds of its velocity


@njit
def remove(s, note):
    """Take a note out of the table; the last one moves to its place."""
    channel = s.note_channel[note]
    if s.note_flags[note] & DOWN:
        s.held[s.note_source[note], s.note_key[note]] = -1
        s.channel_down[channel] -= 1
    s.sounding[channel, s.note_sounded[note]] -= 1
    s.channel_notes[channel] -= 1
    last = s.note_count - 1
    if note != last:
        s.note_source[note] = s.note_source[last]
        s.note_key[note] = s.note_key[last]
        s.note_channel[note] = s.note_channel[last]
        s.note_sounded[note] = s.note_sounded[last]
        s.note_flags[note] = s.note_flags[last]
        s.note_birth[note] = s.note_birth[last]
        if s.note_flags[note] & DOWN:
            s.held[s.note_source[note], s.note_key[note]] = note
    s.note_count = last


@njit
def end(s, note, offset):
    """End a note: its part's key is let go when no other note shares it."""
    channel, key = s.note_channel[note], s.note_sounded[note]
    if s.note_flags[note] & DOWN:
        s.channel_released[channel] = s.frame + offset
    remove(s, note)
    s.counters[NOTES_OFF] += 1
    s.last_note_frame = s.frame + offset
    if s.sounding[channel, key] == 0:
        emit(s, offset, channel, NOTE_OFF, key, 0)


@njit
def sounded_key(key, transpose):
    """Return the key a part plays: transposed, and moved by octaves where that leaves the keyboard."""
    key += transpose
    while key > KEYS - 1:
        key -= 12
    while key < 0:
        key += 12
    return key


@njit
def of_part(s, other, channel):
    """Return whether a channel is that of the same part, also in a slot whose place its own has taken."""
    slot = channel // PARTS
    while slot >= 0:
        if other == slot * PARTS + channel % PARTS:
            return True
        slot = s.slot_before[slot]
    return False


@njit
def begin(s, source, key, velocity, channel, offset):
    """Begin a note on a part's synth channel, owned by ``source`` and ``key``."""
    if s.held[source, key] >= 0:  # struck again without a note-off between: the first strike is let go
        s.counters[RETRIGGERED] += 1
        release(s, source, key, offset)
    if s.part_mono[channel]:
        note = s.note_count - 1
        while note >= 0:
            if of_part(s, s.note_channel[note], channel):
                end(s, note, offset)
            note -= 1
    if s.note_count == NOTES:
        s.counters[STOLEN] += 1
        end(s, oldest(s), offset)
    sounded = sounded_key(key, s.part_transpose[channel])
    if s.sounding[channel, sounded] > 0:
        # A string can't sound twice: what only a pedal held ends here, what a key holds is struck anew.
        note = s.note_count - 1
        while note >= 0:
            same = s.note_channel[note] == channel and s.note_sounded[note] == sounded
            if same and not s.note_flags[note] & DOWN:
                remove(s, note)
                s.counters[NOTES_OFF] += 1
            note -= 1
        emit(s, offset, channel, NOTE_OFF, sounded, 0)
    if s.soft[source]:
        velocity = max(velocity * SOFT_NUMERATOR // SOFT_DENOMINATOR, 1)
    note = s.note_count
    s.note_source[note] = source
    s.note_key[note] = key
    s.note_channel[note] = channel
    s.note_sounded[note] = sounded
    s.note_flags[note] = DOWN
    s.note_birth[note] = s.births
    s.births += 1
    s.note_count += 1
    s.held[source, key] = note
    s.sounding[channel, sounded] += 1
    s.channel_notes[channel] += 1
    s.channel_down[channel] += 1
    s.counters[NOTES_ON] += 1
    emit(s, offset, channel, NOTE_ON, sounded, velocity)


@njit
def oldest(s):
    """Return the note that began first."""
    first = 0
    for note in range(s.note_count):
        if s.note_birth[note] < s.note_birth[first]:
            first = note
    return first


@njit
def release(s, source, key, offset):
    """Let a key go: its note ends, unless a pedal holds it."""
    note = s.held[source, key]
    if note < 0:
        s.counters[STRAY_OFFS] += 1
        return
    s.held[source, key] = -1
    s.note_flags[note] &= ~DOWN
    channel = s.note_channel[note]
    s.channel_down[channel] -= 1
    s.channel_released[channel] = s.frame + offset
    if s.sustain[source]:
        s.note_flags[note] |= PEDALLED
    if s.note_flags[note] == 0:
        end(s, note, offset)


@njit
def sustain(s, source, down, offset):
    """Press or lift the damper pedal of a keyboard."""
    if down == s.sustain[source]:
        return
    s.sustain[source] = down
    if down:
        return
    note = s.note_count - 1  # downwards: ending a note moves only later ones, which have been seen
    while note >= 0:
        if s.note_source[note] == source and s.note_flags[note] & PEDALLED:
            s.note_flags[note] &= ~PEDALLED
            if s.note_flags[note] == 0:
                end(s, note, offset)
        note -= 1


@njit
def sostenuto(s, source, down, offset):
    """Press or lift the sostenuto pedal: it holds the keys that were down when it was pressed."""
    if down == s.sostenuto[source]:
        return
    s.sostenuto[source] = down
    note = s.note_count - 1
    while note >= 0:
        if s.note_source[note] == source:
            if down and s.note_flags[note] & DOWN:
                s.note_flags[note] |= SOSTENUTO
            elif not down and s.note_flags[note] & SOSTENUTO:
                s.note_flags[note] &= ~SOSTENUTO
                if s.note_flags[note] == 0 and s.sustain[source]:
                    s.note_flags[note] = PEDALLED  # the damper pedal takes over
                elif s.note_flags[note] == 0:
                    end(s, note, offset)
        note -= 1


@njit
def release_all_keys(s, source, offset):
    """All notes off: every key of the source is let go; pedals still hold (MIDI 1.0)."""
    for key in range(KEYS):
        if s.held[source, key] >= 0:
            release(s, source, key, offset)


@njit
def end_all(s, source, offset):
    """End every note of a source, pedals or not."""
    note = s.note_count - 1
    while note >= 0:
        if s.note_source[note] == source:
            end(s, note, offset)
        note -= 1


@njit
def silence(s, source, offset):
    """All sound off: the source's notes end, and what it still lets ring falls silent at once.

    Channels on which someone else holds a note sound on.
    """
    note = s.note_count - 1
    while note >= 0:
        if s.note_source[note] == source:
            channel = s.note_channel[note]
            end(s, note, offset)
            if s.channel_notes[channel] == 0 and s.channel_user[channel] != source:
                emit(s, offset, channel, CONTROL, ALL_SOUND_OFF, 0)
        note -= 1
    for channel in range(CHANNELS):
        if s.channel_user[channel] == source and s.channel_notes[channel] == 0:
            emit(s, offset, channel, CONTROL, ALL_SOUND_OFF, 0)


@njit
def panic(s, offset):
    """Silence everything at once: all notes of all sources, their pedals, and what still rings."""
    while s.note_count > 0:
        end(s, s.note_count - 1, offset)
    for source in range(SOURCES):
        s.sustain[source] = 0
        s.sostenuto[source] = 0
        s.soft[source] = 0
    for channel in range(CHANNELS):
        if channel % PARTS < s.slot_parts[channel // PARTS]:
            tell(s, offset, channel, CONTROL, ALL_SOUND_OFF, 0)
    s.gate_target = 0.0
    s.hush = 1
