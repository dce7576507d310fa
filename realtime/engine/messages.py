"""What each incoming event does: the keyboard's channel messages and the host's commands."""

from numba import njit

from realtime.engine import chords, clock_out, owner, plan, steering
from realtime.engine.clock import TIMING, clock_message, set_mode, set_tempo
from realtime.engine.codes import (
    CHANNELS,
    CONTROL_PORT,
    DATA1,
    DATA2,
    FRAME,
    KEYS,
    PARTS,
    PLAN_PORT,
    PORT,
    SLOTS,
    STATUS,
    SYNTHS,
    Command,
    Log,
)
from realtime.engine.controllers import Policy
from realtime.engine.output import (
    BEND,
    CONTROL,
    KEY_PRESSURE,
    NOTE_OFF,
    NOTE_ON,
    PRESSURE,
    PROGRAM,
    SYSTEM_RESET,
    announce,
    emit,
    open_gate,
)
from realtime.engine.rings import log
from realtime.engine.steering import MAPPED, send, volume
from realtime.engine.synths import unplug

PANIC, SELECT, TEMPO, RELEASE_PORT = (
    int(c) for c in (Command.PANIC, Command.SELECT, Command.TEMPO, Command.RELEASE_PORT)
)
COMMAND_RESTART, COMMAND_MODE, ANNOUNCE = int(Command.RESTART), int(Command.MODE), int(Command.ANNOUNCE)
SWITCH, RANGE, TAKE_BACK = int(Command.SWITCH), int(Command.RANGE), int(Command.TAKE_BACK)
KEEP_TO = int(Command.KEEP_TO)
SET, TAKE_OVER, FREE, UNPLUG = (
    int(c) for c in (Command.SET, Command.TAKE_OVER, Command.FREE, Command.UNPLUG)
)
BIND, MAP, SEND_CLOCK = int(Command.BIND), int(Command.MAP), int(Command.SEND_CLOCK)
SEND_TRANSPORT, CHORD_WINDOW = int(Command.SEND_TRANSPORT), int(Command.CHORD_WINDOW)
INPUT, ENSEMBLE, PANICKED = int(Log.INPUT), int(Log.ENSEMBLE), int(Log.PANIC)
FORWARD, SUSTAIN, SOSTENUTO, SOFT = (
    int(p) for p in (Policy.FORWARD, Policy.SUSTAIN, Policy.SOSTENUTO, Policy.SOFT)
)
VOLUME, SOUND_OFF, RESET, NOTES_OFF = (
    int(p) for p in (Policy.VOLUME, Policy.SOUND_OFF, Policy.RESET, Policy.NOTES_OFF)
)
BEND_CENTRE = 8192
PEDAL_DOWN = 64  # MIDI 1.0: switches are on from 64
ACTIVE_SENSING = 0xFE


@njit
def follow(s, source, channel, offset):
    """Bring a synth channel to where a keyboard's controllers stand, sending only what differs."""
    for number in range(KEYS):
        policy = s.cc_policy[number]
        if policy not in (FORWARD, VOLUME):
            continue
        value = volume(s, source, channel) if policy == VOLUME else s.source_cc[source, number]
        send(s, channel, number, value, offset)
    bend = s.source_bend[source]
    if s.channel_bend[channel] != bend:
        s.channel_bend[channel] = bend
        emit(s, offset, channel, BEND, bend & 0x7F, bend >> 7)
    pressure = s.source_pressure[source]
    if s.channel_pressure[channel] != pressure:
        s.channel_pressure[channel] = pressure
        emit(s, offset, channel, PRESSURE, pressure, 0)


@njit
def follow_all(s, source, offset):
    """Bring every channel that a keyboard last played to where its controllers stand."""
    for channel in range(CHANNELS):
        if s.channel_user[channel] == source:
            follow(s, source, channel, offset)


@njit
def reset_controllers(s, source, offset):
    """Reset all controllers (MIDI 1.0, RP-015): pedals up, bend centred, expression full.

    Volume, effect sends and sound controllers stay.
    """
    owner.sustain(s, source, 0, offset)
    owner.sostenuto(s, source, 0, offset)
    s.soft[source] = 0
    for number in range(KEYS):
        if s.cc_reset[number]:
            s.source_cc[source, number] = s.cc_default[number]
    s.source_bend[source] = BEND_CENTRE
    s.source_pressure[source] = 0
    follow_all(s, source, offset)


@njit
def controller(s, source, number, value, offset):
    """Do what the policy table says of a control change."""
    policy = s.cc_policy[number]
    s.source_cc[source, number] = s.source_cc[source, number] if policy == RESET else value
    down = 1 if value >= PEDAL_DOWN else 0
    if policy in (FORWARD, VOLUME):
        follow_all(s, source, offset)
    elif policy == SUSTAIN:
        owner.sustain(s, source, down, offset)
    elif policy == SOSTENUTO:
        owner.sostenuto(s, source, down, offset)
    elif policy == SOFT:
        s.soft[source] = down
    elif policy == SOUND_OFF:
        owner.silence(s, source, offset)
    elif policy == RESET:
        reset_controllers(s, source, offset)
    elif policy == NOTES_OFF:
        owner.release_all_keys(s, source, offset)


@njit
def select(s, slot, offset):
    """Switch to the ensemble in ``slot`` for the notes to come; held notes end where they began.

    Between ensembles of one family, such as the presets of a song, the separator's music goes on.
    """
    if slot < 0 or slot >= SLOTS or s.slot_parts[slot] == 0 or slot == s.slot:
        return
    before, s.slot = s.slot, slot
    if s.slot_family[slot] == 0 or s.slot_family[slot] != s.slot_family[before]:
        s.restart = 1
    s.heard += 1
    s.kept_to = -1
    announce(s, offset)
    log(s, s.frame + offset, ENSEMBLE, -1, 0, 0, 0, slot * PARTS, 0)


@njit
def channel_message(s, event, part):
    """Do what a keyboard's message says; ``part`` was decided for a note-on."""
    offset, status = event[FRAME], event[STATUS] & 0xF0
    source = event[PORT] * 16 + (event[STATUS] & 0x0F)
    data1, data2 = event[DATA1] & 0x7F, event[DATA2] & 0x7F
    if status == NOTE_ON and data2 > 0:
        channel = s.slot * PARTS + part
        open_gate(s)
        follow(s, source, channel, offset)
        s.channel_user[channel] = source
        owner.begin(s, source, data1, data2, channel, offset)
    elif status in (NOTE_OFF, NOTE_ON):
        owner.release(s, source, data1, offset)
    elif status == CONTROL:
        controller(s, source, data1, data2, offset)
    elif status == BEND:
        s.source_bend[source] = data1 | data2 << 7
        follow_all(s, source, offset)
    elif status == PRESSURE:
        s.source_pressure[source] = data1
        follow_all(s, source, offset)
    elif status == KEY_PRESSURE:
        note = s.held[source, data1]
        if note >= 0:
            emit(s, offset, s.note_channel[note], KEY_PRESSURE, s.note_sounded[note], data2)
    elif status == PROGRAM:
        select(s, s.program_slot[data1], offset)


@njit
def release_port(s, port, offset):
    """End the notes of a keyboard that vanished; its pedals and controllers go back to rest."""
    for source in range(port * 16, port * 16 + 16):
        reset_controllers(s, source, offset)
        owner.end_all(s, source, offset)


@njit
def panic(s, offset):
    """Silence everything and go on playing with the next note."""
    owner.panic(s, offset)
    plan.forget(s)
    s.restart = 1
    s.heard += 1
    log(s, s.frame + offset, PANICKED, -1, 0, 0, 0, 0, 0)


@njit
def command(s, event):
    """Do what the host asks."""
    offset, what, value = event[FRAME], event[STATUS], event[DATA1]
    if what == PANIC:
        panic(s, offset)
    elif what == SELECT:
        select(s, value, offset)
    elif what == TEMPO:
        set_tempo(s, value / 1000.0, s.frame + offset)
    elif what == RELEASE_PORT:
        release_port(s, value, offset)
    elif what == COMMAND_RESTART:
        s.restart = 1
    elif what == COMMAND_MODE:
        set_mode(s, value, s.frame + offset)
    elif what == ANNOUNCE:
        announce(s, offset)
    elif what == SWITCH and 0 <= value < s.slot_parts[s.slot]:
        s.part_plays[s.slot * PARTS + value] = event[DATA2] != 0
    elif what == RANGE and 0 <= value < s.slot_parts[s.slot]:
        s.part_lowest[s.slot * PARTS + value] = event[DATA2] % KEYS
        s.part_highest[s.slot * PARTS + value] = event[DATA2] // KEYS
    elif what == KEEP_TO:
        s.kept_to = value
    elif what == TAKE_BACK:
        plan.take_back(s, value, event[DATA2], offset)
    else:
        steer(s, what, value, event[DATA2], offset)


@njit
def steer(s, what, value, more, offset):
    """Do what the host asks of slots, parts' settings, mappings and the clock that we send."""
    if what == SET and value >= 0:
        steering.set_part(s, value % PARTS, value // PARTS, more, offset)
    elif what == TAKE_OVER and 0 <= value < SLOTS * SLOTS:
        steering.take_over(s, value % SLOTS, value // SLOTS, more, offset)
    elif what == FREE and 0 <= value < SLOTS:
        steering.free(s, value, more)
    elif what == UNPLUG and 0 <= value < SYNTHS:
        unplug(s, value)
    elif what == BIND and 0 <= value < KEYS and -1 <= more < SLOTS:
        s.program_slot[value] = more
    elif what == MAP:
        steering.map_input(s, value, more)
    elif what == SEND_CLOCK:
        clock_out.send_clock(s, value)
    elif what == SEND_TRANSPORT:
        clock_out.send_transport(s, value, offset)
    elif what == CHORD_WINDOW:
        chords.set_window(s, value)


@njit
def dispatch(s, event, part):
    """Handle one event."""
    if event[PORT] == CONTROL_PORT:
        command(s, event)
        return
    if event[PORT] == PLAN_PORT:
        plan.planned(s, event)
        return
    if event[STATUS] == MAPPED:
        return
    log(s, s.frame + event[FRAME], INPUT, event[PORT], event[STATUS], event[DATA1], event[DATA2], -1, 0)
    if event[STATUS] not in (TIMING, ACTIVE_SENSING):
        s.heard += 1
    if event[STATUS] == SYSTEM_RESET:
        panic(s, event[FRAME])
    elif clock_message(s, event):
        clock_out.pass_on(s, event)
    else:
        channel_message(s, event, part)
