"""``concertino bench latency``: from key to sound, measured from outside, with FluidSynth's player as floor.

A run: xruns of the idle server; the host started twice (the second start is a warm one); some notes to warm
up; the notes; some notes while 32 voices are held; the same notes on FluidSynth's own player.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.instruments import FluidSynthPlayer, HostInstrument
from bench.load import competing
from bench.machine import describe_machine
from bench.onsets import Heard, explain, jitter, percentiles
from bench.performance import NOTE_OFF, NOTE_ON, PROGRAM_CHANGE, Performance, perform
from bench.rig import Played, Rig, open_rig
from bench.sounds import THRESHOLD, HeldSound, OnsetSound, find_held_sound, find_onset_sound, write_ensembles
from bench.stages import Stages

WARM_UP_NOTES = 30
SEGMENT_NOTES = 250
"""Notes sent in one go; the host's histograms are fetched in between."""
VOICES_SHARE, VOICES_NOTES = 0.2, (20, 400)
"""Of the notes, how many are played while voices are held; at least and at most."""
HELD_CHANNEL, HELD_LOWEST, HELD_GAP_SECONDS = 1, 24, 0.01
HELD_PROGRAM_CHANGE, PLAYED_PROGRAM_CHANGE = 127, 126  # of the two ensembles
NOTES_PER_SECOND = 5.5
"""About what ``performance`` plays, to divide a soak into intervals."""
INTERVAL_SECONDS = 300.0
AUDIO = {"jack-dummy": "jack", "jack": "jack", "portaudio": "portaudio:JACK"}
"""What the host plays on."""

Report = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much is done."""


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    soundfont: Path
    driver: str = "jack-dummy"
    period: int = 128
    rate: int = 48000
    notes: int = 2000
    load: str = "none"
    soak_hours: float = 0.0
    separator: str | None = None
    seed: int = 1
    baseline: bool = True
    voices: int = 32
    idle_seconds: float = 20.0

    def segments(self) -> list[int]:
        """Return the number of notes of each stretch: of a soak, its intervals."""
        if self.soak_hours:
            interval = min(INTERVAL_SECONDS, self.soak_hours * 3600 / 2)
            count = round(self.soak_hours * 3600 / interval)
            return [max(1, round(interval * NOTES_PER_SECOND))] * count
        whole, rest = divmod(self.notes, SEGMENT_NOTES)
        return [SEGMENT_NOTES] * whole + [rest] * (rest > 0)


@dataclass
class Stretch:
    """What several ``Played`` come to."""

    heard: list[Heard] = field(default_factory=list)
    rounded: list[np.ndarray] = field(default_factory=list)
    rounding: str = ""
    xruns: int = 0
    seconds: float = 0.0

    def add(self, played: Played, period: int) -> None:
        """Add one."""
        self.rounding, rounded = explain(played.heard, played.begin, period)
        self.heard.append(played.heard)
        self.rounded.append(rounded)
        self.xruns += played.xruns
        self.seconds += played.seconds

    def summary(self, rate: float, period: int) -> dict[str, Any]:
        """Return key to sound in all forms; times in ms."""
        frames = np.concatenate([h.frames for h in self.heard])
        rounded = np.concatenate(self.rounded)
        ms = 1000 / rate
        whole, without = percentiles(frames, ms), percentiles(frames - rounded, ms)
        return {
            "key_to_sound_ms": whole,
            "key_to_sound_frames": percentiles(frames),
            "jitter_ms": jitter(whole),
            "loop_ms": round(period * ms, 4),
            "rounding": self.rounding,
            "block_ms": percentiles(rounded, ms),
            "without_block_ms": without,
            "jitter_without_block_ms": jitter(without),
            "lost_notes": sum(h.lost for h in self.heard),
            "stray_onsets": sum(h.stray for h in self.heard),
            "xruns": self.xruns,
            "xruns_per_minute": round(60 * self.xruns / max(self.seconds, 1e-9), 2),
        }


def measure_latency(plan: Plan, report: Report = lambda what, done, of: None) -> dict[str, Any]:
    """Return the measurement as the JSON that ``--json`` writes.

    Raises:
        OSError: a server, the host or FluidSynth's player does not start or does not go on.
        ValueError: the plan does not fit the server, or the SoundFont can't be measured.
    """
    machine = describe_machine()
    sound = find_onset_sound(plan.soundfont, plan.rate)
    held = find_held_sound(plan.soundfont, plan.rate) if plan.voices else None
    with open_rig(plan.driver != "jack", plan.period, plan.rate) as rig, competing(plan.load):
        report("idle server", 0, 1)
        idle = rig.idle(plan.idle_seconds)
        result = _measure_host(rig, plan, sound, held, report)
        if plan.baseline:
            result |= _measure_floor(rig, plan, sound, result, report)
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
        rig.play(host, perform(WARM_UP_NOTES, rig.rate, plan.seed + 1000))
        host.report()
        stretch, stages, intervals = Stretch(), Stages(), []
        said = {}
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
            "stages_us": stages.all(),
            "separator": host.hello["separator"],
            "sounding_after": said["sounding"],
            "separator_late": said["counters"]["late"],
            "by_rule": said["counters"]["fallback"],
            "notices": host.hello["notices"],
            "priority": host.hello["priority"],
            "compiled": host.hello["compiled"],
            "rss_mb": said["rss_mb"],
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


def _measure_floor(
    rig: Rig, plan: Plan, sound: OnsetSound, ours: dict[str, Any], report: Report
) -> dict[str, Any]:
    """Play the same notes on FluidSynth's own player, and compare."""
    segments = plan.segments() if not plan.soak_hours else [plan.notes]
    stretch = Stretch()
    player = FluidSynthPlayer(rig.environment, plan.soundfont, rig.rate, sound.program)
    with player:
        rig.connect(player)
        rig.play(player, perform(WARM_UP_NOTES, rig.rate, plan.seed + 1000))
        for place, notes in enumerate(segments):
            done = sum(segments[:place])
            stretch.add(
                rig.play(
                    player,
                    perform(notes, rig.rate, plan.seed + place),
                    progress=lambda n, done=done: report(
                        "notes on FluidSynth's player", done + n, sum(segments)
                    ),
                ),
                rig.period,
            )
    floor = stretch.summary(rig.rate, rig.period)
    return {
        "fluidsynth_ms": floor["key_to_sound_ms"],
        "fluidsynth": floor,
        "behind_fluidsynth_ms": round(ours["key_to_sound_ms"]["p50"] - floor["key_to_sound_ms"]["p50"], 4),
        "behind_fluidsynth_without_rounding_ms": round(
            ours["without_block_ms"]["p50"] - floor["without_block_ms"]["p50"], 4
        ),
    }
