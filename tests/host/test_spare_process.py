"""The process that waits to take over is itself watched; it takes over what was remembered."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from realtime.host.spare_process import SpareProcess
from realtime.host.turns import KEPT
from tests.engine.playing import OFF, ON, is_at_rest
from tests.host.test_continuation_kill import BACK_MS, Concert, concert_of
from tests.live import wait_until

pytest.importorskip("torch")

PATIENCE_SECONDS = 45.0
"""Much less than a model may take to be loaded, much more than silence is borne."""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(scope="module")
def concert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Concert]:
    with concert_of(tmp_path_factory.mktemp("models")) as concert:
        yield concert


def test_a_process_that_hangs_while_it_loads_is_found_by_its_silence(concert: Concert):
    model, restarts = concert.model, concert.model.status().restarts
    wait_until(lambda: model._spare.pid)
    old = model.pid
    assert old
    os.kill(old, signal.SIGKILL)
    hangs = wait_until(lambda: model.pid if model.pid != old else None)
    os.kill(hangs, signal.SIGSTOP)
    wait_until(lambda: model.status().restarts == restarts + 2, PATIENCE_SECONDS)
    wait_until(lambda: model.status().state == "listening")
    assert model.pid not in (old, hangs, None)


def test_one_for_a_gpu_that_may_not_be_there_waits_all_the_same():
    process = SpareProcess("cuda").take()
    try:
        assert process._process.args[-1] == "cuda"  # type: ignore[index]  # it was given a list
        wait_until(lambda: process.speaks, PATIENCE_SECONDS)
        assert process.alive
        assert not process.hung
    finally:
        process.close()


@pytest.mark.parametrize("name", ["SIGSTOP", "SIGKILL"])
def test_a_lost_spare_is_replaced_before_it_is_needed(concert: Concert, name: str):
    model, restarts = concert.model, concert.model.status().restarts
    old = wait_until(lambda: model._spare.pid)
    os.kill(old, getattr(signal, name))
    new = wait_until(lambda: model._spare.pid not in (old, None) and model._spare.pid, PATIENCE_SECONDS)
    os.kill(wait_until(lambda: model.pid), signal.SIGKILL)
    wait_until(lambda: model.status().state == "listening" and model.pid == new)
    assert model.status().restarts == restarts + 1


def test_with_a_full_memory_it_is_back_as_soon(concert: Concert):
    model, memory = concert.model, concert.model._turns.memory
    wait_until(lambda: model.status().state == "listening")
    for number in range(KEPT + 8):
        concert.send(ON, 40 + number % 40, 90)
        time.sleep(0.005)
        concert.send(OFF, 40 + number % 40, 0)
    concert.toggle()
    begun = concert.planned()
    wait_until(lambda: len(memory) >= KEPT and concert.planned() > begun)
    wait_until(lambda: model._spare.pid)
    restarts, old = model.status().restarts, model.pid
    assert old
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: model.status().restarts > restarts)
    lost = concert.planned()
    wait_until(lambda: concert.planned() > lost)
    assert 0 < model.status().restart_ms < BACK_MS
    concert.toggle()
    wait_until(lambda: is_at_rest(concert.state))
