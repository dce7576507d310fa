"""python-rtmidi's ports: on a machine without ALSA's sequencer, those of JACK's MIDI."""

import subprocess
import threading
import time

import pytest

from realtime.drivers.paced import PacedDriver
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.midi_ports import MidiInputs, MidiOutputs, matches, offered_by_jack, split, unlike
from realtime.host.midi_sender import MidiSender
from realtime.host.midi_system import MidiSystem
from tests.live import Keyboard, Listener, jack_server, needs_jackd, wait_until

on_jack = [pytest.mark.jack, needs_jackd]


@pytest.fixture
def engine():
    """An engine that plays in real time, without a device."""
    engine = Engine(48000, None)
    engine.load(find_ensemble("bach-chorale"), "zone")
    driver = PacedDriver(engine.state, 256, 0)
    driver.start()
    yield engine
    driver.close()
    engine.close()


def sounding(engine):
    return int(engine.state["note_count"])


def jack_ports(part):
    said = subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout
    return [line for line in said.splitlines() if part in line]


@pytest.mark.parametrize(
    ("name", "wanted", "found"),
    [
        ("Keystation 88:Keystation 88 MIDI 1", None, True),
        ("Keystation 88:Keystation 88 MIDI 1", "keystation", True),
        ("Keystation 88:Keystation 88 MIDI 1", "impulse", False),
        ("Midi Through:Midi Through Port-0", None, False),
        ("Midi Through:Midi Through Port-0", "through", True),
        ("RtMidi Input Client:concertino", None, False),
        ("Keystation 88:Keystation 88 MIDI 1", "virtual", False),
    ],
)
def test_a_port_matches_by_part_of_its_name_and_loops_only_when_asked_for(name, wanted, found):
    assert matches(name, wanted) is found


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("Midi-Bridge:Keystation 88 MIDI 1 (capture)", True),  # PipeWire
        ("a2j:Keystation 88 [20] (capture): Keystation 88 MIDI 1", True),  # a2jmidid
        ("alsa_pcm:Keystation-88/midi_capture_1", True),  # jackd -X seq, as an alias
        ("system:midi_capture_1", False),
        ("Midi-Bridge:Impulse (capture)", False),
    ],
)
def test_a_keyboard_that_comes_by_jack_is_not_taken_from_alsa_too(source, same):
    assert offered_by_jack("Keystation 88:Keystation 88 MIDI 1 20:0", [source]) is same


def test_equal_names_are_numbered():
    assert [unlike("a", ()), unlike("a", ["a"]), unlike("a", ["a", "a (2)"])] == ["a", "a (2)", "a (3)"]


def test_a_chord_in_one_event_is_split_into_messages():
    given = [0x90, 60, 80, 0x91, 64, 81, 0xC2, 5, 0xF8]
    assert list(split(given)) == [[0x90, 60, 80], [0x91, 64, 81], [0xC2, 5], [0xF8]]


def test_without_any_midi_system_that_is_said_and_nothing_else_happens(engine, monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "absent")
    monkeypatch.setattr("realtime.host.midi_system.APIS", {})
    said = []
    inputs = MidiInputs(engine.link, "virtual", said.append, jack=True)
    inputs.start()
    inputs.close()
    assert said == [
        "there is no MIDI system here: start a JACK server, or play a file with --midi-in file:PATH"
    ]
    with pytest.raises(OSError, match="this system has no MIDI outputs"):
        MidiOutputs(["part"], jack=True)


class TestOnJack:
    pytestmark = on_jack

    @pytest.fixture
    def server(self, monkeypatch):
        monkeypatch.setattr("realtime.host.midi_system.APIS", {})  # as if ALSA had no sequencer
        with jack_server(monkeypatch) as started:
            yield started

    def test_a_keyboard_that_vanishes_lets_go_and_returns_as_the_same(self, server, engine):
        said = []
        keyboard = Keyboard("piano")
        inputs = MidiInputs(engine.link, "piano", said.append, jack=True)
        inputs.start()
        keyboard.play((0xB0, 64, 127), (0x90, 60, 80), (0x90, 64, 80), (0x80, 64, 0))
        wait_until(lambda: sounding(engine) == 2)
        keyboard.close()
        wait_until(lambda: sounding(engine) == 0)
        assert not engine.state["sustain"].any()
        keyboard = Keyboard("piano")
        wait_until(lambda: len(said) == 3)
        keyboard.play((0x90, 60, 80))
        wait_until(lambda: sounding(engine) == 1)
        keyboard.close()
        inputs.close()
        name = "piano:out"
        assert said == [
            f"{name} is connected",
            f"{name} is gone; its notes and pedals were let go",
            f"{name} is back",
        ]

    def test_a_keyboard_that_comes_another_way_is_left_to_it(self, server, engine):
        keyboard = Keyboard("piano")
        sources = ["Midi-Bridge:piano (capture)"]
        inputs = MidiInputs(engine.link, "piano", [].append, jack=True, elsewhere=lambda: sources)
        inputs.scan()
        assert inputs.connected == {}
        sources.clear()
        inputs.scan()
        assert list(inputs.connected) == ["piano:out"]
        sources.append("Midi-Bridge:piano (capture)")
        inputs.scan()
        assert inputs.connected == {}
        keyboard.close()
        inputs.close()

    def test_parts_go_out_on_a_port_each_and_on_their_channels(self, server, engine):
        outputs = MidiOutputs(["concertino 1 Soprano", "concertino 2 Alto"], jack=True)
        sender = MidiSender(outputs, engine.state)
        ports = [port for part in ("Soprano", "Alto") for port in jack_ports(part)]
        listener = Listener(*ports)
        engine.link.send(8, 0x90, 80, 100)
        engine.link.send(8, 0x90, 65, 100)

        def heard():
            sender(engine.link.read_log())
            return len(listener.all_notes()) == 2

        wait_until(heard)
        assert [listener.notes(port) for port in ports] == [[80], [65]]
        assert [listener.heard[port][-1][1][0] for port in ports] == [0x90, 0x91]
        listener.close()
        sender.close()
        assert jack_ports("Soprano") == []

    def test_an_input_can_be_closed_while_it_is_played_and_the_interpreter_is_busy(self, server, engine):
        keyboard, done = Keyboard("piano"), threading.Event()

        def play():
            while not done.is_set():
                keyboard.play(*[(0x90, 60, 80), (0x80, 60, 0)] * 8)

        def compute():
            while not done.is_set():
                sum(range(10_000))

        others = [threading.Thread(target=target, daemon=True) for target in (play, compute, compute)]
        for thread in others:
            thread.start()
        for _ in range(10):
            inputs = MidiInputs(engine.link, "piano", [].append, jack=True)
            before = engine.counters()["notes_on"]
            inputs.start()
            wait_until(lambda before=before: engine.counters()["notes_on"] > before)
            inputs.close()
        done.set()
        for thread in others:
            thread.join()
        keyboard.close()

    def test_ports_survive_the_end_of_the_server_and_come_back_with_it(self, server, engine):
        said = []
        inputs = MidiInputs(engine.link, "virtual", said.append, jack=True)
        outputs = MidiOutputs(["parts"], jack=True)
        inputs.start()
        keyboard = Keyboard("piano", jack_ports(":in")[0])
        keyboard.play((0x90, 60, 80))
        wait_until(lambda: sounding(engine) == 1)
        server.kill()
        wait_until(lambda: sounding(engine) == 0)
        assert said[-1] == "the JACK server of the MIDI ports is gone: waiting for it"
        keyboard.close()
        server.start()
        wait_until(outputs.scan)
        wait_until(lambda: jack_ports(":in") and jack_ports(":parts"))
        keyboard = Keyboard("piano", jack_ports(":in")[0])
        listener = Listener(jack_ports(":parts")[0])
        keyboard.play((0x90, 60, 80))
        wait_until(lambda: sounding(engine) == 1)
        outputs.send(0, [0x90, 61, 80])
        wait_until(lambda: listener.all_notes() == [61])
        for thing in (keyboard, listener, inputs, outputs):
            thing.close()

    def test_ports_that_are_closed_after_the_end_of_the_server_do_no_harm(self, server, engine):
        inputs = MidiInputs(engine.link, "virtual", [].append, jack=True)
        inputs.start()
        outputs = MidiOutputs(["parts"], jack=True)
        server.kill()
        time.sleep(0.3)
        inputs.close()
        outputs.send(0, [0x90, 60, 80])
        outputs.close()
        assert not MidiSystem(jack=True).found
