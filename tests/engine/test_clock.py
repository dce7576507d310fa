"""The beat that notes are told: fixed tempo, MIDI clock with its jitter, song position, scores."""

import numpy as np
import pytest

from realtime.engine.codes import Command, Mode
from tests.engine.playing import RATE, Playing, Row, command, ensemble, event, on
from tests.engine.witness import seen_by

FINE = 480
"""Ticks per quarter note that the witness of these tests is told."""
CLOCK, START, CONTINUE, STOP, SONG_POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
ONE_CLOCK = FINE // 24


@pytest.fixture
def clocked(witness) -> Playing:
    playing = Playing(ensemble(4, separator="fine-witness"))
    playing.state["mode"] = Mode.CLOCK
    return playing


@pytest.fixture
def fixed(witness) -> Playing:
    return Playing(ensemble(4, separator="fine-witness"))


def interval(bpm: float) -> float:
    return RATE * 60 / bpm / 24


def clocks(bpm: float, count: int, start: int = 0, jitter: float = 0.0) -> list[Row]:
    """Return timing clocks from frame ``start`` on, each up to ``jitter`` seconds off."""
    off = np.random.default_rng(5).uniform(-jitter, jitter, count) * RATE
    frames = np.maximum(np.rint(start + np.arange(count) * interval(bpm) + off), start).astype(int)
    return [event(int(frame), CLOCK) for frame in frames]


def ticks(playing: Playing, rows: list[Row]) -> list[int]:
    """Play events at absolute frames; return the tick of each note."""
    rows = sorted(rows, key=lambda row: row[0])
    playing.play(rows, rows[-1][0] + playing.period)
    return [row["tick"] for row in seen_by(playing.state)]


# A tempo of our own.


def test_the_beat_begins_with_the_first_note(fixed):
    assert ticks(fixed, [on(5000, 60), on(5000 + RATE // 2, 62)]) == [0, FINE]


@pytest.mark.parametrize("bpm", [40.0, 90.0, 133.3])
def test_notes_fall_on_the_ticks_of_the_tempo(fixed, bpm):
    fixed.engine.set_tempo(bpm)
    frames = np.random.default_rng(2).integers(0, 10 * RATE, 30)
    frames = np.unique(np.r_[0, frames])
    expected = frames / RATE * bpm / 60 * FINE
    found = ticks(fixed, [on(int(frame), 60) for frame in frames])
    assert np.abs(np.array(found) - expected).max() <= 0.5 + 1e-6


def test_a_change_of_tempo_makes_no_jump(fixed):
    change = 3 * RATE + 17
    rows = [on(0, 60), on(change - 1, 61), command(change, Command.TEMPO, 60_000), on(change + 1, 62)]
    found = ticks(fixed, [*rows, on(change + RATE, 63)])
    assert abs(found[2] - found[1]) <= 1
    assert found[3] - found[1] == pytest.approx(FINE, abs=1)


def test_clock_messages_mean_nothing_to_a_fixed_tempo(fixed):
    rows = [event(900, START), event(1000, SONG_POSITION, 8, 0), *clocks(300, 100, 1000)]
    assert ticks(fixed, [on(0, 60), *rows, on(RATE, 62)]) == [0, 2 * FINE]


def test_a_score_brings_its_own_beat(fixed):
    assert ticks(fixed, [on(0, 60, tick=100), on(10, 62, tick=7)]) == [100 * FINE // 24, 7 * FINE // 24]


# MIDI clock.


def test_the_first_clock_after_start_is_the_first_beat(clocked):
    rows = [event(1000, START), *clocks(120, 100, 1200), on(1200, 60), on(1200 + RATE // 2, 62)]
    found = ticks(clocked, rows)
    assert found[0] == 0
    assert found[1] == pytest.approx(FINE, abs=1)


@pytest.mark.parametrize("bpm", [60.0, 96.0, 180.0])
def test_the_beat_follows_midi_clock_through_its_jitter(clocked, bpm):
    beats = 40
    rows = [event(0, START), *clocks(bpm, 24 * beats + 1, 100, jitter=0.002)]
    places = np.arange(2, beats - 1)
    frames = np.rint(100 + (places + 0.5) * 24 * interval(bpm)).astype(int)
    found = np.array(ticks(clocked, rows + [on(int(frame), 60) for frame in frames]))
    allowed = 0.004 * RATE / interval(bpm) * ONE_CLOCK + 1
    assert np.abs(found - (places + 0.5) * FINE).max() <= allowed
    assert clocked.state["clock_interval"] == pytest.approx(interval(bpm), rel=0.05)


def test_the_beat_follows_a_change_of_the_daws_tempo(clocked):
    change = 100 + round(96 * interval(120))
    rows = [event(0, START), *clocks(120, 96, 100), *clocks(60, 200, change)]
    frame = change + round(2 * 24 * interval(60))
    assert ticks(clocked, [*rows, on(frame, 60)]) == pytest.approx([6 * FINE], abs=1)


def test_the_beat_never_runs_ahead_of_the_next_clock(clocked):
    rows = [event(0, START), *clocks(120, 25, 100), on(4 * RATE, 60)]
    assert ticks(clocked, rows)[0] == FINE + ONE_CLOCK


def test_a_stop_holds_the_beat_and_continue_goes_on_from_there(clocked):
    step = interval(120)
    stopped = 100 + round(48.5 * step)
    rows = [event(0, START), *clocks(120, 400, 100), event(stopped, STOP)]
    going = 100 + round(200.5 * step)
    rows += [on(stopped + 5000, 60), event(going, CONTINUE), on(100 + round(225 * step) + 10, 62)]
    held, later = ticks(clocked, rows)
    assert held == 2 * FINE
    assert later == pytest.approx(held + 25 * ONE_CLOCK, abs=1)


def test_a_pause_of_the_clock_itself_leaves_the_tempo_as_it_was(clocked):
    rows = [event(0, START), *clocks(120, 49, 100), event(100 + round(48.5 * interval(120)), STOP)]
    again = 20 * RATE
    rows += [event(again - 10, CONTINUE), *clocks(120, 12, again)]
    places = np.array([3.5, 5.5, 8.5])
    frames = np.rint(again + places * interval(120)).astype(int)
    found = np.array(ticks(clocked, rows + [on(int(frame), 60) for frame in frames]))
    assert np.abs(found - 2 * FINE - (places + 1) * ONE_CLOCK).max() <= 2


@pytest.mark.parametrize("sixteenths", [0, 6, 16, 300])
def test_song_position_places_the_next_clock(clocked, sixteenths):
    rows = [event(0, SONG_POSITION, sixteenths & 0x7F, sixteenths >> 7), event(10, CONTINUE)]
    assert ticks(clocked, [*rows, *clocks(120, 10, 100), on(100, 60)]) == [sixteenths * FINE // 4]


def test_our_tempo_does_not_move_the_daws_beat(clocked):
    rows = [event(0, START), *clocks(120, 100, 100)]
    rows += [command(100 + i * 700, Command.TEMPO, 300_000) for i in range(1, 60)]
    frame = 100 + round(72 * interval(120))
    assert ticks(clocked, [*rows, on(frame, 60)]) == pytest.approx([3 * FINE], abs=1)


def test_our_tempo_counts_again_when_the_beat_is_ours(clocked):
    rows = [event(0, START), *clocks(200, 100, 100), on(100, 60)]
    change = 100 + round(48 * interval(200))
    rows += [command(change, Command.MODE, Mode.FIXED), on(change + RATE, 62)]
    assert ticks(clocked, rows) == pytest.approx([0, 2 * FINE + 2 * FINE], abs=1)
