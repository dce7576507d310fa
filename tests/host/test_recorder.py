"""Takes: whole, in the right tracks, and whatever happens to the disk or the host, valid and no hindrance."""

import json
import os
import resource
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from realtime.engine.codes import LOG_FRAME, LOG_KIND, LOG_STATUS, Log
from realtime.ensembles.library import find_ensemble
from realtime.host import recorder as recorder_module
from realtime.host.engine import Engine
from realtime.host.event_log import read_take
from realtime.host.midi_ports import PAGE_PORT
from realtime.host.options import Options
from realtime.host.recorder import new_folder
from realtime.host.session import Session
from realtime.host.slots import Slot
from tests.live import ROOT, SOUNDFONT, Host, wait_until

CHORALE = f"file:{ROOT / 'realtime' / 'demo' / 'chorale.mid'}"
PLAYING = ("--audio", "null", "--midi-in", CHORALE, "--separator", "zone")
FILES = ["events.jsonl", "input.mid", "parts.mid", "sound.wav"]


def take_of(folder: Path) -> Path:
    """Return the folder of the only take in ``folder``, once it is there."""
    return wait_until(lambda: next(iter(folder.glob("take-*")), None))


def notes(path: Path) -> dict[str, list[int]]:
    """Return the pitches of the note-ons of each track that has some."""
    found = {
        track.name: [m.note for m in track if m.type == "note_on" and m.velocity]
        for track in mido.MidiFile(path).tracks
    }
    return {name: pitches for name, pitches in found.items() if pitches}


@pytest.mark.parametrize(("bits", "subtype"), [("24", "PCM_24"), ("float", "FLOAT")])
def test_a_take_holds_input_parts_and_sound(tmp_path, bits, subtype):
    with Host(tmp_path, *PLAYING, "--record", str(tmp_path / "takes"), "--bits", bits) as host:
        time.sleep(3)
        summary = host.stop()
    folder = take_of(tmp_path / "takes")
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert sorted(summary["files"]) == sorted(str(folder / name) for name in FILES)
    played, parts = notes(folder / "input.mid"), notes(folder / "parts.mid")
    assert {name: len(pitches) for name, pitches in parts.items()} == {
        name: count for name, count in summary["notes"].items() if count
    }
    assert sorted(sum(parts.values(), [])) == sorted(sum(played.values(), []))  # noqa: RUF017 - four lists
    sound, rate = soundfile.read(folder / "sound.wav")
    assert soundfile.info(folder / "sound.wav").subtype == subtype
    assert len(sound) == summary["counters"]["periods"] * summary["period"]
    # Sound and MIDI have one beginning: silence until the first note, then its sound.
    first = min(message.time for message in _timed(folder / "parts.mid"))
    begins = np.flatnonzero(np.abs(sound).max(axis=1) > 0.001)[0] / rate
    assert begins == pytest.approx(first, abs=0.1)


def _timed(path: Path) -> list[mido.Message]:
    now, found = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append(message.copy(time=now))
    return found


def test_recorded_input_can_be_played_again_and_selects_no_ensemble(tmp_path):
    with Host(tmp_path, *PLAYING, "--record", str(tmp_path / "takes")) as host:
        time.sleep(2)
        host.stop()
    file = mido.MidiFile(take_of(tmp_path / "takes") / "input.mid")
    chorale = mido.MidiFile(CHORALE.removeprefix("file:"))
    programs = [m.program for track in file.tracks for m in track if m.type == "program_change"]
    given = [m.program for track in chorale.tracks for m in track if m.type == "program_change"]
    assert programs == given


def fill_up(host: Host, records: Path) -> dict:
    host.wait_for("recording ended:")
    time.sleep(1)
    summary = host.stop()
    folder = take_of(records)
    (told,) = [line for line in host.lines if "recording" in line]
    assert told.startswith(f"recording ended: {folder / 'sound.wav'}: ")
    sound, rate = soundfile.read(folder / "sound.wav")
    assert len(sound) > rate
    assert len(sound) < summary["counters"]["periods"] * summary["period"] - rate / 2  # playing went on
    assert np.abs(sound).max() > 0.01
    assert sum(summary["notes"].values()) > 0
    return summary


@pytest.fixture
def disk(tmp_path):
    """A disk of 700 KiB."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this container may not mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_ends_the_recording_in_one_sentence_and_the_midi_is_kept(tmp_path, disk):
    with Host(tmp_path, *PLAYING, "--record", str(disk / "takes")) as host:
        summary = fill_up(host, disk / "takes")
    assert "No space left on device; what was written is kept, playing goes on" in host.said
    folder = take_of(disk / "takes")
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert sorted(summary["files"]) == sorted(str(folder / name) for name in FILES)
    for name in ("input.mid", "parts.mid"):
        assert sum(len(pitches) for pitches in notes(folder / name).values()) > 2


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_what_finds_no_room_on_a_full_disk_is_named(disk):
    said = []
    taking = recorder_module.Recorder(disk, {"rate": 48000.0, "tempo": 80.0}, [], said.append)
    log = np.zeros((2, 8), np.int64)
    log[:, 0], log[:, 3:6] = [0, 4800], [[0x90, 60, 80], [0x80, 60, 0]]
    taking.add_log(log)
    fill(disk)  # there is no sound yet that could be cut
    assert [path.name for path in taking.close()] == ["sound.wav", "events.jsonl"]
    (told,) = said
    assert f"input.mid of {taking.folder} can't be written: No space left on device" in told


def test_a_take_that_a_full_disk_ended_is_kept_whole_when_another_begins(tmp_path, disk, monkeypatch):
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))
    session = Session(Options(audio="null", midi_in="virtual", separator="zone", record=disk), [].append)
    session.start()
    try:
        session.engine.link.send(PAGE_PORT, 0x90, 60, 80)
        wait_until(lambda: not session.recording)
        with suppress(OSError):  # it may find room, or not
            session.record(True)
        (folder, *_) = sorted(disk.glob("take-*"))
        assert sorted(path.name for path in folder.iterdir()) == FILES
    finally:
        summary = session.close()
    assert {str(folder / name) for name in FILES} <= set(summary["files"])


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system has no prlimit")
def test_a_file_that_may_not_grow_ends_the_recording_and_the_midi_is_kept(tmp_path):
    with Host(tmp_path, *PLAYING, "--record", str(tmp_path / "takes")) as host:
        resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (700_000, 700_000))
        fill_up(host, tmp_path / "takes")
    folder = take_of(tmp_path / "takes")
    assert "File too large; what was written is kept" in host.said
    assert sum(len(pitches) for pitches in notes(folder / "parts.mid").values()) > 4


def test_a_file_in_place_of_a_device_that_may_not_grow_stops_nothing(tmp_path):
    path = tmp_path / "out.wav"
    with Host(tmp_path, "--audio", f"file:{path}", *PLAYING[2:]) as host:
        resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (500_000, 500_000))
        host.wait_for(f"{path}: File too large; the file ends here, playing goes on")
        time.sleep(0.5)
        summary = host.stop()
    assert soundfile.info(path).frames > 48_000
    assert summary["files"] == [str(path)]
    assert host.said.count("File too large") == 1


def test_after_kill_9_sound_and_events_are_there_up_to_nearly_the_end(tmp_path):
    with Host(tmp_path, *PLAYING, "--record", str(tmp_path / "takes")) as host:
        began = time.monotonic()
        time.sleep(2.5)
        lasted = time.monotonic() - began
        host.process.send_signal(signal.SIGKILL)
        host.process.wait()
    folder = take_of(tmp_path / "takes")
    info = soundfile.info(folder / "sound.wav")
    assert info.frames > (lasted - 0.5) * info.samplerate
    take = read_take(folder / "events.jsonl")
    assert len(take.decisions) > 4
    assert take.events[-1, 0] <= info.frames + 48_000


def test_the_midi_files_are_written_while_it_plays(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder_module, "SAVE_SECONDS", 0.05)
    engine = Engine(48000, None)
    header = {"rate": 48000.0, "tempo": 80.0, "period": 128}
    taking = recorder_module.Recorder(tmp_path, header, engine.slots, [].append)
    time.sleep(0.1)
    log = np.zeros((2, 8), np.int64)
    log[:, 0], log[:, 3:6] = [0, 4800], [[0x90, 60, 80], [0x80, 60, 0]]
    taking.add_log(log)
    path = wait_until(lambda: next(iter(tmp_path.glob("*/input.mid")), None))
    assert notes(path) == {"input 0": [60]}
    taking.close()
    engine.close()


def test_what_is_loaded_into_a_slot_again_has_tracks_of_its_own(tmp_path):
    slots = [Slot(0, find_ensemble("bach-chorale"), None)]
    taking = recorder_module.Recorder(tmp_path, {"rate": 48000.0, "tempo": 80.0}, slots, [].append)
    for second, name in enumerate(("bach-chorale", "string-quartet")):
        slots[0] = Slot(0, find_ensemble(name), None)
        log = np.zeros((2, 8), np.int64)
        log[:, LOG_KIND], log[:, LOG_FRAME] = Log.OUTPUT, [48000 * second, 48000 * second + 4800]
        log[:, LOG_STATUS : LOG_STATUS + 3] = [[0x90, 60 + second, 80], [0x80, 60 + second, 0]]
        taking.add_log(log)
    taking.close()
    (parts,) = tmp_path.glob("*/parts.mid")
    assert notes(parts) == {"Soprano": [60], "Violin I": [61]}


def test_the_end_of_a_recording_is_told_once(tmp_path):
    said = []
    header = {"rate": 48000.0, "tempo": 80.0}
    taking = recorder_module.Recorder(tmp_path, header, [], said.append)
    for reason in ("disk\nfull", "disk gone"):
        taking._end(OSError(reason))
    taking.close()
    assert said == ["recording ended: disk full; what was written is kept, playing goes on"]


def test_two_takes_of_one_second_have_a_folder_each(tmp_path):
    folders = [new_folder(tmp_path) for _ in range(4)]
    assert len(set(folders)) == 4
    assert all(folder.is_dir() for folder in folders)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not an event log"),
        ('{"concertino": 99}\n', "not an event log of this version"),
        ("nothing\n", "line 1 is not JSON"),
    ],
)
def test_what_is_no_event_log_is_refused_by_name(tmp_path, text, says):
    path = tmp_path / "events.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=says) as refused:
        read_take(path)
    assert str(path) in str(refused.value)


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path):
    path = tmp_path / "events.jsonl"
    lines = [{"concertino": 1}, {"frame": 7, "port": 0, "message": [144, 60, 80]}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"frame": 9, "po')
    assert read_take(path).events[:, :5].tolist() == [[7, 0, 144, 60, 80]]


def test_a_folder_that_cant_be_made_is_refused_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        recorder_module.Recorder(tmp_path / "file" / "takes", {"rate": 48000, "tempo": 80}, [], [].append)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
