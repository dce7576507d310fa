"""A piece's notes from a file, and the events by which an engine plays them with given parts."""

import numpy as np
import pytest

from realtime.engine.codes import DATA1, FRAME, LOG, PORT, STATUS
from realtime.host.engine import Engine
from realtime.host.piece import UNENDED, read_notes, routed_events, without_percussion
from realtime.host.rendering import render
from realtime.music.smf import parse_performance
from tests.engine.playing import ensemble
from tests.music.smf_bytes import at, meta, smf

END = meta(0x2F, b"")
RATE = 48000


def performance(*tracks: bytes):
    return parse_performance(smf(*(track + END for track in tracks)), "test")


def test_notes_come_in_order_with_their_durations_whatever_the_track():
    low = at(0, 0x91, 48, 70) + at(960, 0x81, 48, 0)
    high = at(0, 0x90, 72, 80) + at(240, 0x80, 72, 0) + at(240, 0x90, 60, 90) + at(480, 0x90, 60, 0)
    notes = read_notes(performance(high, low), 24)
    assert notes.pitch.tolist() == [48, 72, 60]
    assert notes.tick.tolist() == [0, 0, 24]
    assert notes.features["duration"].tolist() == [48, 12, 24]
    assert notes.features["velocity"].tolist() == [70, 80, 90]
    assert notes.features["start_ms"].tolist() == [0, 0, 500]
    assert notes.features["duration_ms"].tolist() == [1000, 250, 500]
    assert notes.chords().tolist() == [0, 2, 3]


def test_of_two_notes_of_one_key_the_first_ends_first_and_one_without_end_lasts_to_the_end():
    track = at(0, 0x90, 60, 64) + at(240, 0x90, 60, 64) + at(240, 0x80, 60, 0) + at(0, 0x90, 64, 64)
    notes = read_notes(performance(track + at(480, 0xB0, 7, 100)), 24)
    assert notes.features["duration"].tolist() == [24, 36, 24]
    assert (notes.ends == UNENDED).tolist() == [False, True, True]


def test_a_note_of_no_length_lasts_a_tick():
    notes = read_notes(performance(at(0, 0x90, 60, 64) + at(0, 0x80, 60, 0)), 24)
    assert notes.features["duration"].tolist() == [1]


def test_a_tempo_in_place_of_the_files_counts_its_ticks():
    track = at(480, 0x90, 60, 64) + at(480, 0x80, 60, 0)  # half a second each, at 120 BPM
    notes = read_notes(performance(track), 24, bpm=60.0)
    assert (notes.tick.tolist(), notes.features["duration"].tolist()) == ([12], [12])
    assert notes.features["start_ms"].tolist() == [500]


def test_percussion_is_left_out_and_told():
    drums, tune = at(0, 0x99, 36, 64) + at(24, 0x89, 36, 0), at(0, 0x90, 60, 64) + at(24, 0x80, 60, 0)
    kept, count = without_percussion(performance(drums, tune), "song.mid")
    assert count == 1
    assert read_notes(kept, 24).pitch.tolist() == [60]
    with pytest.raises(ValueError, match=r"song\.mid: holds percussion only"):
        without_percussion(performance(drums), "song.mid")


def test_notes_go_to_the_channel_of_their_part_and_controllers_to_all():
    track = at(0, 0xB2, 64, 127) + at(0, 0x92, 60, 64) + at(0, 0x92, 64, 64)
    track += at(480, 0x82, 60, 0) + at(0, 0x82, 64, 0) + at(0, 0x82, 99, 0)
    given = performance(track)
    events = routed_events(given, read_notes(given, 24), np.array([3, 1]), 4, RATE, None)
    assert (events[:, PORT] == 2).all()
    assert events[:, [STATUS, DATA1]].tolist() == [
        *([0xB0 | part, 64] for part in range(4)),
        [0x93, 60],
        [0x91, 64],
        [0x83, 60],
        [0x81, 64],
    ]
    assert events[-1, FRAME] == RATE // 2


def played(given, parts, count=2):
    """Return (seconds, kind, pitch) of what each part sends when a piece is played."""
    whole = ensemble(count, separator="channel")
    engine = Engine(RATE, None)
    engine.load(whole)
    events = routed_events(given, read_notes(given, 24), np.array(parts), count, RATE, None)
    done = render(engine, whole, given, None, events=events)
    assert engine.state["note_count"] == 0
    engine.close()
    return done


def test_two_parts_play_one_key_at_once_and_each_note_is_told_once():
    track = at(0, 0x90, 60, 64) + at(0, 0x90, 60, 64) + at(480, 0x80, 60, 0) + at(480, 0x80, 60, 0)
    done = played(performance(track), [1, 0])
    assert sorted(note["part"] for note in done.notes) == ["part 0", "part 1"]
    assert (done.counters["retriggered"], done.counters["stray_offs"]) == (0, 0)


def test_a_note_that_overtakes_another_of_its_part_is_not_ended_by_its_end():
    track = at(0, 0x90, 60, 64) + at(240, 0x90, 60, 64) + at(120, 0x80, 60, 0) + at(960, 0x80, 60, 0)
    done = played(performance(track), [0, 0])
    assert (done.counters["notes_on"], done.counters["notes_off"]) == (2, 2)
    assert (done.counters["retriggered"], done.counters["stray_offs"]) == (1, 0)


def test_a_pedal_holds_the_notes_of_every_part_until_it_is_lifted():
    track = at(0, 0xB0, 64, 127) + at(0, 0x90, 60, 64) + at(0, 0x90, 64, 64) + at(240, 0x80, 60, 0)
    given = performance(track + at(0, 0x80, 64, 0) + at(960, 0xB0, 64, 0))
    whole = ensemble(2, separator="channel")
    engine = Engine(RATE, None)
    engine.load(whole)
    events = routed_events(given, read_notes(given, 24), np.array([0, 1]), 2, RATE, None)
    down = events[events[:, FRAME] < RATE // 2]
    render(engine, whole, given, None, events=down)
    assert engine.state["note_count"] == 2
    engine.close()
    assert played(given, [0, 1]).counters["notes_off"] == 2


def test_of_more_notes_at_one_tick_than_the_log_holds_none_is_lost():
    chord = b"".join(at(0, 0x90, 20 + i % 100, 64) for i in range(LOG)) + at(48, 0x80, 60, 0)
    given = performance(chord)
    whole = ensemble(1, separator="channel")
    engine = Engine(RATE, None)
    engine.load(whole)
    done = render(engine, whole, given, None, period=4096)
    engine.close()
    assert len(done.notes) == LOG
    assert done.counters["log_dropped"] == 0
