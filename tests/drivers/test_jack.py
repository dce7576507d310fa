import subprocess
import time

import numpy as np
import pytest

from realtime.drivers.base import DriverError
from realtime.drivers.jack import JackDriver, open_client
from realtime.engine.codes import Command, Counter, Mode
from tests.drivers.conftest import inputs
from tests.live import Keyboard, Listener, needs, needs_jackd, wait_until

PARTS = ("1 Soprano", "2 Alto", "3 Tenor", "4 Bass")
TEMPO = 140.625
"""Of which jack_transport, which counts whole ticks in each period of 1,024 frames, is a true master."""
pytestmark = [pytest.mark.jack, needs_jackd]


@pytest.fixture
def host(server, make_engine):
    """A driver that plays, with an output for each part."""
    engine = make_engine()
    driver = JackDriver(engine.state, open_client(), PARTS)
    driver.start()
    yield engine, driver
    driver.close()


@pytest.fixture
def keys(host):
    keyboard = Keyboard("keys", "concertino:midi_in")
    yield keyboard
    keyboard.close()


@pytest.fixture
def listener(host):
    listener = Listener(*[f"concertino:{part}" for part in PARTS])
    yield listener
    listener.close()


def heard_by(engine, count):
    """Wait for ``count`` input events, and return them."""
    found = []

    def enough():
        found.extend(inputs(engine.link.read_log()))
        return len(found) >= count

    wait_until(enough)
    return found


def test_all_messages_of_one_jack_event_are_played(host, keys):
    engine, _ = host
    keys.play((0x90, 60, 80, 0x91, 64, 81, 0xC2, 5, 0x82, 60, 0, 0xF8))
    assert heard_by(engine, 5) == [
        (0, 0x90, 60, 80),
        (0, 0x91, 64, 81),
        (0, 0xC2, 5, 0),
        (0, 0x82, 60, 0),
        (0, 0xF8, 0, 0),
    ]


def test_what_is_no_message_is_passed_over(host, keys):
    engine, _ = host
    keys.play((0xF0, 0x90, 60, 80, 0xF7), (60, 61), (0xF1, 3), (0x90, 62), (0x90, 72, 80))
    assert heard_by(engine, 1) == [(0, 0x90, 72, 80)]


def test_through_a_chord_window_a_spread_chord_comes_out_at_once(host, keys, listener):
    engine, _ = host
    engine.link.command(Command.CHORD_WINDOW, 9600)
    wait_until(lambda: engine.state["chord_window"] == 9600)
    for pitch in (64, 48, 72, 55):
        keys.play((0x90, pitch, 80))
        time.sleep(0.03)
    wait_until(lambda: len(listener.all_notes()) == 4)
    notes = [(frame, data) for heard in listener.heard.values() for frame, data in heard]
    assert len({frame for frame, data in notes if data[0] & 0xF0 == 0x90}) == 1, notes


def test_a_note_keeps_its_place_in_the_period_and_comes_out_one_period_later(host, keys, listener):
    _, driver = host
    sent = Listener("keys:out", name="sent")
    keys.play(*[(0x90, pitch, 80) for pitch in range(40, 90)])
    wait_until(lambda: len(listener.all_notes()) == len(sent.all_notes()) == 50)
    began = {data[1]: frame for frame, data in sent.heard["keys:out"]}
    delays = {
        frame - began[data[1]]
        for events in listener.heard.values()
        for frame, data in events
        if data[0] & 0xF0 == 0x90
    }
    sent.close()
    assert delays == {0} or delays == {driver.period}
    assert len(set(began.values())) == 50


def test_zones_go_to_four_outputs_and_each_note_to_one(host, keys, listener):
    keys.play(*[(0x90, pitch, 80) for pitch in (80, 65, 57, 40)])
    wait_until(lambda: len(listener.all_notes()) == 4)
    assert [listener.notes(f"concertino:{part}") for part in PARTS] == [[80], [65], [57], [40]]


def test_no_server_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "absent")
    with pytest.raises(DriverError, match=r"^no JACK server 'absent' is running: start one .*$"):
        open_client()


def test_a_server_of_another_rate_is_refused(server, make_engine):
    engine = make_engine()
    engine.state["rate"] = 44100
    client = open_client()
    with pytest.raises(DriverError, match="runs at 48000 Hz, the host at 44100 Hz"):
        JackDriver(engine.state, client)
    client.close()


@needs("jack_transport")
def test_the_beat_follows_jack_transport_and_its_tempo(host):
    engine, _ = host
    engine.link.command(Command.MODE, int(Mode.TRANSPORT))
    program = subprocess.Popen(
        ["jack_transport"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        program.stdin.write(f"master\ntempo {TEMPO}\nlocate 480000\nplay\n")
        program.stdin.flush()
        wait_until(lambda: engine.state["clock_rolling"])
        wait_until(lambda: engine.state["ticks_per_frame"] > 0)
        before = float(engine.state["tick"]), int(engine.state["tick_frame"])
        time.sleep(0.5)
        after = float(engine.state["tick"]), int(engine.state["tick_frame"])
        tempo = (after[0] - before[0]) / (after[1] - before[1]) * 48000 * 60 / 24
        assert tempo == pytest.approx(TEMPO, rel=0.01)
        assert before[0] >= 10 * TEMPO / 60 * 24 - 1  # 480,000 frames in
        program.stdin.write("stop\n")
        program.stdin.flush()
        wait_until(lambda: not engine.state["clock_rolling"])
    finally:
        program.kill()
        program.wait()


@needs("jack_midi_clock", "jack_transport")
def test_the_beat_follows_the_midi_clock_of_another_program(host):
    engine, _ = host
    engine.link.command(Command.MODE, int(Mode.CLOCK))
    clock = subprocess.Popen(
        ["jack_midi_clock", "-P", "concertino:midi_in"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    transport = subprocess.Popen(
        ["jack_transport"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_until(
            lambda: "jack_midi_clock" in subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout
        )
        subprocess.run(
            ["jack_connect", "jack_midi_clock:mclk_out", "concertino:midi_in"], capture_output=True
        )
        transport.stdin.write(f"master\ntempo {TEMPO}\nplay\n")
        transport.stdin.flush()
        wait_until(lambda: engine.state["clock_rolling"] and engine.state["clock_interval"] > 0)
        time.sleep(1.0)
        assert engine.state["ticks_per_frame"] * 48000 * 60 / 24 == pytest.approx(TEMPO, rel=0.02)
    finally:
        for program in (clock, transport):
            program.kill()
            program.wait()


def test_a_driver_that_leaves_and_comes_again_plays_on(server, make_engine):
    engine = make_engine()
    for _ in range(2):
        driver = JackDriver(engine.state, open_client(), ["midi_out"])
        driver.start()
        before = int(engine.state["counters"][Counter.PERIODS])
        wait_until(lambda start=before: engine.state["counters"][Counter.PERIODS] > start + 10)
        assert driver.alive()
        driver.close()
    assert np.isfinite(engine.state["peak"]).all()
