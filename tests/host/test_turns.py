"""The turns of a model on the real engine, offline: nothing sticks, doubles or is late."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.continuation.messages import Model
from realtime.continuation.settings import Mode, Settings
from realtime.continuation.worker import Worker
from realtime.drivers.offline import OfflineDriver, event_array
from realtime.engine.codes import (
    CONTROL_PORT,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PLAN_PORT,
    Command,
    Log,
)
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.turns import Turns
from tests.continuation.chance import Chance

RATE, PERIOD, BPM = 48000, 480, 120
TICK = RATE * 60 // BPM // 12
NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0
PEDAL = 67
NO_MODEL = Model(Path(), "none")


class Stage:
    """An engine with a quartet and a choir, played period by period, and a model of chance."""

    def __init__(self, setting: Settings, density: float = 8.0) -> None:
        self.engine = Engine(RATE, None)
        self.engine.set_tempo(BPM)
        for name in ("string-quartet", "choir"):
            self.engine.load(find_ensemble(name), "zone")
        self.driver = OfflineDriver(self.engine, PERIOD)
        self.turns = Turns(self.engine, setting, lambda message: self.worker.hear(message))
        self.worker = Worker(Chance(density), self.turns.setup(NO_MODEL), self.turns.receive)
        self.logs: list[np.ndarray] = []

    def play(self, *events: tuple[int, int, int, int]) -> None:
        """Play a period, in which (port, status, data1, data2) happen one after another."""
        rows = [(place, *event, -1) for place, event in enumerate(events)]
        self.driver.step(event_array(rows))
        self.logs.append(self.engine.link.read_log())
        self.turns.listen(self.logs[-1])
        self.turns.advance(frame := int(self.engine.state["frame"]))
        tick = self.turns.beat.tick_at(frame)
        while self.worker.planner.horizon < tick + 12 and self.worker.work():
            pass
        self.turns.delivery.give()

    def rest(self, ticks: float) -> None:
        """Let the clock go on."""
        until = int(self.engine.state["frame"]) + ticks * TICK
        while self.engine.state["frame"] < until:
            self.play()

    @property
    def log(self) -> np.ndarray:
        return np.concatenate(self.logs)

    def planned(self) -> np.ndarray:
        """Return the log entries of the model's notes, as they began."""
        log = self.log
        own = (log[:, LOG_KIND] == Log.INPUT) & (log[:, LOG_SOURCE] == PLAN_PORT)
        return log[own & (log[:, LOG_STATUS] & 0xF0 == NOTE_ON)]

    def sounding(self) -> set[tuple[int, int]]:
        """Return channel and key of what sounds, and fail where something sounds twice or ends twice."""
        held: set[tuple[int, int]] = set()
        for row in self.log[self.log[:, LOG_KIND] == Log.OUTPUT].tolist():
            key = (row[LOG_CHANNEL], row[LOG_DATA1])
            if row[LOG_STATUS] == NOTE_ON:
                assert key not in held, "a note sounds twice"
                held.add(key)
            elif row[LOG_STATUS] == NOTE_OFF:
                assert key in held, "a note ends twice"
                held.discard(key)
        return held

    def close(self) -> None:
        self.engine.close()


def key(pitch: int, down: bool) -> tuple[int, int, int, int]:
    return (0, NOTE_ON if down else NOTE_OFF, pitch, 80)


def pedal(stage: Stage) -> None:
    stage.play((0, CONTROL, PEDAL, 127))
    stage.play((0, CONTROL, PEDAL, 0))


def phrase(stage: Stage, notes: int = 6) -> None:
    for place in range(notes):
        stage.play(key(50 + 3 * place, True))
        stage.rest(3)
        stage.play(key(50 + 3 * place, False))


def test_the_ensemble_goes_on_at_the_pedal_and_a_key_takes_it_back():
    stage = Stage(Settings())
    phrase(stage)
    while stage.worker.work():
        pass
    asked = int(stage.engine.state["frame"])
    pedal(stage)
    stage.rest(24)
    notes = stage.planned()
    assert len(notes) > 4
    assert notes[0, LOG_FRAME] - asked <= 2 * PERIOD, "the first note is not at once"
    assert stage.sounding()
    stage.play(key(60, True))
    stage.play(key(60, False))
    count = len(stage.planned())
    stage.rest(24)
    assert stage.sounding() == set()
    assert len(stage.planned()) == count, "it was not taken back"
    stage.close()


def test_a_change_of_tempo_moves_what_is_not_due_yet():
    stage = Stage(Settings(), density=12)
    phrase(stage)
    pedal(stage)
    stage.rest(12)
    stage.play((CONTROL_PORT, Command.TEMPO, BPM * 2 * 1000, 0))
    changed = int(stage.engine.state["frame"]) + RATE // 5
    stage.rest(60)
    frames = stage.planned()[:, LOG_FRAME]
    gaps = np.diff(np.unique(frames[frames > changed]))
    assert len(gaps) > 3
    assert all(abs(gap / (TICK / 2) - round(gap / (TICK / 2))) < 0.01 for gap in gaps)
    stage.close()


def test_what_is_left_of_a_panic_is_silence():
    stage = Stage(Settings())
    phrase(stage)
    pedal(stage)
    stage.rest(6)
    stage.play((CONTROL_PORT, Command.PANIC, 0, 0))
    stage.rest(24)
    assert stage.sounding() == set()
    assert not stage.turns.conductor.playing
    stage.close()


def test_another_ensemble_plays_on_with_its_own_parts():
    stage = Stage(Settings())
    phrase(stage)
    stage.play((CONTROL_PORT, Command.SELECT, 1, 0))
    phrase(stage)
    pedal(stage)
    before = len(stage.log)
    stage.rest(36)
    assert len(stage.planned()) > 3
    fresh = stage.log[before:]
    outputs = fresh[(fresh[:, LOG_KIND] == Log.OUTPUT) & (fresh[:, LOG_STATUS] == NOTE_ON)]
    assert set(outputs[:, LOG_CHANNEL] // 16) == {1}
    stage.close()


def test_a_part_that_is_switched_off_is_left_to_no_one():
    stage = Stage(Settings(), density=12)
    stage.play((CONTROL_PORT, Command.SWITCH, 2, 0))
    phrase(stage)
    stage.rest(2)
    pedal(stage)
    stage.rest(48)
    parts = set((stage.planned()[:, LOG_STATUS] & 0x0F).tolist())
    assert parts
    assert 2 not in parts
    assert stage.engine.counters()["plan_refused"] == 0
    stage.close()


def test_a_keyboard_that_vanished_does_not_keep_the_model_waiting():
    stage = Stage(Settings(silence_beats=1))
    stage.play(key(60, True))
    stage.rest(4)
    stage.play((CONTROL_PORT, Command.RELEASE_PORT, 0, 0))
    stage.rest(36)
    assert stage.turns.conductor.playing
    stage.close()


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["key", "key", "key", "pedal", "tempo", "rest", "panic", "switch", "select", "hold"]),
        st.integers(0, 30),
        st.integers(0, 12),
    ),
    max_size=20,
)


@settings(max_examples=20, deadline=None)
@given(events=EVENTS, mode=st.sampled_from(list(Mode)), density=st.sampled_from([3.0, 8.0, 12.0]))
def test_whatever_is_played_nothing_sticks_doubles_or_is_late(events, mode, density):
    stage = Stage(Settings(mode=mode, bars=1, silence_beats=1, seed=1), density)
    plays = [True] * 4
    for what, number, ticks in events:
        if what == "key":
            stage.play(key(45 + number, True), key(50 + number, True))
            stage.rest(ticks / 3)
            stage.play(key(45 + number, False))
        elif what == "hold":
            stage.play(key(45 + number, False), (0, CONTROL, 64, 127 * (number % 2)))
        elif what == "pedal":
            pedal(stage)
        elif what == "tempo":
            stage.play((CONTROL_PORT, Command.TEMPO, (60 + 8 * number) * 1000, 0))
        elif what == "panic":
            stage.play((CONTROL_PORT, Command.PANIC, 0, 0))
        elif what == "switch":
            plays[number % 4] = not plays[number % 4]
            stage.play((CONTROL_PORT, Command.SWITCH, number % 4, int(plays[number % 4])))
        elif what == "select":
            stage.play((CONTROL_PORT, Command.SELECT, number % 2, 0))
        stage.rest(ticks)
    stage.play((0, CONTROL, 64, 0), *(key(pitch, False) for pitch in range(40, 90)))
    stage.turns.act(
        stage.turns.conductor.end(stage.turns.beat.tick_at(int(stage.engine.state["frame"]))), None
    )
    stage.rest(3)
    assert stage.sounding() == set(), "a note sticks"
    planned = stage.planned()
    assert (np.diff(planned[:, LOG_FRAME]) >= 0).all()
    counters = stage.engine.counters()
    assert counters["plan_late"] == 0
    assert counters["notes_on"] == counters["notes_off"]
    stage.close()
