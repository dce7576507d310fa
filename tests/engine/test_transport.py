"""The beat from JACK's transport, on a real server."""

import shutil
import time
from collections.abc import Iterator

import pytest

from bench.jack_server import JackServer
from realtime.drivers.jack import JackDriver, open_client
from realtime.engine.codes import Mode
from tests.engine.playing import ON, RATE, Playing, ensemble
from tests.engine.witness import seen_by

pytestmark = [
    pytest.mark.jack,
    pytest.mark.skipif(shutil.which("jackd") is None, reason="no jackd"),
]

BPM, FINE = 90.0, 480


@pytest.fixture
def playing(witness, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Playing, JackDriver]]:
    with JackServer(period=256) as server:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, server.environment[name])
        playing = Playing(ensemble(4, separator="fine-witness"))
        playing.engine.set_tempo(BPM)
        playing.state["mode"] = Mode.TRANSPORT
        driver = JackDriver(playing.state, open_client())
        driver.start()
        yield playing, driver
        driver.close()


def press(playing: Playing, key: int) -> None:
    """Press and release a key, and wait until it was played."""
    before = playing.counter("notes_off")
    playing.engine.link.send(0, ON, key, 100)
    playing.engine.link.send(0, ON, key, 0)
    until = time.monotonic() + 10
    while playing.counter("notes_off") == before:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_beat_is_the_transports_and_its_start_begins_a_new_piece(playing):
    engine, driver = playing
    client = driver.client
    client.transport_frame = 10 * RATE
    time.sleep(0.1)
    press(engine, 60)
    press(engine, 61)
    stopped = [row["tick"] for row in seen_by(engine.state)]
    assert stopped == [round(10 * BPM / 60 * FINE)] * 2

    client.transport_start()
    time.sleep(0.3)
    earliest = client.transport_frame
    press(engine, 62)
    latest = client.transport_frame
    first = seen_by(engine.state)
    assert [row["pitch"] for row in first] == [62]
    assert earliest <= first[0]["tick"] / FINE / BPM * 60 * RATE + 1024
    assert latest >= first[0]["tick"] / FINE / BPM * 60 * RATE - 1024

    press(engine, 63)
    assert [row["pitch"] for row in seen_by(engine.state)] == [62, 63]
