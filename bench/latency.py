"""``concertino bench latency``: from key to sound, measured from outside, with FluidSynth's player as floor.

A run: xruns of the idle server; the host started twice (the second start is a warm one); some notes to warm
up; the notes; some notes while voices are held; the same notes on FluidSynth's own player.
"""

from typing import Any

import numpy as np

from bench.instruments import HostInstrument
from bench.load import competing
from bench.machine import describe_machine
from bench.onsets import percentiles
from bench.peers.fluidsynth import measure_floor, require_player
from bench.performance import NOTE_OFF, NOTE_ON, PROGRAM_CHANGE, Performance, perform
from bench.plan import Plan, Report, silent
from bench.rig import Played, Rig, open_rig
from bench.sounds import (
    THRESHOLD,
    HeldSound,
    OnsetSound,
    find_held_sound,
    find_onset_sound,
    write_ensembles,
)
from bench.stages import Stages
from bench.stretch import Stretch

VOICES_SHARE, VOICES_NOTES = 0.2, (20, 400)
"""Of the notes, how many are played while voices are held; at least and at most."""
HELD_CHANNEL, HELD_LOWEST, HELD_GAP_SECONDS = 1, 24, 0.01
HELD_PROGRAM_CHANGE, PLAYED_PROGRAM_CHANGE = 127, 126  # of the two ensembles
AUDIO = {"jack-dummy": "jack", "jack": "jack", "portaudio": "portaudio:JACK"}
"""What the host plays on."""


def measure_latency(plan: Plan, report: Report = silent) -> dict[str, Any]:
    """Return the measurement as the JSON that ``--json`` writes.

    Raises:
        OSError: a server, the host or FluidSynth's player does not start or does not go on.
        ValueError: the plan does not fit the server, or the SoundFont can't be measured.
    """
    if plan.baseline:
        require_player()
    machine = describe_machine()
    with open_rig(plan.driver != "jack", plan.period, plan.rate) as rig, competing(plan.load):
        sound = find_onset_sound(plan.soundfont, rig.rate)
        held = find_held_sound(plan.soundfont, rig.rate) if plan.voices else None
        report("idle server", 0, 1)
        idle = rig.idle(plan.idle_seconds)
        result = _measure_host(rig, plan, sound, held, report)
        if plan.baseline:
            result |= compare(result, measure_floor(rig, plan, sound, report))
    idle_rate = round(60 * idle / plan.idle_seconds, 2) if plan.idle_seconds else None
    return {
        "bench": "latency",
        "driver": plan.driver,
        "period": rig.period,
        "rate": rig.rate,
        "notes": sum(plan.segments()),
        "load": plan.load,
        **result,
        "xruns_per_minute": {"idle": idle_rate, "playing": result["xruns_per_minute"]},
        "period_ms": round(1000 * rig.period / rig.rate, 4),
        "playback_ms": rig.playback_ms,
        "realtime": rig.realtime,
        "soundfont": plan.soundfont.name,
        "attack_frames": sound.attack,
        "seed": plan.seed,
        "machine": machine,
    }


def _measure_host(
    rig: Rig, plan: Plan, sound: OnsetSound, held: HeldSound | None, report: Report
) -> dict[str, Any]:
    environment = rig.environment | write_ensembles(rig.folder, sound, held)
    arguments = ["--ensemble", "bench", "--audio", AUDIO[plan.driver], "--soundfont", str(plan.soundfont)]
    arguments += ["--period", str(rig.period), "--rate", f"{rig.rate:.0f}"]
    arguments += ["--separator", plan.separator] if plan.separator else []
    report("starting the host", 0, 2)
    with HostInstrument(environment, arguments) as host:
        first = host.start_seconds
    report("starting the host", 1, 2)
    arguments += ["--gil-load"] if plan.load == "gil" else []
    with HostInstrument(environment, arguments) as host:
        rig.connect(host)
        rig.play(host, perform(plan.warm_up, rig.rate, plan.seed + 1000))
        said = before = host.report()
        stretch, stages, intervals = Stretch(), Stages(), []
        segments = plan.segments()
        for place, notes in enumerate(segments):
            done = sum(segments[:place])
            played = rig.play(
                host,
                perform(notes, rig.rate, plan.seed + place),
                progress=lambda n, done=done: report("notes on the host", done + n, sum(segments)),
            )
            said = host.report()
            stretch.add(played, rig.period)
            stages.add(said["stages"])
            intervals.append(_interval(rig, played, said))
        result = stretch.summary(rig.rate, rig.period)
        result |= {
            "callback_us": stages.summary("callback"),
            "separator_us": stages.summary("separator"),
            "decision_us": stages.summary("decision"),
            "stages_us": stages.all(),
            "separator": host.hello["separator"],
            "sounding_after": said["sounding"],
            "separator_late": said["counters"]["late"] - before["counters"]["late"],
            "by_rule": said["counters"]["fallback"] - before["counters"]["fallback"],
            "notices": host.hello["notices"],
            "priority": host.hello["priority"],
            "compiled": host.hello["compiled"],
            "rss_mb": said["rss_mb"],
            "rss_shared_mb": said["rss_shared_mb"],
            "start_seconds": {"first": round(first, 3), "warm": round(host.start_seconds, 3)},
        }
        if held:
            result |= _measure_voices(rig, plan, host, held, report)
    if plan.soak_hours:
        result |= {"soak_hours": plan.soak_hours, "intervals": intervals, **_drift(intervals)}
    return result


def _interval(rig: Rig, played: Played, said: dict[str, Any]) -> dict[str, Any]:
    stages = Stages()
    stages.add(said["stages"])
    return {
        "seconds": round(played.seconds, 1),
        "key_to_sound_ms": percentiles(played.heard.frames, 1000 / rig.rate),
        "callback_us": stages.summary("callback"),
        "separator_us": stages.summary("separator"),
        "decision_us": stages.summary("decision"),
        "lost_notes": played.heard.lost,
        "xruns": played.xruns,
        "rss_mb": said["rss_mb"],
    }


def _drift(intervals: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how much the last interval differs from the first."""
    first, last = intervals[0], intervals[-1]
    return {
        "drift": {
            "key_to_sound_p50_ms": round(last["key_to_sound_ms"]["p50"] - first["key_to_sound_ms"]["p50"], 4),
            "key_to_sound_p999_ms": round(
                last["key_to_sound_ms"]["p999"] - first["key_to_sound_ms"]["p999"], 4
            ),
            "rss_mb": round(last["rss_mb"] - first["rss_mb"], 1),
        }
    }


def _measure_voices(
    rig: Rig, plan: Plan, host: HostInstrument, held: HeldSound, report: Report
) -> dict[str, Any]:
    """Hold keys on the other ensemble, play on, and time the callback meanwhile."""
    keys = range(HELD_LOWEST, HELD_LOWEST + -(-plan.voices // held.voices))
    down, up = _chord(keys, NOTE_ON, rig.rate), _chord(keys, NOTE_OFF, rig.rate)
    notes = int(np.clip(plan.notes * VOICES_SHARE, *VOICES_NOTES))
    rig.play(host, down)
    sounding = host.report()["sounding"]
    played = rig.play(
        host,
        perform(notes, rig.rate, plan.seed + 2000),
        progress=lambda n: report(f"notes beside {plan.voices} voices", n, notes),
        threshold=20 * THRESHOLD,  # what the held voices leave on the other side must stay below
    )
    said = host.report()
    rig.play(host, up)
    stages = Stages()
    stages.add(said["stages"])
    callback = stages.summary("callback")
    return {
        "voices": sounding * held.voices,
        "voices_heard": played.peak[0] > THRESHOLD,
        "notes_32_voices": notes,
        "lost_notes_32_voices": played.heard.lost,
        "callback_us_32_voices": callback,
        "callback_share_32_voices": {
            name: round(value * 1e-6 * rig.rate / rig.period, 4) for name, value in callback.items()
        },
    }


def _chord(keys: range, status: int, rate: float) -> Performance:
    """Return messages for held keys, framed by the program changes that choose their ensemble and back."""
    step = int(HELD_GAP_SECONDS * rate)
    rows = [(0, PROGRAM_CHANGE | HELD_CHANNEL, HELD_PROGRAM_CHANGE, 0)]
    rows += [((i + 1) * step, status | HELD_CHANNEL, key, 80) for i, key in enumerate(keys)]
    rows += [((len(keys) + 2) * step, PROGRAM_CHANGE | HELD_CHANNEL, PLAYED_PROGRAM_CHANGE, 0)]
    return Performance(np.array(rows, np.int64), np.zeros(0, np.int64))


def compare(ours: dict[str, Any], floor: dict[str, Any]) -> dict[str, Any]:
    """Return what FluidSynth's player reached, and how far behind it the host is."""
    return {
        "fluidsynth_ms": floor["key_to_sound_ms"],
        "fluidsynth": floor,
        "behind_fluidsynth_ms": round(ours["key_to_sound_ms"]["p50"] - floor["key_to_sound_ms"]["p50"], 4),
        "behind_fluidsynth_without_rounding_ms": round(
            ours["without_block_ms"]["p50"] - floor["without_block_ms"]["p50"], 4
        ),
    }
