"""A performance from a file, as the engine is given it."""

import mido
import pytest

from realtime.engine.codes import DATA1, FRAME, STATUS
from realtime.host.player import performance_events
from realtime.music.smf import read_performance


@pytest.mark.parametrize("resolution", [None, 24])
def test_notes_that_a_file_never_ends_end_with_it(tmp_path, resolution):
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.Message("note_on", note=60, velocity=80),
                mido.Message("note_on", note=64, velocity=80, channel=3, time=480),
                mido.Message("note_on", note=67, velocity=80, time=480),
                mido.Message("note_off", note=67, time=480),
                mido.MetaMessage("end_of_track", time=480),
            ]
        )
    )
    file.save(tmp_path / "open.mid")
    events = performance_events(read_performance(tmp_path / "open.mid"), 1000, resolution)
    assert events[:, [FRAME, STATUS, DATA1]].tolist()[-2:] == [[2000, 0x80, 60], [2000, 0x83, 64]]
    assert len(events) == 6
