import os
import random

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.smf import EVENT, SmfError, parse_performance, read_performance
from tests.music.smf_bytes import ONE_NOTE, at, meta, smf


def messages(data: bytes) -> list[tuple[int, ...]]:
    events = parse_performance(data, "t.mid").events
    return [(int(e["tick"]), int(e["status"]), int(e["data1"]), int(e["data2"])) for e in events]


def test_running_status_goes_on_through_meta_events_and_sysex():
    sysex = at(0, 0xF0, 3, 0x7E, 0x09, 0xF7)
    track = at(0, 0x93, 60, 64) + at(10, 62, 65) + meta(0x01, b"text") + sysex + at(10, 64, 66)
    assert messages(smf(track)) == [(0, 0x93, 60, 64), (10, 0x93, 62, 65), (20, 0x93, 64, 66)]


def test_a_note_on_of_velocity_0_is_a_note_off():
    assert messages(smf(at(0, 0x91, 60, 64) + at(5, 60, 0)))[1] == (5, 0x81, 60, 64)


def test_the_time_before_an_unknown_meta_event_counts():
    track = meta(0x4B, b"?", delta=480) + at(0, 0x90, 60, 64)
    assert messages(smf(track)) == [(480, 0x90, 60, 64)]


def test_an_odd_key_signature_is_no_reason_to_refuse_a_file():
    assert len(messages(smf(meta(0x59, b"\x10\x07") + meta(0x59, b"") + ONE_NOTE))) == 2


def test_messages_of_two_bytes_leave_the_next_one_whole():
    track = at(0, 0xC0, 73) + at(0, 0xD0, 5) + at(0, 0x90, 60, 64)
    assert messages(smf(track)) == [(0, 0xC0, 73, 0), (0, 0xD0, 5, 0), (0, 0x90, 60, 64)]


def test_data_beyond_127_is_clipped():
    assert messages(smf(at(0, 0x90, 60, 128) + at(0, 0x90, 200, 64))) == [
        (0, 0x90, 60, 127),
        (0, 0x90, 127, 64),
    ]


def test_a_note_ends_before_another_track_begins_it_again():
    again = at(0, 0x90, 60, 64) + at(480, 0x80, 60, 0)
    begun = at(480, 0x90, 60, 70) + at(480, 0x80, 60, 0)
    assert [m[1] for m in messages(smf(begun, again))] == [0x90, 0x80, 0x90, 0x80]


def test_the_order_within_a_track_stands():
    zero_length = at(0, 0x90, 60, 64) + at(0, 0x80, 60, 0) + at(0, 0xB0, 64, 127) + at(0, 0x80, 61, 0)
    assert [m[1:3] for m in messages(smf(zero_length))] == [(0x90, 60), (0x80, 60), (0xB0, 64), (0x80, 61)]


def test_tempo_changes_of_any_track_count_for_all():
    slow = (1_000_000).to_bytes(3)
    performance = parse_performance(
        smf(at(0, 0x90, 60, 64) + at(1920, 0x80, 60, 0), meta(0x51, slow, delta=960)), "t.mid"
    )
    assert performance.events["seconds"].tolist() == [0.0, 3.0]
    assert performance.tempo.bpm.tolist() == [120.0, 60.0]
    assert performance.tempo.quarters_at(3.0) == 4.0


def test_a_tempo_of_zero_is_ignored():
    assert parse_performance(smf(meta(0x51, bytes(3)) + ONE_NOTE), "t.mid").tempo.bpm.tolist() == [120.0]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Флейта".encode(), "Флейта"),
        ("Hörner".encode("cp1252"), "Hörner"),
        (bytes(range(0x80, 0xA0)), None),
        ("オルガン".encode("shift-jis"), None),
        (b"Flute\x00\x1b[31m", "Flute[31m"),
    ],
)
def test_names_of_any_encoding_are_read(raw, name):
    read = parse_performance(smf(meta(0x03, raw) + ONE_NOTE), "t.mid").names[0]
    assert read.isprintable()
    assert name is None or read == name


def test_a_riff_file_and_chunks_of_other_kinds_are_read():
    data = smf(ONE_NOTE)
    data = data[:14] + b"XFIH" + (4).to_bytes(4) + bytes(4) + data[14:]
    riff = b"RIFF" + (len(data) + 12).to_bytes(4, "little") + b"RMIDdata" + len(data).to_bytes(4, "little")
    assert messages(riff + data) == messages(smf(ONE_NOTE))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a Standard MIDI File"),
        (b"RIFF\x00\x00\x00\x00sfbk", "not a Standard MIDI File"),
        (b"MThd\x00\x00", "cut short within its header"),
        (smf(), "holds no tracks"),
        (smf(meta(0x2F, b"")), "holds no notes"),
        (smf(at(0, 0xB0, 64, 127)), "holds no notes"),
        (smf(ONE_NOTE, form=7), "format 7 is unknown"),
        (smf(ONE_NOTE, ONE_NOTE, form=2), "format 2 holds separate sequences"),
        (smf(ONE_NOTE, resolution=0xE728), "SMPTE"),
        (smf(ONE_NOTE, resolution=0), "0 ticks per quarter note"),
        (smf(ONE_NOTE, announced=2), "cut short: 1 of 2 tracks"),
        (smf(ONE_NOTE)[:-3], "cut short: 3 bytes of a track are missing"),
        (smf(at(0, 60, 64)), "data without a status byte"),
        (smf(at(0, 0x90, 60)), "past the end|cut short"),
        (smf(at(0, 0xF8) + ONE_NOTE), "0xf8 has no place"),
        (smf(b"\x81\x81\x81\x81\x01" + ONE_NOTE), "more than four bytes"),
        (smf(b"\x00\xff\x01\x20ab" + ONE_NOTE), "past the end of its track"),
        (smf(meta(0x01, b"", delta=0xFFFFFFF) * 3 + ONE_NOTE, resolution=24), "hours"),
    ],
)
def test_what_is_no_performance_is_refused_with_its_reason(data, reason):
    with pytest.raises(SmfError, match=reason) as refused:
        parse_performance(data, "t.mid")
    assert str(refused.value).startswith("t.mid: ")
    assert "\n" not in str(refused.value)


def test_one_track_of_format_2_is_read():
    assert len(messages(smf(ONE_NOTE, form=2))) == 2


def test_a_hundred_thousand_notes_are_read(tmp_path):
    path = tmp_path / "long.mid"
    path.write_bytes(smf((at(5, 0x90, 60, 64) + at(5, 60, 0)) * 100_000))
    events = read_performance(path).events
    assert len(events) == 200_000
    assert events.dtype == EVENT
    assert events["tick"][-1] == 1_000_000


@given(st.binary(max_size=200))
def test_no_track_content_raises_anything_but_a_refusal(content):
    try:
        events = parse_performance(smf(content), "t.mid").events
    except SmfError:
        return
    assert np.all(np.diff(events["tick"]) >= 0)
    assert np.all(events["data1"] < 128)


@given(st.data())
def test_no_damage_raises_anything_but_a_refusal(data):
    whole = bytearray(smf(meta(0x03, b"a") + meta(0x51, b"\x07\xa1\x20") + ONE_NOTE, ONE_NOTE * 3))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        if data.draw(st.booleans()):
            whole[place] = data.draw(st.integers(0, 255))
        else:
            del whole[place:]
            break
        if not whole:
            break
    try:
        performance = parse_performance(bytes(whole), "t.mid")
    except SmfError:
        return
    assert np.all(np.isfinite(performance.events["seconds"]))


def test_mido_hears_the_same(tmp_path):
    """Mido is independent of our decoder: both must find the same notes at the same times."""
    rng = random.Random(1)
    file = mido.MidiFile(type=1, ticks_per_beat=96)
    for channel in range(3):
        track = file.add_track()
        for _ in range(200):
            kind = rng.choice(["note_on", "note_off", "control_change", "pitchwheel", "set_tempo"])
            delta = rng.randrange(0, 50)
            if kind == "set_tempo":
                track.append(mido.MetaMessage(kind, tempo=rng.randrange(100_000, 900_000), time=delta))
            elif kind == "pitchwheel":
                track.append(
                    mido.Message(kind, channel=channel, pitch=rng.randrange(-8192, 8192), time=delta)
                )
            else:
                data = [rng.randrange(128), rng.randrange(1, 128)]
                status = {"note_on": 0x90, "note_off": 0x80, "control_change": 0xB0}[kind] | channel
                track.append(mido.Message.from_bytes([status, *data], time=delta))
    file.save(tmp_path / "m.mid")

    expected, seconds = [], 0.0
    for message in mido.MidiFile(tmp_path / "m.mid"):
        seconds += message.time
        if not message.is_meta:
            expected.append((*message.bytes(), seconds))
    ours = read_performance(tmp_path / "m.mid").events
    found = np.sort(ours[["status", "data1", "data2", "seconds"]])
    assert found[["status", "data1", "data2"]].tolist() == [row[:3] for row in sorted(expected)]
    assert np.allclose(found["seconds"], [row[3] for row in sorted(expected)])


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    """To open a pipe into which nobody writes would wait for ever."""
    os.mkfifo(tmp_path / "pipe.mid")
    for path in (tmp_path / "pipe.mid", tmp_path):
        with pytest.raises(SmfError, match="no file but a folder, pipe or device"):
            read_performance(path)
