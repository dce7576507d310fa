"""Tracks of a take: the programs of parts that share a channel."""

from types import SimpleNamespace

import mido
import numpy as np

from realtime.engine.codes import PARTS, Log
from realtime.ensembles.schema import Ensemble, Part
from realtime.host.tracks import part_tracks
from realtime.music.smf_write import write_parts

RATE = 1000


def slot(*parts):
    return SimpleNamespace(ensemble=Ensemble(name="made", title="Made", separator="zone", parts=parts))


def entry(frame, channel, status, data1, data2=0):
    return [frame, int(Log.OUTPUT), 0, status, data1, data2, channel, 0]


def note(frame, channel, pitch):
    return [entry(frame, channel, 0x90, pitch, 80), entry(frame + 100, channel, 0x80, pitch)]


def selected(frame, channel, program):
    return [
        entry(frame, channel, 0xB0, 0),
        entry(frame, channel, 0xB0, 32),
        entry(frame, channel, 0xC0, program),
    ]


def played(path):
    """Return the program that each note of a file is played with, as a synth would."""
    program, found = [0] * 16, []
    for message in mido.MidiFile(path):
        if message.type == "program_change":
            program[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            found.append((message.note, program[message.channel]))
    return found


def test_ensembles_that_follow_each_other_on_one_channel_have_their_own_programs(tmp_path):
    slots = [slot(Part(name="Flute", program=73, channel=1)), slot(Part(name="Organ", program=19, channel=1))]
    first, second = 0, PARTS
    log = np.array(
        [
            *note(0, first, 60),
            *selected(500, second, 19),
            *note(600, second, 61),
            *selected(1000, first, 73),
            *note(1100, first, 62),
        ]
    )
    tracks = part_tracks(log, slots, RATE)
    write_parts(tmp_path / "parts.mid", tracks, 120)
    assert [track.name for track in tracks] == ["Flute", "Organ"]
    assert played(tmp_path / "parts.mid") == [(60, 73), (61, 19), (62, 73)]


def test_a_part_that_has_its_channel_to_itself_is_told_its_program_once(tmp_path):
    slots = [slot(Part(name="Flute", program=73, channel=1), Part(name="Organ", program=19, channel=2))]
    log = np.array([*selected(0, 0, 73), *selected(0, 1, 19), *note(10, 0, 60), *note(10, 1, 48)])
    tracks = part_tracks(log, slots, RATE)
    for track in tracks:
        assert set(track.events["status"] & 0xF0) == {0x90, 0x80}
    write_parts(tmp_path / "parts.mid", tracks, 120)
    assert sorted(played(tmp_path / "parts.mid")) == [(48, 19), (60, 73)]
