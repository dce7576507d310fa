"""The audio callback allocates nothing, takes no lock and waits for no file, shown by a library that counts.

Every test here plays the whole host core in real time in a process of its own: FluidSynth, the separator, the
rings, several keyboards, pedals, ensemble switches, panics and more held keys than there is room for.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.jack_server import JackServer

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COMPILER = shutil.which("cc") or shutil.which("gcc")

pytestmark = [
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the counting library needs glibc"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler for the counting library"),
]

Counts = dict[str, int]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = HERE / "shim.c"
    command = [str(COMPILER), "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return library


@pytest.fixture
def watch(shim: Path, soundfont: Path, tmp_path: Path):
    """Return a function that plays in a mode of ``watched``: what was played, what was counted, where."""

    def run(
        mode: str, periods: int, environment: Mapping[str, str] = os.environ
    ) -> tuple[dict[str, Any], Counts, str]:
        report = tmp_path / "report"
        done = subprocess.run(
            [sys.executable, "-m", "tests.engine.watched", soundfont, report, str(periods), mode],
            cwd=ROOT,
            env=dict(environment) | {"LD_PRELOAD": str(shim)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        lines = report.read_text().splitlines()
        counts = {name: int(count) for name, count in (x.split() for x in lines if not x.startswith("#"))}
        return json.loads(done.stdout), counts, "\n".join(x for x in lines if x.startswith("#"))

    return run


def assert_it_was_put_to_the_test(played: dict[str, Any], periods: int) -> None:
    assert played["watched"] >= played["periods"] >= periods
    assert played["notes_on"] > periods
    assert played["most_notes"] > 200  # as sampled from time to time
    assert min(played["stolen"], played["switches"], played["panics"], played["retriggered"]) > 0
    assert min(played["planned"], played["plan_taken_back"]) > 0
    assert played["fallback"] < played["notes_on"]
    assert played["notices"] == []


def test_the_audio_thread_allocates_nothing_and_takes_no_lock(watch):
    played, counts, stacks = watch("threaded", 6000)
    assert counts == {}, stacks
    assert_it_was_put_to_the_test(played, 6000)


@pytest.mark.jack
@pytest.mark.skipif(shutil.which("jackd") is None, reason="no jackd")
def test_the_callback_of_a_jack_client_allocates_nothing_and_takes_no_lock(watch):
    with JackServer(period=64) as server:
        played, counts, stacks = watch("jack", 2500, server.environment)
    assert counts == {}, stacks
    assert_it_was_put_to_the_test(played, 2500)


def test_what_is_changed_while_playing_costs_the_audio_thread_nothing(watch):
    played, counts, stacks = watch("steered", 3000)
    assert counts == {}, stacks
    assert played["switches"] > 10
    assert played["notes_on"] > 3000


def test_a_separator_that_steps_on_the_audio_thread_is_caught(watch):
    played, counts, _ = watch("inline", 600)
    assert played["notes_on"] > 100
    assert counts["malloc"] > played["notes_on"]
    assert counts["pthread_mutex_lock"] > 0


def test_a_synth_that_locks_is_caught(watch):
    played, counts, _ = watch("locked", 600)
    assert counts["g_rec_mutex_lock"] > played["notes_on"]


def test_each_kind_of_call_is_caught(watch):
    _, counts, _ = watch("sins", 1)
    missed = {
        *("malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign", "mmap", "munmap", "sbrk"),
        *("pthread_mutex_lock", "pthread_mutex_trylock", "pthread_cond_timedwait"),
        *("pthread_rwlock_rdlock", "pthread_rwlock_wrlock"),
        *("open", "write", "read", "fopen", "fclose", "syscall", "nanosleep"),
    } - set(counts)
    assert missed == set()
