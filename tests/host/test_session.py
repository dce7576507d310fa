"""Whole sessions on a real JACK server, with keyboards and listeners of their own."""

import time

import jack
import numpy as np
import pytest

from realtime.drivers.offline import OfflineDriver
from realtime.engine.codes import CONTROL_PORT, FRAME, PORT
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.event_log import read_take
from realtime.host.options import Options
from realtime.host.player import performance_events
from realtime.host.rendering import decisions
from realtime.host.session import Session
from realtime.music.smf import read_performance
from tests.live import ROOT, SOUNDFONT, Host, Keyboard, Listener, jack_server, needs_jackd, wait_until

PARTS = ("1 Soprano", "2 Alto", "3 Tenor", "4 Bass")
OUTPUTS = [f"concertino:{part}" for part in PARTS]
ON_JACK = ("--audio", "jack", "--midi-in", "virtual", "--midi-out", "each", "--separator", "zone")
CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"

pytestmark = [pytest.mark.jack, needs_jackd]


def test_the_server_is_killed_with_notes_held_and_the_host_plays_on(monkeypatch, tmp_path):
    with jack_server(monkeypatch) as server, Host(tmp_path, *ON_JACK) as host:
        keyboard = Keyboard("piano", "concertino:midi_in")
        keyboard.play((0xB0, 64, 127), (0x90, 60, 80), (0x90, 80, 80))
        server.kill()
        host.wait_for("the audio server or device (jack) went away: waiting for it")
        host.wait_for(f"no JACK server '{server.name}' is running")
        keyboard.close()
        server.start()
        host.wait_for("jack is back")
        listener = Listener(*OUTPUTS)
        keyboard = Keyboard("piano", "concertino:midi_in")
        keyboard.play((0x90, 65, 80))
        keyboard.play((0x80, 65, 0))
        wait_until(lambda: listener.all_notes() == [65])
        wait_until(lambda: not listener.held())
        keyboard.close()
        listener.close()
        summary = host.stop()
    assert summary["sounding"] == 0
    assert summary["counters"]["notes_on"] == summary["counters"]["notes_off"] == 3


def test_a_stop_while_the_server_is_away_ends_with_a_summary(monkeypatch, tmp_path):
    with jack_server(monkeypatch) as server, Host(tmp_path, *ON_JACK) as host:
        server.kill()
        host.wait_for("no JACK server")
        began = time.monotonic()
        summary = host.stop()
        assert time.monotonic() - began < 10
    assert summary["driver"] == "jack"


def test_what_is_held_ends_on_the_instruments_when_the_host_ends(monkeypatch, tmp_path):
    with jack_server(monkeypatch), Host(tmp_path, *ON_JACK) as host:
        keyboard, listener = Keyboard("piano", "concertino:midi_in"), Listener(*OUTPUTS)
        keyboard.play((0xB0, 64, 127), (0x90, 60, 80), (0x90, 80, 80))
        wait_until(lambda: len(listener.held()) == 2)
        summary = host.stop()
        assert listener.held() == set()
        listener.close()
        keyboard.close()
    assert summary["sounding"] == 2


def test_a_program_change_switches_and_held_notes_end_where_they_began(monkeypatch, tmp_path):
    choir = find_ensemble("choir")
    with jack_server(monkeypatch), Host(tmp_path, *ON_JACK) as host:
        keyboard, listener = Keyboard("piano", "concertino:midi_in"), Listener(*OUTPUTS)
        keyboard.play((0x90, 80, 80), (0x90, 40, 80))
        wait_until(lambda: len(listener.held()) == 2)
        keyboard.play((0xC0, choir.program), (0x90, 81, 80))
        wait_until(lambda: len(listener.held()) == 3)
        programs = [data[1] for _, data in listener.heard[OUTPUTS[0]] if data[0] & 0xF0 == 0xC0]
        keyboard.play((0x80, 80, 0), (0x80, 40, 0))
        wait_until(lambda: listener.held() == {(OUTPUTS[0], 81)})
        keyboard.play((0x80, 81, 0))
        wait_until(lambda: not listener.held())
        keyboard.close()
        listener.close()
        summary = host.stop()
    assert programs[-1] == choir.parts[0].program
    assert summary["counters"]["stray_offs"] == 0


def test_a_system_reset_silences_at_once_and_the_host_plays_on(monkeypatch, tmp_path):
    with jack_server(monkeypatch), Host(tmp_path, *ON_JACK) as host:
        keyboard, listener = Keyboard("piano", "concertino:midi_in"), Listener(*OUTPUTS)
        keyboard.play((0xB0, 64, 127), *[(0x90, pitch, 80) for pitch in range(40, 80)])
        wait_until(lambda: len(listener.held()) == 40)
        keyboard.play((0xFF,))
        wait_until(lambda: not listener.held())
        keyboard.play((0x90, 60, 80), (0x80, 60, 0))
        wait_until(lambda: len(listener.all_notes()) == 41)
        wait_until(lambda: not listener.held())
        keyboard.close()
        listener.close()
        host.stop()


def test_live_and_offline_give_the_same_labels_for_the_same_events(monkeypatch, tmp_path):
    """The chorale is played on JACK, a chord in a period; the core alone plays the take again."""
    performance = read_performance(CHORALE)
    events = performance.events[:220]
    options = ("--audio", "jack", "--midi-in", "virtual", "--separator", "bach-chorale")
    # A long period, so that on a busy machine no answer is late: a note that the rule decided would differ.
    with (
        jack_server(monkeypatch, period=1024),
        Host(tmp_path, *options, "--record", str(tmp_path / "takes")) as host,
    ):
        keyboard = Keyboard("piano", "concertino:midi_in")
        for tick in np.unique(events["tick"]):
            chord = events[events["tick"] == tick]
            keyboard.play(*[(int(e["status"]), int(e["data1"]), int(e["data2"])) for e in chord])
        time.sleep(0.3)
        keyboard.close()
        summary = host.stop()
    (path,) = (tmp_path / "takes").glob("*/events.jsonl")
    take = read_take(path)
    engine = Engine(take.header["rate"], None)
    ensemble = find_ensemble("bach-chorale")
    engine.load(ensemble, "bach-chorale")
    engine.set_tempo(take.header["tempo"])
    for _ in OfflineDriver(engine, take.header["period"]).play(take.events, int(take.events[-1, FRAME]) + 1):
        pass
    again = decisions(engine.link.read_log(), ensemble, engine.rate)
    engine.close()
    assert summary["counters"]["fallback"] == 0
    assert len(again) == sum(summary["notes"].values()) > 80
    live = [(note["pitch"], note["part"], note["confidence"]) for note in take.decisions]
    assert live == [(note["pitch"], note["part"], note["confidence"]) for note in again]


def test_events_of_a_file_reach_the_core_on_their_frames(tmp_path):
    """The same without JACK: what a file plays live lies on the frames that it has in a rendering."""
    performance = read_performance(CHORALE)
    options = ("--audio", "null", "--midi-in", f"file:{CHORALE}", "--record", str(tmp_path / "takes"))
    with Host(tmp_path, *options) as host:
        time.sleep(3)
        host.stop()
    (path,) = (tmp_path / "takes").glob("*/events.jsonl")
    take = read_take(path)
    played = take.events[take.events[:, PORT] != CONTROL_PORT]
    written = performance_events(performance, take.header["rate"])[: len(played)]
    assert len(played) > 10
    assert np.ptp(played[:, FRAME] - written[:, FRAME]) == 0


@pytest.mark.parametrize("outputs", ["one", "each"])
def test_without_a_device_the_parts_go_out_by_virtual_ports(monkeypatch, outputs):
    monkeypatch.setattr("realtime.host.midi_system.APIS", {})  # as if ALSA had no sequencer: JACK's MIDI
    options = Options(
        audio="null", midi_in="virtual", midi_out=outputs, separator="zone", soundfont=SOUNDFONT
    )
    with jack_server(monkeypatch):
        session = Session(options, [].append)
        session.start()
        client = jack.Client("finder", no_start_server=True)
        sources = [port.name for port in client.get_ports(":concertino", is_midi=True, is_output=True)]
        (target,) = [port.name for port in client.get_ports(":in$", is_midi=True, is_input=True)]
        client.close()
        keyboard, listener = Keyboard("piano", target), Listener(*sources)
        keyboard.play((0x90, 80, 80), (0x90, 40, 80))
        wait_until(lambda: listener.all_notes() == [40, 80])
        messages = [data[:2] for events in listener.heard.values() for _, data in events if data[0] >> 4 == 9]
        keyboard.close()
        session.close()
        assert not listener.held()
        listener.close()
    assert sorted(messages) == [b"\x90\x50", b"\x93\x28"]
    assert [name.partition(":")[2] for name in sources] == (
        ["concertino midi_out"] if outputs == "one" else [f"concertino {part}" for part in PARTS]
    )
