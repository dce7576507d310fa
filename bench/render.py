"""``concertino bench render``: how fast files are rendered, how soon ``play`` can be played, what it needs.

Everything is run as a user runs it: ``concertino render`` and ``concertino play`` in processes of their own.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import realtime
from bench.child import ChildError
from bench.machine import describe_machine
from bench.memory import resident
from bench.performance import perform
from bench.plan import Report, silent
from bench.rig import Rig, open_rig

CHORALE = Path(realtime.__file__).parent / "demo" / "chorale.mid"
CLIENT = "concertino"
START_SECONDS = 120.0
"""The very first start compiles the audio core."""
NOTES = 50


def command(*arguments: str) -> list[str]:
    """Return the command line of ``concertino`` for this interpreter."""
    return [sys.executable, "-m", "realtime.cli.main", *arguments]


def measure_render(
    soundfont: Path,
    midi: Path = CHORALE,
    separator: str | None = None,
    runs: int = 5,
    notes: int = NOTES,
    report: Report = silent,
) -> dict[str, Any]:
    """Return real-time factor, start-up time and resident memory, as the JSON that ``--json`` writes.

    Args:
        soundfont: SoundFont to play.
        midi: what is rendered.
        separator: instead of the ensemble's own.
        runs: of each command; the first is reported apart, the others are warm.
        notes: played before memory is read, since pages count once they are used.
        report: told how far it has come.

    Raises:
        OSError: a command fails, or no JACK server can be started.
    """
    machine = describe_machine()
    options = ["--soundfont", str(soundfont), *(["--separator", separator] if separator else [])]
    rendered, walls = [], []
    with tempfile.TemporaryDirectory(prefix="concertino-bench-") as folder:
        for place in range(runs):
            report("renderings", place, runs)
            began = time.monotonic()
            rendered.append(_render(midi, Path(folder), options))
            walls.append(time.monotonic() - began)
    starts = []
    with open_rig(True, 128, 48000) as rig:
        for place in range(runs):
            report("starts of play", place, runs)
            starts.append(_play(rig, options, notes))
    warm = slice(1, None) if runs > 1 else slice(None)
    seconds = rendered[0]["seconds"]
    return {
        "bench": "render",
        "midi": midi.name,
        "notes": len(rendered[0]["notes"]),
        "seconds": seconds,
        "separator": rendered[0]["separator"],
        "times_real_time": statistics.median(r["times_real_time"] for r in rendered[warm]),
        "times_real_time_with_start": round(seconds / statistics.median(walls[warm]), 1),
        "start_seconds": {
            "first": round(starts[0]["start"], 3),
            "warm": round(statistics.median(s["start"] for s in starts[warm]), 3),
            "worst_warm": round(max(s["start"] for s in starts[warm]), 3),
        },
        "rss_mb": max(s["rss_mb"] for s in starts),
        "rss_shared_mb": max(s["rss_shared_mb"] for s in starts),
        "runs": runs,
        "soundfont": soundfont.name,
        "machine": machine,
    }


def _render(midi: Path, folder: Path, options: Sequence[str]) -> dict[str, Any]:
    sound, report = folder / "out.wav", folder / "out.json"
    done = subprocess.run(
        command("render", str(midi), "-o", str(sound), "--json", str(report), *options),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ChildError(_last_line(done.stderr))
    return json.loads(report.read_text("utf-8"))


def _play(rig: Rig, options: Sequence[str], notes: int) -> dict[str, float]:
    """Start ``play``; return seconds until a note can be sent to it, and its bytes of memory after some."""
    arguments = ["play", "--plain", "--audio", "jack", "--midi-in", "virtual", *options]
    began = time.monotonic()
    process = subprocess.Popen(
        command(*arguments),
        env=rig.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    instrument = _Player()
    try:
        try:
            at = rig.probe.ask("connect", None, **instrument.ports, seconds=START_SECONDS)["at"]
        except ChildError:
            process.terminate()
            raise ChildError(f"concertino play: {_last_line(process.communicate(timeout=10)[1])}") from None
        rig.play(instrument, perform(notes, rig.rate, 1))
        return {"start": at - began, **resident(process.pid)}
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


class _Player:
    """``concertino play`` as the probe's instrument."""

    def __init__(self) -> None:
        self.ports = {"keys": f"{CLIENT}:midi_in", "left": f"{CLIENT}:left", "right": f"{CLIENT}:right"}
        self.preamble: list[tuple[int, int, int]] = []

    def wait(self, probe: Any) -> None:
        """Nothing to wait for: connecting waits."""


def _last_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
