import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bench.jack_server import JackServer
from bench.latency import measure_latency
from bench.plan import Plan
from bench.soundfont import bench_soundfont
from tests.live import wait_until

pytestmark = pytest.mark.jack
NOTES = 25
REQUIRED = {
    "bench",
    "period",
    "rate",
    "notes",
    "load",
    "key_to_sound_ms",
    "jitter_ms",
    "callback_us",
    "separator_us",
    "xruns",
    "lost_notes",
    "machine",
}
RANKS = ["p50", "p95", "p99", "p999", "max"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(bench_soundfont(None), notes=NOTES, idle_seconds=1.0, warm_up=5)


@pytest.fixture(scope="module")
def result(plan) -> dict[str, Any]:
    return measure_latency(plan)


def test_a_run_has_every_key_and_is_json(result):
    assert set(result) >= REQUIRED
    assert json.loads(json.dumps(result)) == json.loads(json.dumps(result))
    for key in ("key_to_sound_ms", "callback_us", "separator_us", "callback_us_32_voices", "fluidsynth_ms"):
        assert list(result[key]) == RANKS
        assert list(result[key].values()) == sorted(result[key].values())


def test_every_note_is_heard_once_on_both_instruments(result):
    # JACK drops the MIDI of a period that a client misses, which happens on a busy machine: an xrun each.
    floor = result["fluidsynth"]
    assert max(result["lost_notes"], result["stray_onsets"], result["sounding_after"]) <= result["xruns"]
    assert max(floor["lost_notes"], floor["stray_onsets"]) <= floor["xruns"]
    assert result["lost_notes"] < NOTES / 2
    assert floor["lost_notes"] < NOTES / 2


def test_a_note_sounds_after_the_period_that_delivers_it_and_within_a_block(result):
    frames, attack = result["key_to_sound_frames"], result["attack_frames"]
    assert frames["p50"] >= result["period"] - 64 + attack[0]
    # Not a matter of speed: the server counts frames. Only a missed period could add one.
    assert frames["p50"] <= result["period"] + 64 + attack[1]
    assert "block" in result["rounding"]


def test_the_synths_block_is_told_apart(result):
    block = result["block_ms"]
    assert abs(block["max"]) <= 64 / 48


def test_thirty_two_voices_sound_while_the_callback_is_timed(result):
    assert result["voices"] == 32
    assert result["voices_heard"]
    assert result["callback_us_32_voices"]["p50"] > 0


def test_the_separator_is_really_asked(result):
    assert result["separator"] == "bach-chorale"
    assert result["separator_us"]["p50"] > 0


def test_a_soak_reports_intervals_and_drift(plan):
    # 12 seconds in two intervals
    soak = measure_latency(
        dataclasses.replace(plan, soak_hours=12 / 3600, baseline=False, voices=0, load="gil")
    )
    assert len(soak["intervals"]) == 2
    assert soak["notes"] > 30
    assert set(soak["drift"]) == {"key_to_sound_p50_ms", "key_to_sound_p999_ms", "rss_mb"}
    assert soak["lost_notes"] == sum(i["lost_notes"] for i in soak["intervals"]) <= soak["xruns"]


def test_a_running_server_is_used_as_it_is(plan, monkeypatch):
    with JackServer(256) as server:
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        there = dataclasses.replace(plan, driver="jack", period=0, notes=5, baseline=False, voices=0)
        assert measure_latency(there)["period"] == 256
        with pytest.raises(ValueError, match="periods of 256 frames, not 128"):
            measure_latency(dataclasses.replace(there, period=128))


def test_an_unknown_separator_is_refused_in_a_sentence(plan):
    with pytest.raises(ValueError, match="nobody"):
        measure_latency(dataclasses.replace(plan, separator="nobody", idle_seconds=0.0))


def test_an_interrupted_run_leaves_no_server_and_no_process():
    command = [sys.executable, "-m", "realtime.cli.main", "bench", "latency", "--load", "cpu"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        family = wait_for_family(run.pid)
    finally:
        run.terminate()
        run.communicate(timeout=30)
    assert run.returncode == 130
    assert any(name.startswith("jackd") for name in family.values())
    wait_until(lambda: not [pid for pid in family if os.path.exists(f"/proc/{pid}")])


def wait_for_family(pid: int) -> dict[int, str]:
    """Return the names of a process's children once a server, a probe and the load are there."""
    import time

    import psutil

    family: dict[int, str] = {}
    deadline = time.monotonic() + 60
    while len(family) < 2 + (os.cpu_count() or 1) and time.monotonic() < deadline:
        time.sleep(0.1)
        for child in psutil.Process(pid).children(recursive=True):
            try:
                if child.name() != "jack_wait":
                    family[child.pid] = child.name()
            except psutil.NoSuchProcess:
                continue
    return family
