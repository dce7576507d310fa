"""The offline driver: events at absolute frames, in periods, and nothing else."""

import numpy as np
import pytest

from realtime.drivers.offline import OfflineDriver, event_array
from realtime.engine.codes import EVENTS, FRAME
from realtime.host.engine import Engine
from tests.engine.playing import ON, Playing, ensemble, on, rows

SOLO = ensemble(1)


def test_it_plays_each_event_in_its_period_at_its_offset():
    playing = Playing(SOLO, period=100)
    playing.play([on(0, 50), on(99, 51), on(100, 52), on(250, 53)], 400)
    assert [row[0] for row in playing.sent(ON)] == [0, 99, 100, 250]


def test_it_yields_whole_periods_for_at_least_the_frames_asked_for():
    blocks = [block.shape for block in OfflineDriver(Engine(48000, None), 128).play(rows([]), 300)]
    assert blocks == [(2, 128)] * 3


def test_it_goes_on_until_the_last_event_is_played():
    playing = Playing(SOLO, period=128)
    sound = playing.play([on(1000, 60)], 10)
    assert sound.shape == (2, 1024)
    assert playing.counter("notes_on") == 1


def test_more_events_than_a_period_holds_are_played_late_but_in_order():
    playing = Playing(SOLO, period=64)
    events = rows(on(5, 20 + i % 100) for i in range(2 * EVENTS + 10))
    playing.play(events, 64)
    frames = [row[0] for row in playing.sent(ON)]
    assert frames == [5] * EVENTS + [64] * EVENTS + [128] * 10


def test_events_before_their_frame_are_left_alone():
    events = rows([on(70, 60)])
    Playing(SOLO, period=64).play(events, 128)
    assert events[0, FRAME] == 70


def test_without_a_synth_the_sound_is_silence():
    playing = Playing(SOLO)
    assert not playing.play([on(0, 60)], 1000).any()


@pytest.mark.parametrize("given", [[], [(9, 0, ON, 60, 1, -1), (3, 0, ON, 61, 1, -1), (9, 0, ON, 59, 1, 4)]])
def test_event_arrays_are_in_time_order_and_stable(given):
    events = event_array(given)
    assert events.dtype == np.int64
    assert events.shape == (len(given), 8)
    assert events[:, 3].tolist() == ([61, 60, 59] if given else [])
