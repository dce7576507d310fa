import errno
import os

import numpy as np
import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.smf import read_performance
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts
from realtime.music.tempo import TempoMap


def events(*rows: tuple[float, int, int, int]) -> np.ndarray:
    return np.array(list(rows), MESSAGE)


NOTE = events((0.0, 0x90, 60, 64), (1.0, 0x80, 60, 64))

ROWS = st.lists(
    st.tuples(
        st.floats(0.0, 100.0),
        st.builds(
            lambda kind, channel: kind | channel, st.sampled_from(range(0x80, 0xF0, 16)), st.integers(0, 15)
        ),
        st.integers(0, 127),
        st.integers(1, 127),
    ),
    max_size=40,
)


@given(rows=ROWS, bpm=st.floats(4.0, 1000.0))
def test_what_is_written_is_read_back(tmp_path_factory, rows, bpm):
    path = tmp_path_factory.mktemp("smf") / "parts.mid"
    given = events(*sorted(rows, key=lambda row: row[0]), (101.0, 0x90, 1, 1))
    write_parts(path, [PartTrack("Alto", 3, 68, given)], bpm)
    performance = read_performance(path)
    found = performance.events[1:]
    tick = 60.0 / bpm / 960
    order = np.argsort(found["seconds"], kind="stable")
    assert sorted(found[["status", "data1"]].tolist()) == sorted(given[["status", "data1"]].tolist())
    assert np.allclose(found["seconds"][order], given["seconds"], atol=1.51 * tick + 1e-6)
    assert performance.names == ("", "Alto")
    assert performance.events[0].tolist()[4:] == (0xC3, 68, 0)


def test_each_part_is_a_track_that_other_software_reads(tmp_path):
    parts = [
        PartTrack("Sopran", 0, 73, NOTE),
        PartTrack("Баян 🎹", 1, 21, events((0.5, 0x91, 48, 9), (0.7, 0x91, 48, 0))),
    ]
    write_parts(tmp_path / "p.mid", parts, 93.0)
    read = pretty_midi.PrettyMIDI(str(tmp_path / "p.mid"))
    assert [i.program for i in read.instruments] == [73, 21]
    assert [n.pitch for i in read.instruments for n in i.notes] == [60, 48]
    assert read.instruments[1].notes[0].start == pytest.approx(0.5, abs=1e-3)
    assert read.get_tempo_changes()[1][0] == pytest.approx(93.0, abs=1e-3)


def test_a_note_too_short_to_have_a_length_keeps_one_tick(tmp_path):
    short = events((1.0, 0x90, 60, 64), (1.0, 0x80, 60, 64), (2.0, 0x90, 60, 64), (2.00001, 0x90, 60, 0))
    write_parts(tmp_path / "p.mid", [PartTrack("", 0, 0, short)], 120.0)
    assert len(pretty_midi.PrettyMIDI(str(tmp_path / "p.mid")).instruments[0].notes) == 2


def test_a_key_pressed_again_at_once_is_not_ended_by_the_note_before(tmp_path):
    again = events((1.0, 0x90, 60, 1), (1.0, 0x80, 60, 64), (1.0, 0x90, 60, 2), (2.0, 0x80, 60, 64))
    write_parts(tmp_path / "p.mid", [PartTrack("", 0, 0, again)])
    kinds = read_performance(tmp_path / "p.mid").events["status"][1:].tolist()
    assert kinds == [0x90, 0x80, 0x90, 0x80]


def test_tempo_changes_keep_the_beat_and_the_time(tmp_path):
    tempo = TempoMap.from_quarters([0.0, 8.0, 20.0], [123.0, 61.7, 200.3])
    beats = np.arange(1.0, 40.0)
    given = events(*((second, 0x90, 60, 64) for second in tempo.seconds_at(beats)))
    write_parts(tmp_path / "p.mid", [PartTrack("", 0, 0, given)], tempo)
    found = read_performance(tmp_path / "p.mid").events[1:]
    assert np.allclose(found["seconds"], given["seconds"], atol=1e-3)
    assert found["tick"].tolist() == (beats * 960).astype(int).tolist()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "p.mid"
    write_parts(path, [PartTrack("", 0, 0, NOTE)])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="BPM"):
        write_parts(path, [PartTrack("", 0, 0, NOTE)], 1.0)
    with pytest.raises(ValueError, match="data byte"):
        write_parts(path, [PartTrack("", 0, 300, NOTE)])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["p.mid"]


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "p.mid"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_parts(path, [PartTrack("", 0, 0, NOTE)])
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["p.mid"]


def test_a_folder_that_is_not_there_is_an_error_that_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="there is no such folder"):
        write_parts(tmp_path / "absent" / "p.mid", [PartTrack("", 0, 0, NOTE)])
    assert list(tmp_path.iterdir()) == []


def test_lone_surrogates_in_a_name_do_no_harm(tmp_path):
    write_parts(tmp_path / "p.mid", [PartTrack("a\udcffb", 0, 0, NOTE)])
    assert read_performance(tmp_path / "p.mid").names[1] == "a?b"


def test_a_pipe_or_device_is_not_replaced_by_a_file(tmp_path):
    """As /dev/null would be, for root."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file but a pipe or device"):
        write_parts(tmp_path / "pipe", [PartTrack("Alto", 3, 68, NOTE)])
    assert (tmp_path / "pipe").is_fifo()
