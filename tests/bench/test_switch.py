"""The benchmark of switches sees gaps, and a real engine has none."""

import numpy as np

from bench.switch import KINDS, PERIOD, RATE, count_faults, longest_gap, measure_switch
from realtime.engine.codes import LOG_CHANNEL, LOG_DATA1, LOG_KIND, LOG_STATUS, Log
from tests.live import SOUNDFONT


def tone(gap=0):
    sound = np.sin(2 * np.pi * 147 * np.arange(RATE) / RATE).astype(np.float32)
    sound[20_000 : 20_000 + gap] = 0
    return sound


def test_a_gap_is_seen_and_measured():
    assert longest_gap(tone()) == 0
    assert abs(longest_gap(tone(4800)) - 4800) < 200


def test_faults_are_counted():
    rows = [
        (Log.INPUT, -1, 0x90, 60),
        (Log.OUTPUT, 0, 0x90, 60),
        (Log.OUTPUT, 0, 0x90, 60),
        (Log.INPUT, -1, 0x90, 61),
    ]
    log = np.zeros((len(rows), 8), np.int64)
    log[:, [LOG_KIND, LOG_CHANNEL, LOG_STATUS, LOG_DATA1]] = rows
    assert count_faults(log) == {"notes": 2, "lost": 0, "doubled": 1, "stuck": 1}


def test_switches_while_playing_lose_nothing():
    result = measure_switch(SOUNDFONT, 1)
    assert tuple(result["kinds"]) == KINDS
    assert (result["lost"], result["doubled"], result["stuck"], result["notices"]) == (0, 0, 0, [])
    assert result["notes"] > 50
    assert max(row["gap_frames"] for row in result["kinds"].values()) <= PERIOD
