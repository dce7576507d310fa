"""Which part plays a note: the separator's answer where it comes in time, else a rule; or its MIDI channel.

The note-ons of one period are decided together, low to high, as in training (Dong et al., ISMIR 2021,
section 3). A period has a budget for all its decisions; when it is spent, or when the separator is known to
be slower than what is left, the rule decides at once. The separator still sees those notes, so that its state
stays true and its answers count again as soon as they are quick enough.
"""

from numba import njit

from realtime.contract.features import CHORD_ABOVE, NO_PITCH
from realtime.engine.choice import by_channel, by_rule, by_scores
from realtime.engine.clock import FIXED, START, place
from realtime.engine.codes import (
    BY_CHANNEL,
    CONTROL_PORT,
    DATA1,
    FRAME,
    PARTS,
    PLAN_PORT,
    PORT,
    REQUESTS,
    STATUS,
    Command,
    Counter,
    Log,
    Stage,
)
from realtime.engine.histogram import add
from realtime.engine.history import address, first_kept, remember
from realtime.engine.inference import ANSWERED, REQUESTED, step, wake
from realtime.engine.native import load_shared, now_ns, store_shared
from realtime.engine.output import PROGRAM, SYSTEM_RESET
from realtime.engine.request import RESTART
from realtime.engine.rings import log, word
from realtime.engine.waiting import strikes

FALLBACK, LATE, FAILED = int(Counter.FALLBACK), int(Counter.LATE), int(Counter.FAILED)
DECISION, DECISION_STAGE = int(Log.DECISION), int(Stage.DECISION)
ASIDE = tuple(
    int(c)
    for c in (
        Command.TAKE_BACK,
        Command.SET,
        Command.FREE,
        Command.UNPLUG,
        Command.BIND,
        Command.MAP,
        Command.SEND_CLOCK,
        Command.SEND_TRANSPORT,
        Command.CHORD_WINDOW,
    )
)
"""Commands that change nothing about who plays what."""


@njit
def is_note_on(event):
    """Return whether an event begins a note whose part is to be chosen (with velocity 0 it ends one)."""
    played = event[PORT] not in (CONTROL_PORT, PLAN_PORT)
    return played and strikes(event)


@njit
def brings_notes(s):
    """Return whether a note whose part is to be chosen begins in this period."""
    for i in range(s.event_count):  # noqa: SIM110 - compiled, where a generator would take memory
        if is_note_on(s.events[i]):
            return True
    return False


@njit
def ends_chord(event):
    """Return whether notes after this event must not be decided with those before it."""
    status = event[STATUS]
    if event[PORT] == CONTROL_PORT:
        return status not in ASIDE
    return status & 0xF0 == PROGRAM or status in (START, SYSTEM_RESET)


@njit
def ask(s, note):
    """Write the request for a note of the history; return its number, or -1 where too many are waiting."""
    asked = s.awaited
    if asked - load_shared(word(s, ANSWERED)) >= REQUESTS:
        s.restart_next = 1  # the separator has missed notes: its state is no longer true
        return -1
    request = s.request[asked % REQUESTS]
    address(s, request, note, s.slot)
    request[RESTART] = s.restart_next
    s.restart_next = 0
    s.awaited = asked + 1
    return asked


@njit
def hand_over(s, note):
    """Ask the separator about a note of the history; return the request's number, or -1.

    Offline it has answered when this returns.
    """
    number = ask(s, note)
    if number < 0:
        return number
    if s.threaded:
        store_shared(word(s, REQUESTED), number + 1)
        wake(s)
    else:
        step(s, number % REQUESTS)
        store_shared(word(s, REQUESTED), number + 1)
        store_shared(word(s, ANSWERED), number + 1)
    return number


@njit
def catch_up(s, told):
    """Tell a separator that takes over what has been played since it was told the first ``told`` notes."""
    first = first_kept(s, told)
    s.restart_next = 1 if first > told else 0
    for note in range(first, s.history_count[0]):
        hand_over(s, note)


@njit
def answered(s, number, began, patience):
    """Wait for an answer for at most ``patience`` ns; return whether it came.

    This spins: a sleeping audio thread would be woken too late, and the answer takes tens of microseconds.
    """
    while load_shared(word(s, ANSWERED)) <= number:
        if now_ns(s.clock_gettime, s.clock_id, s.scratch_time) - began > patience:
            return False
    return True


@njit
def decide_note(s, event, chord_index):
    """Return the part of one note-on, the decision's probability, and whether the rule decided."""
    pitch = event[DATA1]
    separator = s.slot_separator[s.slot]
    note = remember(s, event, chord_index)
    if separator == BY_CHANNEL:
        part = by_channel(s, event)
        if part >= 0:
            return part, 1.0, False
    if separator < 0:
        return by_rule(s, pitch), 0.0, True
    began = now_ns(s.clock_gettime, s.clock_id, s.scratch_time)
    waiting = s.awaited - load_shared(word(s, ANSWERED))
    number = hand_over(s, note)
    part, confidence = -1, 0.0
    came = number >= 0 and not s.threaded
    if number >= 0 and s.threaded:
        left = s.deadline_ns - s.spent_ns
        if waiting == 0 and s.step_ns[separator] < left:
            came = answered(s, number, began, left)
    if came and s.answer_failed[number % REQUESTS]:
        s.counters[FAILED] += 1
    elif came:
        part, confidence = by_scores(s, s.answer[number % REQUESTS], pitch)
    else:
        s.counters[LATE] += 1
    took = now_ns(s.clock_gettime, s.clock_id, s.scratch_time) - began
    s.spent_ns += took
    add(s, DECISION_STAGE, took)
    if part >= 0:
        return part, confidence, False
    return by_rule(s, pitch), 0.0, True


@njit
def start_afresh(s):
    """Forget what has been played: the next note is the first."""
    s.restart = 0
    s.restart_next = 1
    for part in range(PARTS):
        s.last_pitch[part] = NO_PITCH
        s.chord_last_pitch[part] = NO_PITCH
        s.last_onset[part] = -1
        s.pitch_onset[part] = -1
        slot = s.slot
        while slot >= 0:
            s.channel_released[slot * PARTS + part] = -1
            slot = s.slot_before[slot]
    s.note_onset = -1
    s.history_begin = s.history_count[0]


@njit
def look_above(s, first, last, chosen):
    """Note the pitches of the chord's notes that come after ``chosen``, low to high."""
    count, pitch, after = 0, s.events[chosen, DATA1], chosen
    for i in range(CHORD_ABOVE):
        s.chord_above[i] = NO_PITCH
    while count < CHORD_ABOVE:
        # The next note in the order of the decisions: by pitch, equal ones by their arrival.
        following = -1
        for i in range(first, last):
            if i == chosen or s.event_part[i] >= 0 or not is_note_on(s.events[i]):
                continue
            later = s.events[i, DATA1] > pitch or (s.events[i, DATA1] == pitch and i > after)
            if later and (following < 0 or s.events[i, DATA1] < s.events[following, DATA1]):
                following = i
        if following < 0:
            return
        pitch, after = s.events[following, DATA1], following
        s.chord_above[count] = pitch
        count += 1


@njit
def decide_chord(s, first):
    """Decide all note-ons of the period from event ``first`` on, low to high."""
    last = first
    while last < s.event_count and not ends_chord(s.events[last]):
        last += 1
    frame = s.frame + s.events[first, FRAME]
    silence = s.slot_restart[s.slot]
    if s.last_note_frame >= 0 and silence > 0 and frame - s.last_note_frame > silence and s.note_count == 0:
        s.restart = 1
    if s.restart:
        start_afresh(s)
        if s.mode == FIXED:
            place(s, 0.0, frame)
    for part in range(PARTS):
        s.chord_last_pitch[part] = s.last_pitch[part]
        s.chord_taken[part] = 0
    chord_index = 0
    while True:
        # The lowest undecided note; equal pitches in their order of arrival.
        chosen = -1
        for i in range(first, last):
            pitch = s.events[i, DATA1]
            open_note = s.event_part[i] < 0 and is_note_on(s.events[i])
            if open_note and (chosen < 0 or pitch < s.events[chosen, DATA1]):
                chosen = i
        if chosen < 0:
            break
        event = s.events[chosen]
        look_above(s, first, last, chosen)
        part, confidence, ruled = decide_note(s, event, chord_index)
        s.counters[FALLBACK] += ruled
        s.event_part[chosen] = part
        s.event_confidence[chosen] = confidence
        s.last_pitch[part] = event[DATA1]
        s.chord_taken[part] += 1
        s.last_note_frame = s.note_onset = s.last_onset[part] = s.frame + event[FRAME]
        s.pitch_onset[part, event[DATA1]] = s.note_onset
        chord_index += 1
        source = event[PORT] * 16 + (event[STATUS] & 0x0F)
        log(
            s,
            s.frame + event[FRAME],
            DECISION,
            source,
            event[STATUS],
            event[DATA1],
            1 if ruled else 0,
            s.slot * PARTS + part,
            int(confidence * 1e6),
        )
