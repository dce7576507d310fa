"""The beat of a file: its ticks by its own tempo, and what the model is told of its notes."""

from pathlib import Path

import numpy as np
import pytest

from realtime.continuation.settings import BEAT, Settings
from realtime.ensembles.library import find_ensemble
from realtime.host import going_on
from realtime.host.engine import Engine
from realtime.host.file_beat import FileBeat
from realtime.host.going_on import Going, go_on
from realtime.music.mmt.representation import NOTE, POSITION, TYPE, encode
from realtime.music.smf import read_performance
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts
from realtime.music.tempo import TempoMap
from tests.continuation.chance import Chance
from tests.host.test_turns import NO_MODEL

RATE, BPM = 48000, 120.0


def test_frames_and_ticks_follow_the_tempo_of_the_file_up_to_where_it_is_over():
    engine = Engine(RATE, None)
    beat = FileBeat(engine.state, TempoMap.from_quarters([0, 4, 8], [120, 60, 240]), 4.0)
    ticks = [beat.tick_at(round(second * RATE)) for second in (0, 1, 2, 3, 10)]
    assert ticks == pytest.approx([0, 2 * BEAT, 4 * BEAT, 5 * BEAT, 12 * BEAT])
    assert [beat.frame_at(tick) for tick in ticks] == [0, RATE, 2 * RATE, 3 * RATE, 10 * RATE]
    assert beat.rate == 2 * BEAT
    engine.close()


def test_the_model_reads_a_file_that_begins_with_an_upbeat_as_it_was_trained_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    played = np.zeros(8, MESSAGE)
    for place in range(4):
        begins = 0.75 + 0.25 * place  # at 120 a minute: an eighth before beat 2
        played[2 * place : 2 * place + 2] = [(begins, 0x90, 60, 80), (begins + 0.2, 0x80, 60, 0)]
    path = tmp_path / "in.mid"
    write_parts(path, [PartTrack("keyboard", 0, None, played)], BPM)
    reader = Chance()
    reader.warning = ""
    monkeypatch.setattr(going_on, "open_reader", lambda _: reader)
    performance = read_performance(path)
    go_on(
        Going(find_ensemble("string-quartet"), performance, NO_MODEL, Settings(), 2.0, "zone"),
        None,
        None,
        None,
        print,
    )
    rows = [row for row in reader.rows if row[TYPE] == NOTE][:4]
    trained = encode([(round(12 * (1.5 + place / 2)), 60, 5, 40) for place in range(4)])
    assert [row[POSITION] for row in rows] == [row[POSITION] for row in trained.tolist() if row[TYPE] == NOTE]
