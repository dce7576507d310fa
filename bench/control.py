"""``concertino bench control``: what the control interface costs, and whether hostile messages disturb.

``concertino play`` on a JACK server, as a player starts it. The probe plays and listens as in
``bench latency``: alone; while clients do what a page does (each moves a fader 60 times a second, and is told
all that happens); while they hear the sound besides; while malformed messages arrive by OSC, WebSocket, HTTP
and MIDI.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bench.hostile import MIDI_SHARE, SENDERS, midi_message
from bench.machine import describe_machine
from bench.memory import resident
from bench.performance import perform
from bench.plan import Report, silent
from bench.render import CLIENT
from bench.rig import Rig, open_rig
from bench.served import SERVER, Measured, Playing
from bench.sounds import find_onset_sound, write_ensembles
from realtime.control.client import Remote

UPDATES = 60.0
"""A second, of one fader."""
FADER = "tempo"
MIDI_CHUNK = 16
TURNS = 6
"""Of playing without a page, with one that watches, and with one that hears."""

Target = Callable[[threading.Event], None]
"""Runs in a thread until the event says stop."""


@contextmanager
def running(*targets: Target) -> Iterator[None]:
    """Run each target in a thread of its own until the context ends; they are told by an event."""
    stop = threading.Event()
    threads = [threading.Thread(target=target, args=(stop,), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def page(port: int, sound: bool, taken: list[int]) -> Target:
    """Return a client that moves a fader, is told what happens, and may hear the sound.

    It adds the number of messages that it was sent to ``taken``.
    """

    def run(stop: threading.Event) -> None:
        count = 0
        with suppress(WebSocketException, OSError), connect(f"ws://127.0.0.1:{port}/ws") as client:
            if sound:
                client.send('{"type": "audio", "format": "int16"}')

            def read() -> None:
                nonlocal count
                with suppress(WebSocketException, OSError):
                    for _ in client:
                        count += 1

            threading.Thread(target=read, daemon=True).start()
            place = 0
            while not stop.wait(1 / UPDATES):
                place += 1
                # With an id, as the page does, which wants to be told whether it was done.
                client.send(
                    json.dumps({"type": "set", "name": FADER, "value": 60 + place % 100, "id": place})
                )
            taken.append(count)

    return run


def send_midi(environment: dict[str, str], count: int, seed: int) -> int:
    """Send malformed MIDI to the host's JACK port; return how many were sent."""
    from bench.midi_client import MidiClient  # here: it needs libjack

    random = np.random.default_rng(seed)
    client = MidiClient("hostile", "out", server=environment["JACK_DEFAULT_SERVER"])
    client.connect(client.port.name, f"{CLIENT}:midi_in")
    for _ in range(0, count, MIDI_CHUNK):
        client.send([midi_message(random) for _ in range(MIDI_CHUNK)])
    client.close()
    return -(-count // MIDI_CHUNK) * MIDI_CHUNK


def measure_control(
    soundfont: Path,
    notes: int = 500,
    clients: int = 1,
    messages: int = 100_000,
    period: int = 128,
    separator: str | None = None,
    seed: int = 1,
    report: Report = silent,
) -> dict[str, Any]:
    """Return latency, CPU time and memory of each stretch, as the JSON that ``--json`` writes.

    Args:
        soundfont: SoundFont to play.
        notes: without a page, and with each kind of one.
        clients: that watch.
        messages: malformed ones in all.
        period: frames a period.
        separator: instead of the ensemble's own.
        seed: of notes and messages.
        report: told how far it has come.

    Raises:
        OSError: the host or a JACK server can't be started.
    """
    machine = describe_machine()
    options = ["--soundfont", str(soundfont), *(["--separator", separator] if separator else [])]
    with open_rig(True, period, 48000) as rig, ExitStack() as ending:
        environment = write_ensembles(rig.folder, find_onset_sound(soundfont, rig.rate), None)
        playing = Playing(rig, environment, ["--ensemble", "bench", *options])
        ending.callback(playing.close)
        rig.connect(playing)
        rig.play(playing, perform(20, rig.rate, seed))
        found = _by_turns(rig, playing, notes, clients, seed, report)
        found["hostile"] = _hostile(rig, playing, messages, notes, seed, report)
        memory = {"host": resident(playing.process.pid), "server": resident(playing.server.pid)}
        playing.close()
    return {
        "bench": "control",
        "period": rig.period,
        "clients": clients,
        "updates_per_second": UPDATES,
        **found,
        "memory": memory,
        "sounding_at_the_end": playing.summary.get("sounding"),
        "xruns": playing.summary.get("xruns"),
        "machine": machine,
    }


def _by_turns(
    rig: Rig, playing: Playing, notes: int, clients: int, seed: int, report: Report
) -> dict[str, Any]:
    """Play alone, watched and heard by turns: a machine is not as fast in one minute as in the next."""
    kinds: dict[str, bool | None] = {"alone": None, "watched": False, "heard": True}
    measured = {name: Measured(rig, playing) for name in kinds}
    taken: dict[str, list[int]] = {name: [] for name in kinds}
    for turn in range(TURNS):
        for name, sound in kinds.items():
            pages = 0 if sound is None else clients
            with running(*(page(playing.port, bool(sound), taken[name]) for _ in range(pages))):
                measured[name].play(max(notes // TURNS, 1), seed + turn, name, report)
    found = {name: each.summary() for name, each in measured.items()}
    for name in ("watched", "heard"):
        pairs = zip(measured[name].loads, measured["alone"].loads, strict=True)
        found[name] |= {
            "messages_per_second": round(sum(taken[name]) / clients / found[name]["seconds"], 1),
            "added_load": _added(found[name]["load"], found["alone"]["load"]),
            "added_load_by_turn": sorted(round(with_page - without, 4) for with_page, without in pairs),
        }
    return found


def _added(load: dict[str, float], alone: dict[str, float]) -> float:
    """Return the share of one core that the page costs, host and server together."""
    return round(sum(load.values()) - sum(alone.values()), 4)


def _hostile(
    rig: Rig, playing: Playing, messages: int, notes: int, seed: int, report: Report
) -> dict[str, Any]:
    """Play notes again and again until all messages have been sent."""
    remote = Remote(str(playing.port))
    values, server = remote.everything()["values"], playing.server.pid
    answers: dict[str, Any] = {}

    def sender(name: str, count: int, send: Callable[[int, int, int], Any]) -> Target:
        def run(stop: threading.Event) -> None:
            answers[name] = send(playing.port, count, seed)

        return run

    def send_all_midi(stop: threading.Event) -> None:
        answers["midi"] = send_midi(rig.environment, int(messages * MIDI_SHARE), seed)

    targets = [sender(name, int(messages * share), send) for name, (share, send) in SENDERS.items()]
    stretches: list[dict[str, Any]] = []

    def play_until(answered: int) -> int:
        """Play until as many senders are done; return the xruns meanwhile."""
        first = len(stretches)
        while len(stretches) == first or len(answers) < answered:
            part = min(notes, 100)
            stretch = Measured(rig, playing)
            stretch.play(part, seed + len(stretches), "hostile", report)
            stretches.append(stretch.summary())
        return sum(s["xruns"] for s in stretches[first:])

    with running(*targets):
        xruns = play_until(len(targets))
    with running(send_all_midi):  # the sender is a JACK client in Python, and late itself
        xruns_with_midi = play_until(len(targets) + 1)
    worst = {k: max(s["key_to_sound_ms"][k] for s in stretches) for k in ("p50", "p99", "max")}
    playing.server = next(c for c in psutil.Process(playing.process.pid).children() if SERVER in c.cmdline())
    return {
        "messages": messages,
        "answers": answers,
        "key_to_sound_ms": worst,
        "lost_notes": sum(s["lost_notes"] for s in stretches),
        "xruns": xruns,
        "xruns_with_midi": xruns_with_midi,
        "notes": sum(s["notes"] for s in stretches),
        "load": {k: max(s["load"][k] for s in stretches) for k in ("host", "server")},
        "changed": {
            name: [values.get(name), value]
            for name, value in remote.everything()["values"].items()
            if values.get(name) != value
        },
        "server_survived": playing.server.pid == server,
    }


def show_control(result: dict[str, Any], console: Console) -> None:
    """Print the result as tables."""
    table = Table("", "key to sound p50", "p99", "max (ms)", "lost", "xruns", "host", "server (of a core)")
    for name in ("alone", "watched", "heard", "hostile"):
        row = result[name]
        sound = [f"{row['key_to_sound_ms'][k]:.2f}" for k in ("p50", "p99", "max")]
        load = [f"{row['load'][k]:.1%}" for k in ("host", "server")]
        table.add_row(name, *sound, str(row["lost_notes"]), str(row["xruns"]), *load)
    console.print(table)
    added = ", ".join(
        f"{result[name]['added_load']:.1%} {name} ({turns[0]:.1%} to {turns[-1]:.1%} by turn)"
        for name in ("watched", "heard")
        if (turns := result[name]["added_load_by_turn"])
    )
    console.print(f"{result['clients']} page(s), of one core: {added}")
    hostile = result["hostile"]
    changed = "nothing was changed" if not hostile["changed"] else f"CHANGED: {hostile['changed']}"
    survived = "the server went on" if hostile["server_survived"] else "the server was replaced"
    console.print(f"{hostile['messages']} hostile messages: {changed}; {survived}; {hostile['answers']}")
    memory = result["memory"]
    console.print(f"memory: host {memory['host']['rss_mb']} MB, server {memory['server']['rss_mb']} MB")
