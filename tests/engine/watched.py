"""Plays an engine in real time with its audio thread watched by ``shim.c``; a process of its own.

Usage: LD_PRELOAD=shim.so python -m tests.engine.watched SOUNDFONT REPORT PERIODS MODE
Modes: ``threaded``, as when playing; ``steered``, while programs, separators and settings of parts
are changed all the time; ``jack``, a client of the running JACK server, its whole callback; the
controls ``inline`` (the separator steps on the audio thread), ``locked`` (a synth with FluidSynth's own
defaults) and ``sins`` (a core that does all that is forbidden).
Prints what was played as JSON; the report holds what the audio thread did that it must not.
"""

import ctypes
import json
import sys
import threading
import time
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from realtime.drivers.base import Driver
from realtime.drivers.paced import PacedDriver
from realtime.engine.codes import (
    CONTROL_PORT,
    DATA1,
    DATA2,
    ENTRIES,
    FRAME,
    GENERATION,
    LOG_KIND,
    MAPPED_CONTROL,
    PARTS,
    PLAN_PORT,
    PORT,
    STATUS,
    Command,
    Log,
    Mode,
    Setting,
)
from realtime.engine.native import address_of
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.libfluidsynth import fluidsynth
from realtime.host.loader import Loader, Wanted

PERIOD = 64
ENSEMBLES = ("bach-chorale", "string-quartet", "brass-quartet", "choir")
WORKER_PRIORITY = 55
CONTROLS = (1, 7, 11, 64, 64, 64, 66, 67, 74, 120, 121, 123)


def dense_playing(frames: int, seed: int) -> np.ndarray:
    """Return events on several keyboards: notes, pedals, controllers, switches, panics, vanishing ports."""
    rng = np.random.default_rng(seed)
    count = frames // 24
    events = np.zeros((count, ENTRIES), np.int64)
    port, channel = rng.integers(0, 3, count), rng.integers(0, 2, count)
    kind = rng.choice(
        [0x90, 0x80, 0xB0, 0xE0, 0xD0, 0xA0, 0xC0, 0xF8, 0xFF, -Command.RELEASE_PORT, -Command.PANIC],
        count,
        p=[0.55, 0.32, 0.07, 0.02, 0.01, 0.01, 0.005, 0.01, 0.001, 0.003, 0.001],
    )
    commands = kind < 0
    events[:, 0] = np.sort(rng.integers(0, frames, count))
    events[:, 1] = np.where(commands, CONTROL_PORT, port)
    events[:, 2] = np.where(commands, -kind, np.where(kind < 0xF0, kind | channel, kind))
    events[:, 3] = rng.integers(21, 109, count)
    events[:, 4] = rng.integers(0, 128, count)
    events[kind == 0xB0, 3] = rng.choice(CONTROLS, (kind == 0xB0).sum())
    events[kind == 0xC0, 3] = rng.integers(0, len(ENSEMBLES), (kind == 0xC0).sum())
    events[commands, 3] = port[commands]
    events[:, 5] = -1
    return events


def held_notes(frame: int) -> np.ndarray:
    """Return more keys going down than the note table holds, on keyboards of their own."""
    rows = [
        [frame + 2 * place, 4 + place % 8, 0x90 + place // 8 % 2, 30 + place // 16, 100, -1, 0, 0]
        for place in range(16 * 60)
    ]
    return np.array(rows, np.int64)


class Hands:
    """Someone who turns all knobs: another program, separator or setting a few times a second."""

    def __init__(self, engine: Engine) -> None:
        # What is said goes beside the report: many changes at once may be more than there are slots for.
        self.engine, self.loader = engine, Loader(engine, partial(print, file=sys.stderr))
        self._count = 0
        command = engine.link.command
        command(Command.SEND_CLOCK, 1)
        command(Command.MAP, 20, MAPPED_CONTROL)

    def turn(self) -> None:
        """Change something, if what was changed before is there."""
        self.loader.tidy()
        count, command = self._count, self.engine.link.command
        command(Command.SET, count % 4 + PARTS * (count % len(Setting)), count % 2 if count % 8 > 3 else 64)
        self._count += 1
        if self.loader.loading or count % 20:
            return
        wanted = Wanted(separator=("closest", "bach-chorale", "zone")[count // 20 % 3])
        if count % 40:
            wanted = Wanted(parts=((count % 4, "program", count % 128),))
        self.loader.change(self.loader.playing().index, wanted)


def planned_notes(rng: np.random.Generator, frame: int, generation: int) -> np.ndarray:
    """Return beginnings and ends of planned notes from soon after ``frame`` on."""
    count = 8
    rows = np.zeros((count, ENTRIES), np.int64)
    rows[:, FRAME] = frame + 4 * PERIOD + np.sort(rng.integers(0, 2 * PERIOD, count))
    rows[:, PORT], rows[:, GENERATION] = PLAN_PORT, generation
    rows[:, STATUS] = rng.choice((0x90, 0x80), count) | rng.integers(0, 5, count)
    rows[:, DATA1], rows[:, DATA2] = rng.integers(36, 96, count), 80
    return rows


def watch(
    engine: Engine,
    driver: Driver,
    events: np.ndarray,
    frames: int,
    limit: float,
    hands: Hands | None = None,
) -> dict[str, int]:
    """Play ``events`` for ``frames``, at most ``limit`` seconds; return what tells how much was going on."""
    most = taken = 0
    kinds = np.zeros(len(Log), np.int64)
    until = time.monotonic() + limit
    driver.start()
    rng, generation = np.random.default_rng(6), 0
    while int(engine.state["frame"]) < frames and time.monotonic() < until:
        taken += engine.link.schedule(events[taken : taken + 1024])
        engine.link.plan(planned_notes(rng, int(engine.state["frame"]), generation))
        if rng.random() < 0.05:
            generation += 1
            engine.link.take_back(generation)
        kinds += np.bincount(engine.link.read_log()[:, LOG_KIND], minlength=len(Log))
        while len(engine.link.read_sound()):
            pass
        most = max(most, int(engine.state["note_count"]))
        if hands:
            hands.turn()
        engine.link.wait_for_input(0.002)
    if hands:
        hands.loader.close()
    driver.close()
    return {"most_notes": most, "switches": int(kinds[Log.ENSEMBLE]), "panics": int(kinds[Log.PANIC])}


def own_defaults(soundfont: Path) -> int:
    """Return a synth as FluidSynth makes it by itself, where each call takes a lock."""
    synth = fluidsynth.Synth(samplerate=48000.0, channels=256)
    synth.program_select(0, synth.sfload(str(soundfont)), 0, 0)
    return synth.synth


def on_jack(engine: Engine, shim: ctypes.CDLL) -> Driver:
    """Return a JACK driver with MIDI from another client and to a port, its callback watched as a whole."""
    from bench.midi_client import MidiClient
    from realtime.drivers import jack_callback
    from realtime.drivers.jack import JackDriver, open_client

    driver = JackDriver(engine.state, open_client(), ["midi_out"])
    library = ctypes.CDLL("libjack.so.0")
    shim.watched_jack_target(ctypes.c_int64(jack_callback.on_process.address))
    client = ctypes.c_void_p(int(engine.state["driver"][jack_callback.Function.CLIENT]))
    watched = ctypes.c_void_p(address_of(shim.watched_jack))
    assert library.jack_set_process_callback(client, watched, ctypes.c_void_p(engine.address)) == 0
    engine.state["mode"] = Mode.TRANSPORT
    player = MidiClient("player", "out")
    start = driver.start

    def play() -> None:
        for place in count():
            player.send([(0x90, 40 + place % 40, 80), (0xB0, 123, 0)])

    def start_both() -> None:
        start()
        player.client.transport_start()
        player.connect(player.port.name, driver.inputs[0].name)
        threading.Thread(target=play, daemon=True).start()

    driver.start = start_both
    return driver


def main() -> None:
    soundfont, report, periods, mode = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    shim = ctypes.CDLL(None)
    engine = Engine(48000, soundfont)
    for name in ENSEMBLES:
        engine.load(find_ensemble(name))
    state = engine.state
    if mode == "locked":
        state["synth"][0] = own_defaults(soundfont)
    if mode != "inline":
        engine.start_worker(WORKER_PRIORITY)
    state["capturing"] = 1
    core = address_of(shim.watched_sins) if mode == "sins" else int(state["process"])
    if mode == "jack":
        driver = on_jack(engine, shim)
    else:
        driver = PacedDriver(state, PERIOD)
        shim.watched_target(ctypes.c_int64(core))
        state["process"] = address_of(shim.watched_process)
    frames = periods * PERIOD
    events = np.concatenate([dense_playing(frames, 5), held_notes(frames // 2)])
    events = events[np.argsort(events[:, FRAME], kind="stable")]
    hands = Hands(engine) if mode == "steered" else None
    played = watch(engine, driver, events, frames, 1.0 if mode == "sins" else 90.0, hands)
    shim.watched_report(report.encode())
    watched = {"watched": shim.watched_calls(), "notices": engine.notices}
    print(json.dumps(played | engine.counters() | watched))
    engine.close()


if __name__ == "__main__":
    main()
