"""Planned notes: what someone outside of the audio thread, such as a model, wants to sound later.

They wait in a ring of their own, in time order, with absolute frames, on ``PLAN_PORT``; its MIDI channel n is
part n of the ensemble. Each carries the generation of the plan that it belongs to: a plan is taken back by
asking for a newer one. By rule the player comes first, and nothing sounds late:

- a note whose frame has passed is left out; the end of a note acts at once;
- a note is left out where its part is switched off, not there or not given that key, where the ensemble
  it was planned for does not play, where a mono part sounds a note of the player's, and where ``ROOM``
  planned notes sound or the note table is full;
- what sounds is in the owner table: it ends with a panic, and otherwise where it began.

A planned note takes its part as it stands: controllers stay with the keyboard that last played on it. The
separator is told what the parts play, whoever asked for it; the notes it counts are the player's.
"""

from numba import njit

from realtime.engine import owner
from realtime.engine.codes import (
    AT_ONCE,
    CONTROL_PORT,
    DATA1,
    DATA2,
    EVENTS,
    FRAME,
    GENERATION,
    NOTES,
    PARTS,
    PLAN_PORT,
    PLANNED_FOR,
    PORT,
    RING,
    STATUS,
    Command,
    Counter,
    Log,
    Sync,
)
from realtime.engine.native import load_shared, store_shared
from realtime.engine.output import NOTE_OFF, NOTE_ON, open_gate
from realtime.engine.rings import log, word
from realtime.engine.waiting import strikes

PLAN_HEAD, PLAN_TAIL = int(Sync.PLAN_HEAD), int(Sync.PLAN_TAIL)
PLANNED, LATE = int(Counter.PLANNED), int(Counter.PLAN_LATE)
TAKEN_BACK, REFUSED = int(Counter.PLAN_TAKEN_BACK), int(Counter.PLAN_REFUSED)
TAKE_BACK, INPUT = int(Command.TAKE_BACK), int(Log.INPUT)
FIRST_SOURCE = PLAN_PORT * 16
DROPPED = 0
"""In place of the status of an event that was taken back."""
NO_GENERATION = -1
"""Of an event that is played again from a log: it is not taken back."""
ROOM = 128
"""Planned notes that sound at once: a plan never takes the player's place in the note table."""


@njit
def drop(s, event):
    """Take back one planned event."""
    s.counters[TAKEN_BACK] += strikes(event)
    event[STATUS] = DROPPED


@njit
def withdraw(s, generation, first, going_on):
    """Drop what waits in the ring from absolute frame ``first`` on and is of an older generation.

    Where the older plan is ``going_on`` until then, what is left of it counts as of the new one.
    """
    for place in range(load_shared(word(s, PLAN_TAIL)), load_shared(word(s, PLAN_HEAD))):
        event = s.plan[place % RING]
        if event[GENERATION] >= generation:
            continue
        if event[FRAME] >= first:
            drop(s, event)
        elif going_on:
            event[GENERATION] = generation


@njit
def forget(s):
    """Panic: drop all that is planned."""
    for i in range(s.event_count):
        if s.events[i, PORT] == PLAN_PORT and s.events[i, GENERATION] != NO_GENERATION:
            drop(s, s.events[i])
    for place in range(load_shared(word(s, PLAN_TAIL)), load_shared(word(s, PLAN_HEAD))):
        drop(s, s.plan[place % RING])


@njit
def take_planned(s, frames):
    """Move planned events that are due in this period to its events, behind those already there.

    What this period takes back is dropped first, so that a new plan may begin in it.
    """
    for i in range(s.event_count):
        event = s.events[i]
        if event[PORT] == CONTROL_PORT and event[STATUS] == TAKE_BACK:
            now = s.frame + min(max(event[FRAME], 0), frames - 1)
            withdraw(s, event[DATA1], max(event[DATA2], now), event[DATA2] > 0)
    tail = load_shared(word(s, PLAN_TAIL))
    head = load_shared(word(s, PLAN_HEAD))
    while tail < head:
        event = s.plan[tail % RING]
        due = event[FRAME] - s.frame if event[FRAME] != AT_ONCE else 0
        if event[STATUS] != DROPPED and event[GENERATION] < s.plan_generation:
            drop(s, event)
        elif due < 0 and strikes(event):
            s.counters[LATE] += 1
        elif event[STATUS] != DROPPED:
            if due >= frames or s.event_count == EVENTS:
                break
            s.events[s.event_count, :] = event
            s.events[s.event_count, PORT] = PLAN_PORT
            s.events[s.event_count, FRAME] = max(due, 0)
            s.event_count += 1
        tail += 1
    store_shared(word(s, PLAN_TAIL), tail)


@njit
def fits(s, channel, pitch):
    """Return whether a part may be given a planned note of this pitch."""
    if channel >= s.slot * PARTS + s.slot_parts[s.slot] or not s.part_plays[channel]:
        return False
    if not s.part_lowest[channel] <= pitch <= s.part_highest[channel] or s.note_count == NOTES:
        return False
    planned = 0
    for note in range(s.note_count):
        if s.note_source[note] >= FIRST_SOURCE:
            planned += 1
        elif s.part_mono[channel] and owner.of_part(s, s.note_channel[note], channel):
            return False
    return planned < ROOM


@njit
def planned(s, event):
    """Begin or end a planned note; afterwards its event is done with."""
    if event[GENERATION] != NO_GENERATION and event[GENERATION] < s.plan_generation:
        drop(s, event)
        return
    part, pitch = event[STATUS] & 0x0F, event[DATA1] & 0x7F
    if strikes(event):
        sound(s, part, pitch, event)
    elif event[STATUS] & 0xF0 in (NOTE_OFF, NOTE_ON) and s.held[FIRST_SOURCE + part, pitch] >= 0:
        let_go(s, FIRST_SOURCE + part, pitch, event[FRAME])
    event[STATUS] = DROPPED


@njit
def sound(s, part, pitch, event):
    """Begin a planned note, if its part may play it."""
    offset, channel, velocity = event[FRAME], s.slot * PARTS + part, event[DATA2] & 0x7F
    meant = (event[PLANNED_FOR] - 1) * PARTS + part  # its slot may have given its place to another
    elsewhere = event[PLANNED_FOR] > 0 and not owner.of_part(s, meant, channel)
    if elsewhere or not fits(s, channel, pitch):
        s.counters[REFUSED] += 1
        return
    frame = s.frame + offset
    log(s, frame, INPUT, PLAN_PORT, NOTE_ON | part, pitch, velocity, -1, 0)
    open_gate(s)
    owner.begin(s, FIRST_SOURCE + part, pitch, velocity, channel, offset)
    s.last_pitch[part] = pitch
    s.last_note_frame = s.last_onset[part] = s.pitch_onset[part, pitch] = frame
    s.counters[PLANNED] += 1


@njit
def let_go(s, source, pitch, offset):
    """End a planned note that sounds."""
    log(s, s.frame + offset, INPUT, PLAN_PORT, NOTE_OFF | source - FIRST_SOURCE, pitch, 0, -1, 0)
    owner.release(s, source, pitch, offset)


@njit
def take_back(s, generation, first, offset):
    """Accept no more of older generations; end what sounds, unless the plan goes on until frame ``first``."""
    s.plan_generation = max(s.plan_generation, generation)
    if first > 0:
        return
    note = s.note_count - 1
    while note >= 0:
        if s.note_source[note] >= FIRST_SOURCE:
            let_go(s, s.note_source[note], s.note_key[note], offset)
        note -= 1
