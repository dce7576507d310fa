"""Keyboards on a real JACK server that come, go and return."""

from collections.abc import Iterator

import pytest

from realtime.drivers.jack import JackDriver, open_client
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.jack_ports import JackInputs
from tests.live import Keyboard, jack_server, needs_jackd, wait_until

pytestmark = [pytest.mark.jack, needs_jackd]


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, jack_server(patch) as started:
        yield started


class Ports:
    """A driver without sound, its watched inputs, and what they said."""

    def __init__(self, wanted: str | None) -> None:
        self.engine = Engine(48000, None)
        self.engine.load(find_ensemble("bach-chorale"), "zone")
        self.driver = JackDriver(self.engine.state, open_client())
        self.driver.start()
        self.said: list[str] = []
        self.inputs = JackInputs(self.driver, self.engine.link, wanted, self.said.append)
        self.inputs.scan()

    def look(self) -> None:
        self.inputs.release_lost()
        self.inputs.scan()

    def sounding(self) -> int:
        return int(self.engine.state["note_count"])

    def close(self) -> None:
        self.driver.close()
        self.engine.close()


@pytest.fixture
def make_ports(server) -> Iterator:
    made: list[Ports] = []

    def make(wanted: str | None = None) -> Ports:
        made.append(Ports(wanted))
        return made[-1]

    yield make
    for ports in made:
        ports.close()


def test_physical_keyboards_are_connected_unasked_and_others_are_not(make_ports):
    keyboard, program = Keyboard("piano", physical=True), Keyboard("sequencer")
    ports = make_ports()
    assert ports.inputs.connected == {"piano:out": 1}
    assert ports.said == ["piano:out is connected"]
    keyboard.close()
    program.close()


def test_a_keyboard_that_vanishes_lets_its_notes_and_pedals_go_and_is_taken_back(make_ports):
    ports = make_ports("pia")
    keyboard = Keyboard("piano")
    ports.look()
    keyboard.play((0xB0, 64, 127), (0xB0, 66, 127), (0x90, 60, 80), (0x90, 64, 80), (0x80, 60, 0))
    wait_until(lambda: ports.sounding() == 2)
    keyboard.close()
    wait_until(lambda: ports.look() or ports.sounding() == 0)
    assert not ports.engine.state["sustain"].any()
    assert ports.said[-1] == "piano:out is gone; its notes and pedals were let go"
    keyboard = Keyboard("piano")
    ports.look()
    assert ports.said[-1] == "piano:out is back"
    keyboard.play((0x90, 60, 80), (0x80, 60, 0))
    wait_until(lambda: ports.engine.counters()["notes_on"] == 3)
    wait_until(lambda: ports.sounding() == 0)
    keyboard.close()


def test_one_that_is_back_before_anyone_looked_is_connected_again(make_ports):
    keyboard = Keyboard("piano")
    ports = make_ports("piano")
    keyboard.play((0x90, 60, 80))
    wait_until(lambda: ports.sounding() == 1)
    keyboard.close()
    keyboard = Keyboard("piano")
    wait_until(lambda: ports.look() or ports.sounding() == 0)
    assert keyboard.client.get_all_connections(keyboard.port)
    assert ports.inputs.connected == {"piano:out": 1}
    keyboard.close()


def test_a_connection_cut_by_hand_lets_its_notes_go_and_stays_cut(make_ports):
    keyboard = Keyboard("piano")
    ports = make_ports("piano")
    keyboard.play((0x90, 60, 80))
    wait_until(lambda: ports.sounding() == 1)
    keyboard.port.disconnect()
    wait_until(lambda: ports.look() or ports.sounding() == 0)
    ports.look()
    assert keyboard.client.get_all_connections(keyboard.port) == []
    keyboard.close()


def test_a_program_connected_by_hand_lets_go_when_it_vanishes_and_others_hold(make_ports):
    held = Keyboard("piano")
    ports = make_ports("piano")
    program = Keyboard("sequencer", "concertino:midi_in")
    held.play((0x90, 60, 80))
    program.play((0x90, 64, 80), (0xB0, 64, 127))
    wait_until(lambda: ports.sounding() == 2)
    program.close()
    wait_until(lambda: ports.look() or ports.sounding() == 1)
    assert ports.engine.state["note_key"][0] == 60
    held.close()


def test_two_keyboards_may_hold_the_same_key(make_ports):
    first, second = Keyboard("piano 1"), Keyboard("piano 2")
    ports = make_ports("piano")
    first.play((0x90, 60, 80))
    second.play((0x90, 60, 80))
    wait_until(lambda: ports.sounding() == 2)
    first.close()
    wait_until(lambda: ports.look() or ports.sounding() == 1)
    second.play((0x80, 60, 0))
    wait_until(lambda: ports.sounding() == 0)
    second.close()


def test_a_port_that_only_its_alias_tells_apart_is_found_by_it(make_ports):
    keyboard = Keyboard("bridge")
    keyboard.port.set_alias("alsa_pcm:Keystation-88/midi_capture_1")
    ports = make_ports("keystation")
    assert ports.inputs.connected == {"bridge:out": 1}
    assert "alsa_pcm:Keystation-88/midi_capture_1" in ports.inputs.sources
    keyboard.close()


def test_a_loop_of_the_system_is_not_taken_for_a_keyboard(make_ports):
    loop = Keyboard("Midi Through", physical=True)
    ports = make_ports()
    assert ports.inputs.connected == {}
    loop.close()


def test_keyboards_beyond_the_last_input_are_refused_once_and_the_others_play(make_ports):
    client = open_client("many")
    for number in range(9):
        client.midi_outports.register(f"piano {number}")
    client.activate()
    ports = make_ports("piano")
    ports.look()
    ports.look()
    assert sorted(ports.inputs.connected.values()) == [1, 2, 3, 4, 5, 6, 7]
    refused = [text for text in ports.said if "at most 7 keyboards" in text]
    assert len(refused) == len(set(refused)) == 2
    client.deactivate()
    client.close()


def test_a_keyboard_keeps_its_engine_port_when_the_server_comes_back(make_ports):
    ports = make_ports("piano")
    first, second = Keyboard("piano 1"), Keyboard("piano 2")
    ports.look()
    places = dict(ports.inputs.connected)
    first.close()
    again = JackInputs(
        ports.driver, ports.engine.link, "piano", ports.said.append, {"piano 2:out": places["piano 2:out"]}
    )
    again.scan()
    assert again.connected == {"piano 2:out": places["piano 2:out"]}
    second.close()
