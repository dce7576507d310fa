"""The engine's memory: one struct that holds everything the audio thread reads and writes.

It is allocated once, before the sound starts. The audio thread owns it; others reach it only through the
rings (``rings``), through counters that they read without stopping it, and before the driver starts.
Each field says its unit; the first dimension of an array says what it is indexed by.
"""

import numpy as np

from realtime.contract.features import CHORD_ABOVE
from realtime.engine.codes import (
    BUCKETS,
    CAPTURE,
    CHANNELS,
    DRIVER_PORTS,
    ENTRIES,
    EVENTS,
    HISTORY,
    KEYS,
    LOG,
    MIX,
    NOTES,
    PARTS,
    REQUEST_COLUMNS,
    REQUESTS,
    RING,
    SEPARATORS,
    SLOTS,
    SOURCES,
    STAGES,
    SYNTHS,
    TENSORS,
)

State = np.dtype(
    [
        # addresses of C functions and objects, set before the driver starts
        ("clock_gettime", np.int64),
        ("clock_id", np.int32),
        ("getcpu", np.int64),  # 0: this system does not tell
        ("synth", np.int64, (SYNTHS,)),  # 0: none
        ("synth_noteon", np.int64),
        ("synth_noteoff", np.int64),
        ("synth_cc", np.int64),
        ("synth_bend", np.int64),
        ("synth_pressure", np.int64),
        ("synth_key_pressure", np.int64),
        ("synth_sounds_off", np.int64),
        ("synth_write", np.int64),
        ("ort_run", np.int64),
        ("ort_release_status", np.int64),
        ("semaphore_post", np.int64),
        ("semaphore_wait", np.int64),
        ("semaphore", np.int64),
        ("listener", np.int64),  # semaphore of whoever waits for input
        # the driver's own functions and ports
        ("address", np.int64),  # of this struct
        ("process", np.int64),  # the process core, for the callbacks of the drivers
        ("driver", np.int64, (16,)),
        ("driver_ports", np.int64, (DRIVER_PORTS,)),
        ("driver_outputs", np.int32),  # MIDI outputs: 0, 1 (a channel each part) or a port each part
        ("driver_scratch", np.int64, (64,)),
        # format
        ("rate", np.float64),
        ("frame", np.int64),  # frames since the start, at the start of the period
        ("scratch_time", np.int64, (2,)),
        ("scratch_fp", np.int32, (2,)),
        ("scratch_worker", np.int64, (2,)),  # the separator thread's own
        ("scratch_worker_fp", np.int32, (2,)),
        ("sync", np.int64, (32 * 8,)),
        ("counters", np.int64, (32,)),
        ("histogram", np.int64, (STAGES, BUCKETS)),
        ("stage_max", np.int64, (STAGES,)),  # ns
        ("peak", np.float32, (2,)),
        # synths: one that nothing is played on sleeps
        ("synth_awake", np.int8, (SYNTHS,)),
        ("synth_quiet", np.int64, (SYNTHS,)),  # frames since it was last heard
        ("synth_frame", np.int64, (SYNTHS,)),  # up to which it has been rendered
        ("rendered", np.int64),  # frame up to which the output has been rendered
        ("mix", np.float32, (2, MIX)),
        # rings
        ("control", np.int64, (RING, ENTRIES)),
        ("schedule", np.int64, (RING, ENTRIES)),  # FRAME is absolute here
        ("plan", np.int64, (RING, ENTRIES)),  # and here, or AT_ONCE
        ("plan_generation", np.int64),  # older ones are dropped
        ("heard", np.int64),  # inputs of this period that someone may wait for
        ("log", np.int64, (LOG, 8)),
        ("capture", np.float32, (CAPTURE, 2)),
        ("capturing", np.int32),
        # events of this period
        ("events", np.int64, (EVENTS, ENTRIES)),
        ("event_count", np.int32),
        ("event_part", np.int16, (EVENTS,)),  # decided part of a note-on, or -1
        ("event_confidence", np.float32, (EVENTS,)),
        # the chord window, and what waits in it
        ("chord_window", np.int64),  # frames; 0: nothing waits
        ("chord_first", np.int64),  # frame at which the first key of the open chord went down
        ("chord_due", np.int64),  # frame at which it begins, or -1: none is open
        ("chord_closed", np.int64),  # at which the chord before it begins
        ("waiting", np.int64, (2 * EVENTS, ENTRIES)),  # FRAME is absolute here, STAMP an age in ns
        ("waiting_due", np.int64, (2 * EVENTS,)),  # absolute frame; or frames after the open chord
        ("waiting_kind", np.int8, (2 * EVENTS,)),  # see ``waiting``
        ("waiting_floor", np.int64),  # nothing that is said is due before this frame
        ("pedal_due", np.int64, (SOURCES,)),  # at which the damper pedal was moved last
        ("waiting_count", np.int32),
        ("out", np.int64, (EVENTS, ENTRIES)),  # PORT is the synth channel here
        ("out_count", np.int32),
        # the owner table: notes[0:note_count], and where each held key's note is
        ("note_source", np.int16, (NOTES,)),
        ("note_key", np.int16, (NOTES,)),
        ("note_channel", np.int16, (NOTES,)),
        ("note_sounded", np.int16, (NOTES,)),  # key sent to the synth
        ("note_flags", np.int16, (NOTES,)),
        ("note_birth", np.int64, (NOTES,)),
        ("note_count", np.int32),
        ("births", np.int64),
        ("held", np.int16, (SOURCES, KEYS)),  # index into notes, or -1
        ("sounding", np.int16, (CHANNELS, KEYS)),  # notes that share a channel and key
        ("channel_notes", np.int16, (CHANNELS,)),
        ("channel_down", np.int16, (CHANNELS,)),  # of these, the notes whose key is down
        ("channel_released", np.int64, (CHANNELS,)),  # frame at which one of its keys last came up, or -1
        # controllers, by source and as last sent to each synth channel
        ("cc_policy", np.int8, (KEYS,)),
        ("cc_default", np.int16, (KEYS,)),
        ("cc_reset", np.int8, (KEYS,)),
        ("source_cc", np.int16, (SOURCES, KEYS)),
        ("source_bend", np.int16, (SOURCES,)),
        ("source_pressure", np.int16, (SOURCES,)),
        ("channel_cc", np.int16, (CHANNELS, KEYS)),
        ("channel_bend", np.int16, (CHANNELS,)),
        ("channel_pressure", np.int16, (CHANNELS,)),
        ("channel_user", np.int16, (CHANNELS,)),  # source that last played on it, or -1
        ("sustain", np.int8, (SOURCES,)),
        ("sostenuto", np.int8, (SOURCES,)),
        ("soft", np.int8, (SOURCES,)),
        # ensembles
        ("slot", np.int32),
        ("program_slot", np.int16, (KEYS,)),  # slot that a program change selects, or -1
        ("slot_parts", np.int16, (SLOTS,)),  # 0: free
        ("slot_synth", np.int16, (SLOTS,)),  # or -1
        ("slot_generation", np.int64, (SLOTS,)),  # how often something was loaded into it
        ("slot_first", np.int16, (SLOTS,)),  # channel of that synth that is the first part's
        (
            "slot_family",
            np.int64,
            (SLOTS,),
        ),  # where two have the same, not 0, the music goes on across a switch
        ("slot_before", np.int16, (SLOTS,)),  # slot whose place it took, and which may still sound, or -1
        ("slot_separator", np.int16, (SLOTS,)),  # or BY_RULE or BY_CHANNEL
        ("slot_restart", np.int64, (SLOTS,)),  # frames of silence; 0 = never
        ("slot_labels", np.int16, (SLOTS,)),
        ("slot_label_part", np.int16, (SLOTS, PARTS)),  # part that plays a label, or -1
        ("part_lowest", np.int16, (CHANNELS,)),
        ("part_highest", np.int16, (CHANNELS,)),
        ("part_plays", np.int8, (CHANNELS,)),  # 0: switched off, given no notes
        ("kept_to", np.int64),  # bits of the parts that keyboards' notes may go to; -1: all
        ("part_start", np.int16, (CHANNELS,)),  # where the rule places a part that has not played
        ("part_transpose", np.int16, (CHANNELS,)),
        ("part_mono", np.int8, (CHANNELS,)),
        ("part_volume", np.int16, (CHANNELS,)),
        ("part_program", np.int16, (CHANNELS,)),
        ("part_bank", np.int16, (CHANNELS,)),
        ("part_pan", np.int16, (CHANNELS,)),
        ("part_reverb", np.int16, (CHANNELS,)),
        ("part_chorus", np.int16, (CHANNELS,)),
        ("part_mute", np.int8, (CHANNELS,)),
        ("part_solo", np.int8, (CHANNELS,)),
        ("part_silent", np.int8, (CHANNELS,)),  # muted, or not solo where others are
        ("part_midi_channel", np.int16, (CHANNELS,)),  # 0 to 15, of the part's MIDI output
        ("announce", np.int8),  # 1: tell MIDI outputs the programs of the ensemble in the next period
        ("mapped", np.int8, (SOURCES, KEYS)),
        ("mapping", np.int8),  # 1: something is mapped
        # what has been played, as the separator's features see it
        ("last_pitch", np.int16, (PARTS,)),
        ("chord_last_pitch", np.int16, (PARTS,)),
        ("last_onset", np.int64, (PARTS,)),  # frame of each part's last note-on, or -1
        ("pitch_onset", np.int64, (PARTS, 128)),  # frame of each part's last note-on of each pitch, or -1
        ("note_onset", np.int64),  # frame of the last note-on of all, or -1
        ("chord_above", np.int64, (CHORD_ABOVE,)),  # pitches of the chord's next notes, or -1
        ("chord_taken", np.int16, (PARTS,)),  # notes of this chord that the part has been given
        ("last_note_frame", np.int64),  # at which a note last began or ended, or -1
        ("restart", np.int8),
        ("history", np.int64, (HISTORY, REQUEST_COLUMNS)),  # a ring; by part, not by label
        ("history_tick", np.float64, (HISTORY,)),
        ("history_count", np.int64, (1,)),  # notes so far
        ("history_begin", np.int64),  # of these, the first since the last restart
        # the clock
        ("mode", np.int32),
        ("bpm", np.float64),
        ("resolution", np.float64),  # ticks per quarter note
        ("tick", np.float64),  # at tick_frame
        ("tick_frame", np.int64),
        ("ticks_per_frame", np.float64),
        ("clock_rolling", np.int8),
        ("clock_interval", np.float64),  # frames between MIDI clocks, 0 while unknown
        ("clock_frame", np.int64),  # of the last MIDI clock, or -1
        # the clock that we send
        ("sends_clock", np.int8),
        ("sends_next", np.float64),  # frame of the next one
        ("sends_count", np.int64),  # and its number since the transport's start
        ("sends_rolling", np.int8),  # 1: following JACK's transport, it runs
        ("sends_start", np.int8),  # 1: the next one is to be preceded by song position and start
        # separators
        ("deadline_share", np.float64),  # of a period, for all its decisions
        ("deadline_ns", np.int64),
        ("spent_ns", np.int64),
        ("audio_cpu", np.int32),  # processor on which the audio thread last ran, or -1: not known
        ("threaded", np.int8),  # 1: a thread of its own runs the separator; 0: in line (offline)
        ("step_ns", np.int64, (SEPARATORS,)),  # duration of the last step
        ("session", np.int64, (SEPARATORS,)),
        ("run_options", np.int64, (SEPARATORS,)),
        ("input_names", np.int64, (SEPARATORS,)),
        ("input_values", np.int64, (SEPARATORS,)),
        ("output_names", np.int64, (SEPARATORS,)),
        ("output_values", np.int64, (SEPARATORS,)),
        ("input_count", np.int32, (SEPARATORS,)),
        ("output_count", np.int32, (SEPARATORS,)),
        ("separator_parts", np.int32, (SEPARATORS,)),
        ("separator_resolution", np.int32, (SEPARATORS,)),
        ("scores", np.int64, (SEPARATORS,)),  # address of float32 (parts,)
        ("input_code", np.int32, (SEPARATORS, TENSORS)),  # a feature's code, or -1
        ("input_address", np.int64, (SEPARATORS, TENSORS)),
        ("input_dtype", np.int32, (SEPARATORS, TENSORS)),
        ("input_offset", np.int64, (SEPARATORS, TENSORS)),
        ("input_low", np.int64, (SEPARATORS, TENSORS)),
        ("input_high", np.int64, (SEPARATORS, TENSORS)),
        ("state_count", np.int32, (SEPARATORS,)),
        ("state_from", np.int64, (SEPARATORS, TENSORS)),
        ("state_to", np.int64, (SEPARATORS, TENSORS)),
        ("state_bytes", np.int64, (SEPARATORS, TENSORS)),
        ("state_initial", np.int64, (SEPARATORS, TENSORS)),  # address of the first values
        ("request", np.int64, (REQUESTS, REQUEST_COLUMNS)),
        ("answer", np.float32, (REQUESTS, PARTS)),
        ("answer_failed", np.int32, (REQUESTS,)),
        ("answer_ns", np.int64, (REQUESTS,)),
        ("awaited", np.int64),  # requests made so far
        ("restart_next", np.int8),
        # the output gate: closed by a panic, so that no reverb is left, opened by the next note
        ("gate", np.float32),
        ("gate_target", np.float32),
        ("hush", np.int8),  # 1: the synth's voices are to be stopped as soon as the gate is closed
    ],
    align=True,
)


def new_state(rate: float) -> np.ndarray:
    """Return a fresh engine memory for ``rate`` (Hz): dtype ``State``, shape (1,), every page touched."""
    memory = np.zeros(1, State)
    memory.view(np.uint8)[:] = 0  # touch each page now, not in the first period that needs it
    state = memory[0]
    state["rate"] = rate
    state["resolution"] = 24.0
    state["bpm"] = 120.0
    state["held"] = state["program_slot"] = state["last_pitch"] = state["chord_last_pitch"] = -1
    state["channel_user"] = state["slot_separator"] = state["slot_label_part"] = -1
    state["channel_released"] = state["last_onset"] = state["pitch_onset"] = -1
    state["slot_synth"] = state["slot_before"] = -1
    state["note_onset"] = state["kept_to"] = state["chord_due"] = state["audio_cpu"] = -1
    state["source_bend"] = state["channel_bend"] = 8192
    state["part_highest"] = 127
    state["part_plays"] = 1
    state["part_volume"] = 100
    state["gate"] = state["gate_target"] = 1.0
    state["restart"] = state["announce"] = 1
    state["deadline_share"] = 0.4
    state["last_note_frame"] = state["clock_frame"] = -1
    return memory
