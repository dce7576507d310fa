"""The continuation in the host that ``concertino play`` runs, played by a probe on a JACK server.

Two hosts, one after the other. On the first the model's context is filled, and its turn is begun and taken
back again and again. On the second it plays the other parts all the time, while the probe plays and listens
as in ``bench latency``; before that the probe plays the same notes while the model only hears them.
"""

import os
import time
from typing import Any, NamedTuple

import numpy as np

from bench.continuation_plugin import Timed
from bench.first_notes import CONTROLLER
from bench.instruments import HostInstrument
from bench.onsets import percentiles
from bench.performance import CONTROL_CHANGE, NOTE_OFF, NOTE_ON, Performance, perform
from bench.plan import NOTES_PER_SECOND, Report
from bench.rig import Rig
from bench.sounds import ENSEMBLES, THRESHOLD, find_held_sound, find_onset_sound
from bench.stages import Stages
from bench.stretch import Stretch
from realtime.contract.library import ENVIRONMENT
from realtime.ensembles.library import VARIABLE
from realtime.ensembles.parse import load_ensemble
from realtime.music.mmt.instruments import DROPPED, INSTRUMENT_OF

ENSEMBLE = "continuation.toml"
LOWEST, HIGHEST = 85, 108
"""Keys of the model's parts."""
FILL_PER_SECOND = 60
WARM_UP = 30
SETTLE_SECONDS, LOADING_SECONDS = 1.0, 60.0
PHRASE = 3
"""Notes that the player plays before each trigger, and then pauses."""
CHORD, OVER = (LOWEST, LOWEST + 4), 12
"""Keys that are held under every other phrase, and its notes: all is let go of right before the trigger."""
PHRASE_MS, PAUSE_MS, LET_GO_MS, TURN_MS = 120.0, (150.0, 700.0), (5.0, 50.0), 500.0
OWNED_SECONDS = 9.0
"""Until the parts that filled the context are the model's: 16 beats."""
TEMPO = "120"
HEARD = 20 * THRESHOLD
"""Level from which a note is heard: above what FluidSynth lets through on the right of the model's notes.

A voice that was hard right before is faded from there in its first block, at 2.5 times the threshold. That
was taken for an onset, and hid the player's own where it came within 5 ms.
"""


class Setting(NamedTuple):
    """What is measured, and how long."""

    model: Timed
    variant: str
    soundfont: Any
    triggers: int
    seconds: float
    rows: int
    """Notes with which the context is filled."""
    seed: int


def measure_live(rig: Rig, setting: Setting, report: Report) -> dict[str, Any]:
    """Return first notes, how well the model keeps up, and the player's latency beside it.

    Raises:
        OSError: the host or the model's process does not start.
        ValueError: the SoundFont can't be measured, or the model is refused.
    """
    environment = rig.environment | write_ensemble(rig, setting)
    library = os.pathsep.join([setting.model.library, environment.get(ENVIRONMENT, "")]).rstrip(os.pathsep)
    environment |= {ENVIRONMENT: library}
    arguments = ["--ensemble", "bench", "--audio", "jack", "--soundfont", str(setting.soundfont)]
    arguments += ["--period", str(rig.period), "--rate", f"{rig.rate:.0f}", "--tempo", TEMPO]
    arguments += ["--continue", f"{setting.model.plugin.manifest.name}:{setting.variant}"]
    with HostInstrument(environment, arguments) as host:
        found = _first_notes(rig, host, setting, report)
    with HostInstrument(environment, arguments) as host:
        return found | _keeping_up(rig, host, setting, report)


def write_ensemble(rig: Rig, setting: Setting) -> dict[str, str]:
    """Write the ensemble with sounds of the SoundFont; return the environment in which it is found."""
    path = ENSEMBLES / ENSEMBLE
    onset = find_onset_sound(setting.soundfont, rig.rate)
    held = find_held_sound(setting.soundfont, rig.rate, lambda program: INSTRUMENT_OF[program] != DROPPED)
    text = path.read_text("utf-8")
    for part, program in zip(load_ensemble(path).parts[:2], (onset.program, held.program), strict=True):
        text = text.replace(f"program = {part.program}\n", f"program = {program}\n")
    (rig.folder / ENSEMBLE).write_text(text, "utf-8")
    return {VARIABLE: str(rig.folder)}


def _wait(host: HostInstrument) -> dict[str, Any]:
    """Wait until the model is loaded."""
    until = time.monotonic() + LOADING_SECONDS
    while (said := host.continuation())["state"] == "starting" and time.monotonic() < until:
        time.sleep(0.05)
    if said["state"] != "listening":
        raise OSError(f"the model is {said['state']}: {'; '.join(host.hello['notices'])}")
    return said


def _fill(rig: Rig, host: HostInstrument, setting: Setting) -> None:
    """Play what the model has as its context."""
    if not setting.rows:
        return
    rng = np.random.default_rng(setting.seed)
    step = int(rig.rate / FILL_PER_SECOND)
    keys = rng.integers(LOWEST, HIGHEST + 1, setting.rows)
    rows = []
    for place, key in enumerate(keys.tolist()):
        rows += [(place * step, NOTE_ON, key, 80), (place * step + step // 2, NOTE_OFF, key, 0)]
    rig.play(host, Performance(np.array(rows, np.int64).reshape(-1, 4), np.zeros(0, np.int64)))
    time.sleep(SETTLE_SECONDS)


def trigger_messages(triggers: int, rate: float, seed: int) -> np.ndarray:
    """Return phrases, each followed by a trigger and the end of the turn: int64, shape (n, 4)."""
    rng = np.random.default_rng(seed)
    at, rows = 100.0, []
    for turn in range(triggers):
        chord = CHORD if under_a_chord(turn) else ()
        rows += [(at, NOTE_ON, key, 80) for key in chord]
        for key in rng.integers(CHORD[-1] + 1, HIGHEST + 1, OVER if chord else PHRASE).tolist():
            rows += [(at, NOTE_ON, key, 80), (at + PHRASE_MS / 2, NOTE_OFF, key, 0)]
            at += PHRASE_MS
        rows += [(at, NOTE_OFF, key, 0) for key in chord]
        at += rng.uniform(*(LET_GO_MS if chord else PAUSE_MS))
        for _ in range(2):  # it begins, and is taken back
            rows += [(at, CONTROL_CHANGE, CONTROLLER, 127), (at + 30, CONTROL_CHANGE, CONTROLLER, 0)]
            at += TURN_MS
    return np.array([(int(ms * rate / 1000), *rest) for ms, *rest in rows], np.int64).reshape(-1, 4)


def under_a_chord(turn: int) -> bool:
    """Return whether a chord is held under a phrase, until right before the trigger."""
    return turn % 2 == 1


def _by_phrase(frames: np.ndarray, triggers: int, ms: float) -> dict[str, Any]:
    """Return the first notes' times by what was played before; nothing where one is missing."""
    if len(frames) != triggers or triggers < 2:
        return {}
    held = np.array([under_a_chord(turn) for turn in range(triggers)])
    return {
        "after_a_pause": percentiles(frames[~held], ms),
        "after_a_held_chord": percentiles(frames[held], ms),
    }


def _first_notes(rig: Rig, host: HostInstrument, setting: Setting, report: Report) -> dict[str, Any]:
    rig.connect(host)
    _wait(host)
    report("filling the context", 0, 1)
    _fill(rig, host, setting)
    report("triggers", 0, setting.triggers)
    before = len(host.continuation()["first_frames"])
    messages = trigger_messages(setting.triggers, rig.rate, setting.seed)
    rig.play(host, Performance(messages, np.zeros(0, np.int64)))
    said = host.continuation()
    frames = np.array(said["first_frames"][before:], np.int64)
    ms = 1000 / rig.rate
    return {
        # JACK delivers what is played with the next period: the engine's frames count from there.
        "first_note_ms": percentiles(frames + rig.period, ms) | {"count": len(frames)},
        "first_note_after_delivery_ms": percentiles(frames, ms),
        "first_note_ms_by_phrase": _by_phrase(frames + rig.period, setting.triggers, ms),
        "triggers": setting.triggers,
        "triggers_without_note": setting.triggers - len(frames),
        "context_rows": setting.rows,
        "late_notes_after_triggers": said["late"],
    }


def _keeping_up(rig: Rig, host: HostInstrument, setting: Setting, report: Report) -> dict[str, Any]:
    rig.connect(host)
    _wait(host)
    rig.play(host, perform(WARM_UP, rig.rate, setting.seed + 1000))
    notes = max(1, round(setting.seconds * NOTES_PER_SECOND))
    host.report()
    alone = _latency(rig, host, notes, setting.seed, "notes alone", report)
    _fill(rig, host, setting)
    time.sleep(OWNED_SECONDS if setting.rows else 0.0)
    host.continuation(mode="accompany", trigger=True)
    host.report()
    before = host.continuation()
    beside = _latency(rig, host, notes, setting.seed, "notes beside the model", report)
    said = host.continuation()
    return {
        **{name: said[name] for name in ("isr", "staleness_ticks", "lead_ms", "restarts")},
        "late_notes": said["late"] - before["late"],
        "planned_notes": said["notes"] - before["notes"],
        "worker_notes_per_second": said["notes_per_second"],
        "live": {"alone": alone, "beside": beside},
        "notices": host.hello["notices"],
    }


def _latency(
    rig: Rig, host: HostInstrument, notes: int, seed: int, what: str, report: Report
) -> dict[str, Any]:
    """Return key to sound and what else ``bench latency`` tells of a stretch of notes."""
    stretch, stages = Stretch(), Stages()
    before = host.report()["counters"]
    played = rig.play(host, perform(notes, rig.rate, seed), lambda done: report(what, done, notes), HEARD)
    said = host.report()
    stretch.add(played, rig.period)
    stages.add(said["stages"])
    summary = stretch.summary(rig.rate, rig.period)
    kept = ("key_to_sound_ms", "jitter_ms", "jitter_without_block_ms", "lost_notes", "stray_onsets", "xruns")
    return {name: summary[name] for name in kept} | {
        "notes": notes,
        "callback_us": stages.summary("callback"),
        "decision_us": stages.summary("decision"),
        "by_rule": said["counters"]["fallback"] - before["fallback"],
    }
