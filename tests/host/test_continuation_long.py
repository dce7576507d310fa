"""Long play: the model's context slides again and again, and nothing dries up, goes back or grows."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from realtime.continuation.settings import Settings
from realtime.drivers.offline import OfflineDriver, event_array
from realtime.engine.codes import LOG_KIND, LOG_SOURCE, LOG_STATUS, PLAN_PORT, Log
from realtime.ensembles.library import find_ensemble
from realtime.host.continuation import Continuation, find_model
from realtime.host.engine import Engine
from realtime.host.going_on import Going, go_on
from realtime.music.smf import read_performance
from tests.live import ROOT

pytest.importorskip("torch")

pytestmark = pytest.mark.timeout(120)
CONTEXT = 128
NOTE_ON, NOTE_OFF = 0x90, 0x80
RATE, PERIOD, BPM = 16000, 160, 240
SPEED = 8.0
"""Times that the clock of the host runs faster than ours."""


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the name of a continuation with a short context, which draws some notes to each beat."""
    from bench.continuation_plugin import make_timed

    library = tmp_path_factory.mktemp("models")
    made = make_timed("tiny", "fp32", library)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONCERTINO_MODELS", str(library))
        yield made.plugin.folder.name


def stretches(beats: np.ndarray, count: int = 8) -> np.ndarray:
    """Return how many notes begin in each of equal stretches of the music."""
    return np.histogram(beats, np.linspace(beats.min(), beats.max(), count + 1))[0]


def test_offline_it_goes_on_to_the_end_through_many_contexts(name: str):
    chorale = read_performance(ROOT / "realtime" / "demo" / "chorale.mid")
    model = find_model(f"{name}:fp32", threads=1)
    going = Going(
        find_ensemble("string-quartet"), chorale, model, Settings(), 400, "zone", rate=RATE, period=PERIOD
    )
    gone = go_on(going, None, None, None, print)
    beats = np.array([note.tick for note in gone.notes]) / 12
    assert len(beats) > 10 * CONTEXT
    assert (np.diff(beats) >= 0).all()
    assert np.diff(beats).max() <= 10
    assert beats.max() - beats.min() > 390, "it ended before its time"
    assert stretches(beats).min() > stretches(beats).max() / 4, "it thins out"
    assert gone.counters["plan_late"] == gone.counters["plan_refused"] == 0
    assert gone.counters["notes_on"] == gone.counters["notes_off"]
    assert all(len(log) for log in gone.log), "what has not happened takes memory"


def test_live_it_goes_on_through_many_contexts(name: str):
    """The host and its process, with a clock that runs faster than ours."""
    engine = Engine(RATE, None)
    engine.load(find_ensemble("string-quartet"), "zone")
    engine.set_tempo(BPM)
    driver, logs = OfflineDriver(engine, PERIOD), []
    said: list[str] = []
    continuation = Continuation(engine, f"{name}:fp32", Settings(), said.append)
    begun, periods = time.monotonic(), 0

    def play(*events: tuple[int, int, int]) -> None:
        """Play a period, in its time."""
        nonlocal periods
        time.sleep(max(begun + periods * PERIOD / RATE / SPEED - time.monotonic(), 0.0))
        periods += 1
        driver.step(event_array([(place, 0, *event, -1) for place, event in enumerate(events)]))
        log = engine.link.read_log()
        logs.append(log[log[:, LOG_KIND] != Log.OUTPUT])
        continuation.listen(log)
        continuation.advance(int(engine.state["frame"]))

    def play_until(holds: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, continuation.status()
            play()

    continuation.start()
    try:
        play_until(lambda: continuation.status().state == "listening", 30)
        for pitch in (50, 57, 62, 69):
            play((NOTE_ON, pitch, 80))
            play((NOTE_OFF, pitch, 0))
        continuation.trigger()
        play_until(lambda: continuation.status().notes > 10 * CONTEXT, 60)
        status = continuation.status()
    finally:
        continuation.close()
        play()
    assert (status.state, status.restarts, said) == ("playing", 0, [])
    log = np.concatenate(logs)
    planned = log[(log[:, LOG_KIND] == Log.INPUT) & (log[:, LOG_SOURCE] == PLAN_PORT)]
    assert (planned[:, LOG_STATUS] & 0xF0 == NOTE_ON).sum() >= status.notes
    assert len(continuation._turns.memory) <= 1024, "what was played is forgotten in the end"
    assert engine.state["note_count"] == 0
    engine.close()
