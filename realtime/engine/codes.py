"""The numbers that the engine's memory is read by: its sizes, columns, stages, counters and commands."""

from enum import IntEnum

from realtime.contract.features import FEATURES

KEYS = 128
PORTS = 16
"""Input ports; with 16 MIDI channels each they make the sources, ``port * 16 + channel``."""
PLAN_PORT = PORTS
"""The port of notes that were planned: its MIDI channel n plays part n, and no separator is asked."""
SOURCES = (PORTS + 1) * 16
SLOTS = 16
"""Ensembles loaded at once. Each has its own 16 synth channels, so a switch never touches a held note."""
PARTS = 16
CHANNELS = SLOTS * PARTS
"""Synth channels, ``slot * 16 + part``."""
SYNTHS = SLOTS + 4
"""Synths at once: one for the ensembles of the start, one for each that is loaded while playing."""
MIX = 1024
"""Frames of a synth that are added to the others at a time."""
HISTORY = 256
"""Latest notes that are kept as they were described, for a separator that takes over."""
NOTES = 512
"""Notes sounding at once; the next one ends the oldest."""
EVENTS = 1024
"""Events in one period, in or out; what does not fit waits for the next period."""
SEPARATORS = 16
TENSORS = 64
REQUESTS = 64
"""Notes on their way to a separator."""
REQUEST_COLUMNS = 2 + sum(feature.size or PARTS for feature in FEATURES.values())
"""Separator, restart, and every value of every feature."""
DRIVER_PORTS = 2 + PORTS + PARTS
"""Left, right, the MIDI inputs, and up to one MIDI output a part."""
STAGES = 6
SUB_BUCKETS = 32
BUCKETS = 33 * SUB_BUCKETS
"""Histogram of ns in log-linear buckets: 32 to each power of two, at most 3 % wide."""
RING = 8192
"""Entries of a message ring."""
LOG = 32768
"""Entries of the ring of what happened."""
CAPTURE = 1 << 19
"""Frames (stereo) that a recorder may fall behind: 10.9 s at 48 kHz."""


class Stage(IntEnum):
    """What is timed, in the order of the histograms."""

    INPUT = 0
    """From an event's time stamp to the period that handles it."""
    SEPARATOR = 1
    """One step of the separator's graph. Its own thread adds to this one."""
    DECISION = 2
    """One note's decision, as the audio thread waits for it: hand over, step, answer."""
    SYNTH = 3
    """All rendering of one period."""
    CALLBACK = 4
    """The whole period."""
    KEY_TO_SOUND = 5
    """From an event's arrival to the first frame that can hold its sound, without the device's own delay."""


class Counter(IntEnum):
    """What is counted, in the order of ``State.counters``."""

    PERIODS = 0
    NOTES_ON = 1
    NOTES_OFF = 2
    STRAY_OFFS = 3
    """Note-offs for keys that were not held."""
    FALLBACK = 4
    """Notes that a rule decided because the separator was late, failed or absent."""
    LATE = 5
    """Separator answers that missed their deadline."""
    FAILED = 6
    """Separator steps that ended in an error."""
    STOLEN = 7
    """Notes ended because the note table was full."""
    LOG_DROPPED = 8
    CAPTURE_DROPPED = 9
    """Frames that the recorder was too slow to take."""
    EVENTS_DEFERRED = 10
    XRUNS = 11
    """Reported by the driver."""
    OUT_DROPPED = 12
    """Output events for which a driver had no room."""
    RETRIGGERED = 13
    PLANNED = 14
    """Planned notes begun."""
    PLAN_LATE = 15
    """Planned notes left out because their frame had passed."""
    PLAN_TAKEN_BACK = 16
    """Planned notes left out because they were taken back, or silenced by a panic."""
    PLAN_REFUSED = 17
    """Planned notes left out because their part does not play them, or there was no room."""


class Sync(IntEnum):
    """Words shared between threads, each on a cache line of its own (index times 8 in ``State.sync``)."""

    CONTROL_HEAD = 0
    CONTROL_TAIL = 1
    SCHEDULE_HEAD = 2
    SCHEDULE_TAIL = 3
    LOG_HEAD = 4
    LOG_TAIL = 5
    CAPTURE_HEAD = 6
    CAPTURE_TAIL = 7
    REQUESTED = 8
    """Requests handed to the separator's thread."""
    ANSWERED = 9
    WORKER_STOP = 10
    STOP = 11
    """Asks a driver thread of our own to end."""
    SERVER_GONE = 12
    """Set by a driver whose audio server went away."""
    ASLEEP = 14
    """1 while the separator's thread sleeps on its semaphore, or is about to."""
    INPUTS = 13
    """MIDI inputs that the driver reads itself."""
    PLAN_HEAD = 15
    PLAN_TAIL = 16
    HEARD = 17
    """Inputs so far that someone may wait for."""
    LISTENING = 18
    """1 while someone sleeps until the next such input, or is about to."""


class Mode(IntEnum):
    """Where the clock takes its beat from."""

    FIXED = 0
    CLOCK = 1
    TRANSPORT = 2


# Columns of an event, in or out.
FRAME, PORT, STATUS, DATA1, DATA2, TICK, STAMP, WAITED = range(8)
"""Frame: offset in the period. Tick: beat position from a score, or -1. Stamp: ns of arrival, or 0.
Waited: frames from arrival to its place in the output."""
ENTRIES = 8
GENERATION, PLANNED_FOR = TICK, STAMP
"""What two columns of a planned event hold: its generation; and the slot it was planned for plus 1, or 0."""
AT_ONCE = -1
"""In place of the frame of a planned event: the start of the next period; it is never late."""

# Columns of a log entry.
LOG_FRAME, LOG_KIND, LOG_SOURCE, LOG_STATUS, LOG_DATA1, LOG_DATA2, LOG_CHANNEL, LOG_VALUE = range(8)


class Log(IntEnum):
    """Kinds of log entries."""

    INPUT = 0
    """An event as it was played."""
    OUTPUT = 1
    """An event of a part, as it went to the synth."""
    DECISION = 2
    """A note's part: data1 its pitch, value its confidence times a million, data2 1 where a rule decided."""
    ENSEMBLE = 3
    """The slot in channel was selected."""
    PANIC = 4
    CLOCK = 5
    """A message of the clock that we send, for all MIDI outputs."""


class Command(IntEnum):
    """What the host can tell the engine: the status of an event whose port is ``CONTROL_PORT``."""

    PANIC = 1
    SELECT = 2
    """data1: slot."""
    TEMPO = 3
    """data1: BPM times 1000."""
    RELEASE_PORT = 4
    """data1: port. Its keys and pedals are let go."""
    RESTART = 5
    """The separator and the beat start afresh with the next note."""
    MODE = 6
    """data1: a ``Mode``."""
    ANNOUNCE = 7
    """Tell the MIDI outputs the ensemble's programs: someone new listens."""
    SWITCH = 8
    """data1: part of the ensemble that plays; data2: 1 gives it notes, 0 does not. Held notes go on."""
    RANGE = 9
    """data1: part; data2: its lowest key, plus 128 times its highest."""
    TAKE_BACK = 10
    """data1: generation. What was planned in older ones is dropped, and planned notes that sound end. data2:
    absolute frame; if not 0, only what is due from there on is dropped, and what sounds goes on."""
    SET = 11
    """data1: part of the ensemble that plays, plus ``PARTS`` times a ``Setting``; data2: its value."""
    TAKE_OVER = 12
    """data1: slot, plus ``SLOTS`` times the one whose place it takes, with its parts' settings, its program
    change and, where it plays, its music; data2: notes of the history that the separator has been told."""
    FREE = 13
    """data1: slot; data2: its generation. Given back (``slot_parts`` becomes 0), unless it plays or a note of
    it sounds."""
    UNPLUG = 14
    """data1: synth. Not played any more (``synth`` becomes 0)."""
    BIND = 15
    """data1: program change; data2: slot that it selects, or -1."""
    MAP = 16
    """data1: source * ``KEYS`` + number, or -1 for all; data2: bits of ``MAPPED_CONTROL`` and ``MAPPED_KEY``.
    What is mapped is told in the log, and does nothing else."""
    SEND_CLOCK = 17
    """data1: 1 sends MIDI clock, 0 does not."""
    SEND_TRANSPORT = 18
    """data1: start, continue or stop, as in MIDI."""
    KEEP_TO = 19
    """data1: bits of the parts that keyboards' notes may go to, the first part's the lowest; -1: all. Until
    another ensemble plays; what is planned may go to any part."""
    CHORD_WINDOW = 20
    """data1: frames of the chord window; 0: none."""


class Setting(IntEnum):
    """What can be set of a part while it plays."""

    VOLUME = 0
    PAN = 1
    REVERB = 2
    CHORUS = 3
    MUTE = 4
    SOLO = 5
    TRANSPOSE = 6
    """Semitones, for the notes to come."""
    MONO = 7


CONTROL_PORT = -1

BY_RULE, BY_CHANNEL = -1, -2
"""In place of a separator: the rule of the closest pitch; or the part is the number of the MIDI channel."""

MAPPED_CONTROL, MAPPED_KEY = 1, 2
"""Bits of ``State.mapped``: this controller, or this key, belongs to the host's mappings."""
ALL_PORTS = -1
"""In place of the channel of an event that goes out: every MIDI output gets it."""

# Flags of a note.
DOWN, PEDALLED, SOSTENUTO = 1, 2, 4
