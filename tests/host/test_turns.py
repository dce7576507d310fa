"""The turns of a model on the real engine, offline: nothing sticks, doubles or is late."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime.continuation.messages import Model, Report
from realtime.continuation.settings import Mode, Settings
from realtime.continuation.worker import REPORT_SECONDS, Worker
from realtime.drivers.offline import OfflineDriver, event_array
from realtime.engine.codes import (
    CONTROL_PORT,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_FRAME,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PARTS,
    PLAN_PORT,
    Command,
    Log,
)
from realtime.engine.codes import Mode as Beats
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.turns import Turns
from tests.continuation.chance import Chance

RATE, PERIOD, BPM = 48000, 480, 120
TICK = RATE * 60 // BPM // 12
NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0
PEDAL = 67
TIMING, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
NO_MODEL = Model(Path(), "none")


class Stage:
    """An engine with a quartet and a choir, played period by period, and a model of chance."""

    def __init__(self, setting: Settings, density: float = 8.0, separator: str = "zone") -> None:
        self.engine = Engine(RATE, None)
        self.engine.set_tempo(BPM)
        for name in ("string-quartet", "choir"):
            self.engine.load(find_ensemble(name), separator)
        self.driver = OfflineDriver(self.engine, PERIOD)
        self.turns = Turns(self.engine, setting, lambda message: self.worker.hear(message))
        self.worker = Worker(Chance(density), self.turns.setup(NO_MODEL), self.turns.receive)
        self.logs: list[np.ndarray] = []

    def play(self, *events: tuple[int, int, int, int]) -> None:
        """Play a period, in which (port, status, data1, data2) happen one after another."""
        rows = [(place, *event, -1) for place, event in enumerate((*self.clock(), *events))]
        self.driver.step(event_array(rows))
        self.logs.append(self.engine.link.read_log())
        self.turns.listen(self.logs[-1])
        self.turns.advance(frame := int(self.engine.state["frame"]))
        tick = self.turns.beat.tick_at(frame)
        while self.worker.planner.horizon < tick + 12 and self.worker.work():
            pass
        self.turns.delivery.give()

    def clock(self) -> list[tuple[int, int, int, int]]:
        """Return the messages of a clock that are due in this period, where a clock rules: none."""
        return []

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


class Clocked(Stage):
    """A stage whose beat is a MIDI clock, of a tempo that may change, and that may stop and go on."""

    def __init__(self, setting: Settings, density: float = 8.0) -> None:
        self.bpm, self._due, self._waiting = float(BPM), 0.0, [START]
        super().__init__(setting, density)
        self.engine.link.command(Command.MODE, int(Beats.CLOCK))
        self.rest(3)

    def send(self, status: int) -> None:
        """Let the clock begin, stop or go on."""
        self._waiting.append(status)

    def clock(self) -> list[tuple[int, int, int, int]]:
        messages, self._waiting = self._waiting, []
        now = int(self.engine.state["frame"])
        while self._due < now + PERIOD:
            messages.append(TIMING)
            self._due += RATE * 60 / self.bpm / 24
        return [(0, status, 0, 0) for status in messages]


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


def decided(stage: Stage, first: int = 0) -> list[int]:
    """Return the parts that the player's notes went to, from log entry ``first`` on."""
    log = stage.log[first:]
    return (log[log[:, LOG_KIND] == Log.DECISION][:, LOG_CHANNEL] % PARTS).tolist()


@pytest.mark.parametrize(("pitches", "lead"), [((), 0), ((40, 57, 63, 69), 0), ((40, 43, 69, 45), 3)])
def test_while_the_model_accompanies_the_keys_play_the_part_that_they_played_most(pitches, lead):
    """The zones of the quartet give each of these a part of its own, so that none would be left."""
    stage = Stage(Settings(mode=Mode.ACCOMPANY), density=12)
    for pitch in pitches:
        stage.play(key(pitch, True))
        stage.rest(3)
        stage.play(key(pitch, False))
    pedal(stage)
    begun = len(stage.log)
    for pitch in (38, 50, 62, 74, 86) * 3:
        stage.play(key(pitch, True))
        stage.rest(6)
        stage.play(key(pitch, False))
    assert set(decided(stage, begun)) == {lead}
    parts = (stage.planned()[:, LOG_STATUS] & 0x0F).tolist()
    assert len(set(parts)) == 3, "the model plays the others"
    assert lead not in parts
    pedal(stage)
    ended = len(stage.log)
    for pitch in (40, 57, 63, 76):
        stage.play(key(pitch, True), key(pitch, False))
    assert len(set(decided(stage, ended))) > 1, "all parts are the player's again"
    stage.close()


def test_a_part_that_the_model_does_not_know_stays_the_players_beside_the_one_he_leads():
    stage = Stage(Settings(mode=Mode.ACCOMPANY), density=12)
    stage.engine.state["part_program"][1] = 127  # a gunshot
    stage.rest(1)
    pedal(stage)
    for pitch in (50, 57, 62, 69) * 4:
        stage.play(key(pitch, True))
        stage.rest(6)
        stage.play(key(pitch, False))
    assert set(decided(stage)) == {0, 1}
    assert set((stage.planned()[:, LOG_STATUS] & 0x0F).tolist()) == {2, 3}
    stage.close()


def test_where_each_channel_has_a_part_those_that_are_played_on_are_the_players():
    stage = Stage(Settings(mode=Mode.ACCOMPANY), density=12, separator="channel")
    pedal(stage)
    for _ in range(12):
        stage.play((0, NOTE_ON | 1, 62, 80), (0, NOTE_ON | 3, 45, 80))
        stage.rest(12)
        stage.play((0, NOTE_OFF | 1, 62, 0), (0, NOTE_OFF | 3, 45, 0))
    assert set(decided(stage)) == {1, 3}
    late = stage.planned()[10:, LOG_STATUS] & 0x0F
    assert set(late.tolist()) == {0, 2}
    stage.close()


def test_another_ensemble_is_the_players_as_a_whole_until_the_model_accompanies_again():
    stage = Stage(Settings(mode=Mode.ACCOMPANY))
    pedal(stage)
    stage.play((CONTROL_PORT, Command.SELECT, 1, 0))
    begun = len(stage.log)
    phrase(stage)
    assert len(set(decided(stage, begun))) > 1
    stage.play((CONTROL_PORT, Command.SELECT, 0, 0))
    begun = len(stage.log)
    phrase(stage)
    assert len(set(decided(stage, begun))) > 1
    stage.close()


def test_a_keyboard_that_vanished_does_not_keep_the_model_waiting():
    stage = Stage(Settings(silence_beats=1))
    stage.play(key(60, True))
    stage.rest(4)
    stage.play((CONTROL_PORT, Command.RELEASE_PORT, 0, 0))
    stage.rest(36)
    assert stage.turns.conductor.playing
    stage.close()


WHAT = ["key", "key", "key", "pedal", "pedal", "tempo", "rest", "panic", "switch", "select", "hold", "roll"]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(WHAT),
        st.integers(0, 30),
        st.integers(0, 12),
    ),
    max_size=25,
)


@example([("key", 0, 0), ("pedal", 0, 0), ("key", 0, 9), ("tempo", 28, 12)], Mode.TRADE, 3.0, Stage)
@settings(max_examples=100, deadline=None)
@given(
    events=EVENTS,
    mode=st.sampled_from(list(Mode)),
    density=st.sampled_from([3.0, 8.0, 12.0]),
    kind=st.sampled_from([Stage, Clocked]),
)
def test_whatever_is_played_nothing_sticks_doubles_or_is_late(events, mode, density, kind):
    stage = kind(Settings(mode=mode, bars=1, silence_beats=1, seed=1), density)
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
        elif what == "tempo" and isinstance(stage, Clocked):
            stage.bpm = 60.0 + 8 * number
        elif what == "roll" and isinstance(stage, Clocked):
            stage.send((STOP, CONTINUE, START)[number % 3])
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
    for _ in range(3):  # in trade, a phrase that is over by now is answered at once
        now = stage.turns.beat.tick_at(int(stage.engine.state["frame"]))
        stage.turns.act(stage.turns.conductor.end(now), None)
        stage.play()
        stage.play()
        if not stage.turns.conductor.playing:
            break
    assert stage.sounding() == set(), "a note sticks"
    planned = stage.planned()
    assert (np.diff(planned[:, LOG_FRAME]) >= 0).all()
    begun = [tuple(row) for row in planned[:, [LOG_FRAME, LOG_STATUS, LOG_DATA1]].tolist()]
    assert len(set(begun)) == len(begun), "a note is doubled"
    counters = stage.engine.counters()
    # Notes that a clock leaves behind as it leaps are dropped by rule, and not played late.
    leaps = kind is Clocked and any(what in ("tempo", "roll") for what, _, _ in events)
    assert leaps or counters["plan_late"] == 0
    assert counters["notes_on"] == counters["notes_off"]
    stage.close()


def test_what_is_to_be_drawn_anew_after_a_key_is_not_told_as_ready():
    stage = Stage(Settings(mode=Mode.ACCOMPANY))
    phrase(stage)
    pedal(stage)
    stage.rest(6)
    stage.worker.planner.lead = 96.0
    while stage.worker.planner.work():
        pass
    time.sleep(1.1 * REPORT_SECONDS)
    stage.worker.rest()  # it tells that it is far ahead
    measures = stage.turns.measures
    assert measures.horizon > stage.turns.beat.tick_at(int(stage.engine.state["frame"])) + 48
    stage.worker.work = lambda: False  # from now on it is too slow
    stage.play(key(55, True))
    stage.rest(36)
    assert measures.isr < 0.5
    assert measures.staleness > 0
    stale = Report(stage.turns._told - 1, stage.turns.generation, 1000.0, 1.0, 0, [], 0.0)
    stage.turns.receive(stale)  # from before the key
    assert measures.horizon < 1000
    stage.turns.receive(replace(stale, told=stage.turns._told))
    assert measures.horizon == 1000
    stage.close()
