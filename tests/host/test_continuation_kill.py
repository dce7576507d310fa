"""The model's process is killed, stopped, crashed: the player's sound goes on, its notes end, and it is back.

How soon it is back is what the host measures, from the last word of one to the first note of the next.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from realtime.engine.codes import (
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PARTS,
    Counter,
    Log,
)
from realtime.host.options import Options
from realtime.host.session import Session
from tests.engine.playing import OFF, ON, is_at_rest
from tests.engine.test_random_playing import doubled_or_stuck
from tests.live import SOUNDFONT, wait_until

pytest.importorskip("torch")

SIGNALS = ("SIGKILL", "SIGSTOP", "SIGTERM", "SIGSEGV")
KEY, PEDAL = 60, 67
BACK_MS = 2000.0
"""In which the model must be back. On 2 cores with 3 to do: 0.1 to 0.5 s, after a hang 1.0 s."""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


class Concert:
    """A session in real time, with a model that goes on; keeps its log."""

    def __init__(self, library: Path) -> None:
        self.said: list[str] = []
        options = Options(audio="null", midi_in="virtual", soundfont=SOUNDFONT, continuation=library.name)
        self.session = Session(options, self.said.append)
        self._log: list[np.ndarray] = []
        self.session.listeners.append(self._log.append)
        self.session.start()
        assert self.session.continuation
        self.model = self.session.continuation
        self.state = self.session.engine.state

    def send(self, status: int, data1: int, data2: int) -> None:
        assert self.session.engine.link.send(0, status, data1, data2)

    def log(self, kind: Log) -> np.ndarray:
        whole = np.concatenate([np.zeros((0, 8), np.int64), *self._log])
        return whole[whole[:, LOG_KIND] == kind]

    def planned(self) -> int:
        return int(self.state["counters"][Counter.PLANNED])

    def sounding(self) -> set[int]:
        """Return the sources of the notes that sound."""
        return set(self.state["note_source"][: self.state["note_count"]].tolist())

    def toggle(self) -> None:
        self.send(0xB0, PEDAL, 127)
        self.send(0xB0, PEDAL, 0)


@contextmanager
def concert_of(library: Path) -> Iterator[Concert]:
    """Play with a model that is made there; it plans some seven notes a beat."""
    from bench.continuation_plugin import make_timed

    made = make_timed("tiny", "fp32", library)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONCERTINO_MODELS", str(library))
        concert = Concert(made.plugin.folder)
        yield concert
        concert.session.close()


@pytest.fixture(scope="module")
def concert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Concert]:
    with concert_of(tmp_path_factory.mktemp("models")) as concert:
        yield concert


@pytest.mark.parametrize("name", SIGNALS)
def test_a_lost_process_leaves_the_player_alone_ends_its_notes_and_comes_back(concert: Concert, name: str):
    model, restarts = concert.model, concert.model.status().restarts
    wait_until(lambda: model.status().state == "listening")
    wait_until(lambda: model._spare.pid)
    concert.send(ON, KEY, 90)
    begun = concert.planned()
    concert.toggle()
    wait_until(lambda: concert.planned() > begun + 2)
    time.sleep(np.random.default_rng(len(name)).uniform(0.0, 0.3))
    pid, periods = model.pid, int(concert.state["counters"][Counter.PERIODS])
    assert pid
    os.kill(pid, getattr(signal, name))
    wait_until(lambda: model.status().restarts > restarts)
    lost = concert.planned()
    assert 0 in concert.sounding(), "the player's key is down"
    wait_until(lambda: concert.planned() > lost)  # the model takes up its turn
    assert model.pid not in (pid, None)
    assert 0 < model.status().restart_ms < BACK_MS
    assert concert.state["counters"][Counter.PERIODS] > periods
    concert.toggle()
    wait_until(lambda: concert.sounding() <= {0})
    assert 0 in concert.sounding()
    concert.send(OFF, KEY, 0)
    wait_until(lambda: is_at_rest(concert.state))
    wait_until(lambda: model.status().state == "listening")


def test_in_the_end_nothing_stuck_or_doubled_and_the_players_notes_were_its_own(concert: Concert):
    wait_until(lambda: is_at_rest(concert.state))
    time.sleep(0.1)  # the pump tells the log
    assert doubled_or_stuck(concert.log(Log.OUTPUT)) == 0
    played = concert.log(Log.INPUT)
    keys = played[(played[:, LOG_SOURCE] == 0) & (played[:, LOG_DATA1] == KEY)]
    assert (keys[:, LOG_STATUS] == ON).sum() == (keys[:, LOG_STATUS] == OFF).sum() == len(SIGNALS)
    decided = concert.log(Log.DECISION)
    assert len(decided) == len(SIGNALS)
    assert set(decided[:, LOG_CHANNEL] // PARTS) == {0}


def test_a_process_that_dies_while_it_loads_is_started_again(concert: Concert):
    restarts = concert.model.status().restarts
    os.kill(wait_until(lambda: concert.model.pid), signal.SIGKILL)
    wait_until(lambda: concert.model.status().restarts == restarts + 1)
    os.kill(wait_until(lambda: concert.model.pid), signal.SIGKILL)
    wait_until(lambda: concert.model.status().restarts == restarts + 2)
    wait_until(lambda: concert.model.status().state == "listening")
    assert any("started again" in sentence for sentence in concert.said)
