"""Corpora of a few files that the tests make, and the real ones where they are."""

import json
import os
from pathlib import Path

import mido
import numpy as np
import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own; the chorales stay in the user's."""
    from offline.corpora import load

    folder = tmp_path / "cache" / "corpora"
    monkeypatch.setattr(load, "cache_folder", lambda: folder)
    return folder


@pytest.fixture(scope="session")
def real_data():
    """The folder that holds the real sources."""
    told = os.environ.get("CONCERTINO_DATA")
    folder = Path(told) if told else SHARED
    if not (folder / "openscore-string-quartets").is_dir():
        pytest.skip("the corpora are not here: concertino data get, or the variable CONCERTINO_DATA")
    return folder


def tune(seed: int, notes: int = 40, low: int = 60) -> list[tuple[int, int, int]]:
    """Onset, pitch and duration in quarters of a tune that never comes twice."""
    draws = np.random.default_rng(seed)
    return [(place, int(draws.integers(low, low + 12)), 1) for place in range(notes)]


def write_midi(path: Path, tracks, resolution: int = 480, bpm: float = 120.0) -> Path:
    """Write (name, program, channel, notes) tracks; notes are (onset, pitch, duration) in quarters."""
    conductor = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))])
    file = mido.MidiFile(type=1, ticks_per_beat=resolution, charset="utf-8", tracks=[conductor])
    for name, program, channel, notes in tracks:
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        track.append(mido.Message("program_change", channel=channel, program=program))
        events = [(round(on * resolution), 1, pitch) for on, pitch, _ in notes]
        events += [(round((on + length) * resolution), 0, pitch) for on, pitch, length in notes]
        at = 0
        for tick, begins, pitch in sorted(events):
            kind = "note_on" if begins else "note_off"
            track.append(mido.Message(kind, channel=channel, note=pitch, velocity=64, time=tick - at))
            at = tick
        file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)
    return path


QUARTET = (("Violino I", 40, 76), ("Violino II", 40, 69), ("Viola", 41, 60), ("Violoncello", 42, 48))


def write_quartet(path: Path, seed: int, names=QUARTET) -> Path:
    return write_midi(
        path,
        [
            (name, program, place, tune(4 * seed + place, low=low))
            for place, (name, program, low) in enumerate(names)
        ],
    )


def write_index(folder: Path, **facts: dict) -> None:
    """Write an index that tells ``facts`` of the files of these names."""
    entries = [{"file": name} | told for name, told in facts.items()]
    (folder / "index.json").write_text(json.dumps(entries), "utf-8")


@pytest.fixture
def quartets(tmp_path):
    """The sources of the corpus of quartets: three of OpenScore; one free, one share-alike of Mutopia."""
    data = tmp_path / "data"
    for seed in range(3):
        write_quartet(data / "openscore-string-quartets" / "train" / f"quartet-{seed}.mid", seed)
    mutopia = data / "mutopia-ensembles"
    write_quartet(mutopia / "test" / "free.mid", 3)
    write_quartet(mutopia / "train" / "shared-alike.mid", 4)
    write_midi(mutopia / "train" / "duo.mid", [("Violin", 40, 0, tune(90)), ("Cello", 42, 1, tune(91))])
    entries = {
        "test/free.mid": {"licence": "Public Domain", "work": "ftp/A/O1/one/one.ly"},
        "train/shared-alike.mid": {"licence": "Creative Commons Attribution-ShareAlike 3.0"},
    }
    write_index(mutopia, **entries)
    return data
