"""The table of everything that can be read and changed, from which every transport derives.

A control's name is its path: ``parts/1/volume`` is the OSC address ``/parts/1/volume``, over HTTP it is
``/api/parts/1/volume``, and it is called by its name in WebSocket messages, MIDI mappings, presets and
``concertino ctl``. Parts are counted from 1 in names, and from 0 (``place``) in the functions here. Importing
this costs nothing but msgspec: the server's process knows the table without an engine.
"""

import re
from pathlib import Path
from typing import Any

from realtime.control.access import (
    channel_of,
    continuation_of,
    devices_here,
    driver_of,
    in_full,
    in_thousandths,
    mapper_of,
    of_continuation,
    of_part,
    presets_of,
    range_of,
    slot_of,
    step_preset,
    switch,
)
from realtime.control.takes import list_takes
from realtime.control.values import (
    Bars,
    Beats,
    Clock,
    Control,
    Name,
    Path_,
    Play,
    Range,
    Temperature,
    Transport,
    Window,
)
from realtime.ensembles.schema import MAX_PARTS, Bank, Seven, Switch, Tempo, Transposition

NOWHERE = -1
"""In place of a part's place, for a control that belongs to no part."""
_PART_NAME = re.compile(r"parts/([1-9][0-9]?)/([a-z_]+)")


CONTROLS: tuple[Control, ...] = (
    Control(
        "ensemble",
        "The ensemble that plays.",
        Name,
        lambda s, _: slot_of(s).ensemble.name,
        lambda s, _, name: s.choose_ensemble(name),
        choices=lambda s: s.ensemble_choices(),
        saved=True,
        slow=True,
        loaded=True,
    ),
    Control("title", "The ensemble's title.", str, lambda s, _: slot_of(s).ensemble.title),
    Control(
        "separator",
        "Who chooses each note's part: a model or a rule, some with values: split:60.",
        Name,
        lambda s, _: slot_of(s).separator or "rule",
        lambda s, _, name: s.choose_separator(name),
        choices=lambda s: s.separator_choices(),
        saved=True,
        slow=True,
        loaded=True,
        spelled=True,
    ),
    Control(
        "parts", "The parts' names.", list[str], lambda s, _: [p.name for p in slot_of(s).ensemble.parts]
    ),
    of_part("program", Seven, "General MIDI program, from 0; held notes end on the old one.", loaded=True),
    of_part("bank", Bank, "Bank of the program.", loaded=True),
    of_part("volume", Seven, "Volume."),
    of_part("pan", Seven, "Place: 0 is left, 64 the middle, 127 right."),
    of_part("reverb", Seven, "How much of it goes to the reverb."),
    of_part("chorus", Seven, "How much of it goes to the chorus."),
    of_part("mute", Switch, "Silent; goes on to be given notes."),
    of_part("solo", Switch, "While any part is solo, the others are silent."),
    of_part("transpose", Transposition, "Semitones that it plays higher than the keys."),
    Control(
        "parts/{part}/plays",
        "Whether it is given notes.",
        Switch,
        lambda s, place: bool(s.engine.state["part_plays"][channel_of(s, place)]),
        switch,
        saved=True,
    ),
    Control(
        "parts/{part}/range",
        "The keys that it may be given.",
        Range,
        range_of,
        lambda s, place, keys: s.set_range(place, *keys),
        saved=True,
    ),
    Control(
        "chord_window",
        "Milliseconds that a note waits for others of its chord, so that their parts are chosen together.",
        Window,
        lambda s, _: s.chord_window,
        lambda s, _, milliseconds: s.set_chord_window(milliseconds),
        saved=True,
    ),
    Control(
        "tempo",
        "Beats per minute, where the beat is our own.",
        Tempo,
        lambda s, _: in_thousandths(s.engine.state["bpm"]),
        lambda s, _, bpm: s.set_tempo(bpm),
        saved=True,
        nearest=in_thousandths,
    ),
    Control(
        "clock",
        "Where the beat comes from.",
        Clock,
        lambda s, _: s.clock(),
        lambda s, _, name: s.set_clock(name),
        saved=True,
    ),
    Control(
        "soundfont",
        "Path of the SoundFont; held notes end on the old one.",
        Path_,
        lambda s, _: s.soundfont,
        lambda s, _, path: s.choose_soundfont(path),
        saved=True,
        slow=True,
        loaded=True,
        nearest=lambda path: str(Path(path).expanduser()),
    ),
    Control(
        "clock_out",
        "Whether MIDI clock is sent on the MIDI outputs.",
        Switch,
        lambda s, _: s.sends_clock,
        lambda s, _, on: s.send_clock(on),
        saved=True,
    ),
    Control(
        "transport",
        "Send start, continue or stop to whoever follows our clock.",
        Transport,
        write=lambda s, _, what: s.send_transport(what),
        call=True,
    ),
    Control(
        "preset",
        "The preset that plays.",
        str,
        lambda s, _: s.presets.current if s.presets else "",
        lambda s, _, name: presets_of(s).recall(name),
        choices=lambda s: s.presets.names() if s.presets else (),
        slow=True,
        loaded=True,
    ),
    Control(
        "preset/save",
        "Save everything that can be steered as a preset of this name.",
        Name,
        write=lambda s, _, name: presets_of(s).save(name),
        call=True,
        slow=True,
        renews=True,
    ),
    Control(
        "preset/next", "Recall the next preset.", write=lambda s, _, __: presets_of(s).step(1), call=True
    ),
    Control(
        "preset/previous",
        "Recall the preset before.",
        write=lambda s, _, __: step_preset(s, -1),
        call=True,
    ),
    Control(
        "learn",
        "The control that waits for a knob; empty: none.",
        str,
        lambda s, _: s.mappings.learning if s.mappings else "",
        lambda s, _, name: mapper_of(s).learn(name),
    ),
    Control(
        "mappings",
        "Which knobs move which controls.",
        list[dict[str, Any]],
        lambda s, _: s.mappings.values() if s.mappings else [],
        lambda s, _, rows: mapper_of(s).set_all(rows),
        slow=True,
        nearest=in_full,
    ),
    Control("tap", "Tap the tempo.", write=lambda s, _, __: s.taps.tap(), call=True),
    Control(
        "beat",
        "Quarter notes since the beat began.",
        float,
        lambda s, _: round(float(s.engine.state["tick"] / s.engine.state["resolution"]), 3),
        volatile=True,
    ),
    Control(
        "beat/tempo",
        "Beats per minute of the beat now: the tempo, or that of the clock that is followed.",
        float,
        lambda s, _: s.beat_tempo,
        volatile=True,
    ),
    Control(
        "loading",
        "How many changes are being loaded: what was asked for plays, and is told, when it is loaded.",
        int,
        lambda s, _: s.loader.loading,
        volatile=True,
    ),
    Control("panic", "Silence everything at once and play on.", write=lambda s, _, __: s.panic(), call=True),
    Control(
        "record",
        "Whether a take is being recorded.",
        Switch,
        lambda s, _: s.recording,
        lambda s, _, on: s.record(on),
        slow=True,
    ),
    Control(
        "takes",
        "The takes that were recorded, the newest first; each file is at /takes/NAME/FILE.",
        list[dict[str, Any]],
        lambda s, _: list_takes(s.take_folder),
        volatile=True,
        slow=True,
    ),
    Control(
        "continuation/mode",
        "What the model does with the player's music.",
        Play,
        lambda s, _: getattr(getattr(s, "continuation", None), "mode", None),
        lambda s, _, mode: continuation_of(s).set_mode(mode),
        saved=True,
    ),
    Control(
        "continuation/trigger",
        "Let the model play on from here.",
        write=lambda s, _, __: continuation_of(s).trigger(),
        call=True,
    ),
    Control(
        "continuation/take_back",
        "End what the model plays.",
        write=lambda s, _, __: continuation_of(s).take_back(),
        call=True,
    ),
    of_continuation("temperature", Temperature, "How daring the model is; 1: as the music it has learned."),
    of_continuation("bars", Bars, "Bars of a phrase, where the model trades."),
    of_continuation("silence_beats", Beats, "Beats of silence after which the model plays; 0: never."),
    Control(
        "continuation/status",
        "What the model does, and how far ahead it is.",
        dict[str, Any] | None,
        lambda s, _: continuation_of(s).status() if getattr(s, "continuation", None) else None,
        volatile=True,
    ),
    Control("keyboards", "The connected keyboards.", list[str], lambda s, _: s.keyboards()),
    Control("driver", "What plays the sound.", dict[str, Any], driver_of),
    Control(
        "devices",
        "MIDI ports and audio devices of this machine.",
        dict[str, Any],
        devices_here,
        volatile=True,
        slow=True,
    ),
    Control(
        "latency",
        "Each stage's latency in microseconds: p50, p95, p99, p999, max, jitter, count.",
        dict[str, dict[str, float]],
        lambda s, _: s.engine.latency(),
        volatile=True,
    ),
    Control(
        "counters",
        "What the engine counts: notes, xruns, late decisions and so on.",
        dict[str, int],
        lambda s, _: s.engine.counters(),
        volatile=True,
    ),
)
BY_NAME = {control.name: control for control in CONTROLS}


def find(name: str) -> tuple[Control, int]:
    """Return the control called ``name`` and its part's place (``NOWHERE`` where it has none).

    Raises:
        LookupError: there is none.
    """
    place = NOWHERE
    if found := _PART_NAME.fullmatch(name):
        place = int(found[1]) - 1
        name = f"parts/{{part}}/{found[2]}"
    control = BY_NAME.get(name)
    if control is None or control.each_part != (place >= 0) or place >= MAX_PARTS:
        raise LookupError("there is no such control; concertino ctl list tells all names")
    return control, place
