import os
import sys
import threading

import numpy as np
import pytest

from realtime.engine.state import new_state
from realtime.host.engine import Engine
from realtime.host.placement import Placement
from tests.engine.playing import Playing, ensemble
from tests.live import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux moves one thread")


@pytest.fixture
def thread():
    """The id of a thread that waits."""
    ended, begun = threading.Event(), threading.Event()
    waiting = threading.Thread(target=lambda: (begun.set(), ended.wait()))
    waiting.start()
    begun.wait()
    yield waiting.native_id
    ended.set()
    waiting.join()


@pytest.fixture
def state() -> np.void:
    return new_state(48000.0)[0]


def test_the_processor_of_the_audio_thread_is_known_after_a_period():
    playing = Playing(ensemble(4))
    assert playing.state["audio_cpu"] == -1
    playing.rest(1)
    assert playing.state["audio_cpu"] in os.sched_getaffinity(0)


def test_a_thread_keeps_away_from_the_audio_thread_wherever_that_goes(state, thread):
    allowed = os.sched_getaffinity(0)
    if len(allowed) == 1:
        pytest.skip("this machine has one processor")
    placement = Placement(state, thread)
    placement.follow()
    assert os.sched_getaffinity(thread) == allowed
    for processor in [*allowed, *allowed]:
        state["audio_cpu"] = processor
        placement.follow()
        assert os.sched_getaffinity(thread) == allowed - {processor}


def test_where_there_is_one_processor_it_stays(state, thread, monkeypatch):
    only = {min(os.sched_getaffinity(0))}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: only)
    state["audio_cpu"] = min(only)
    Placement(state, thread).follow()
    monkeypatch.undo()
    assert os.sched_getaffinity(thread) == os.sched_getaffinity(0)


def test_a_thread_that_has_ended_is_let_be(state, thread):
    ended = threading.Thread(target=lambda: None)
    ended.start()
    ended.join()
    placement = Placement(state, ended.native_id or 0)
    state["audio_cpu"] = min(os.sched_getaffinity(0))
    placement.follow()


def test_a_separator_without_priority_makes_way():
    playing = Playing(ensemble(4, separator="bach-lstm"))
    engine: Engine = playing.engine
    engine.start_worker()
    try:
        separator = next(t for t in threading.enumerate() if t.name == "separator")

        def made_way() -> bool:
            playing.rest(1)
            engine.place_worker()
            allowed = os.sched_getaffinity(separator.native_id or 0)
            return int(playing.state["audio_cpu"]) not in allowed

        if len(os.sched_getaffinity(0)) > 1:
            wait_until(made_way)
    finally:
        engine.close()
