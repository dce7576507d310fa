import shutil
from pathlib import Path

import pytest

from bench.soundfont import bench_soundfont
from bench.sounds import ENSEMBLES, HeldSound, OnsetSound, find_held_sound, find_onset_sound, write_ensembles
from realtime.ensembles.parse import load_ensemble


@pytest.fixture(scope="module")
def soundfont() -> Path:
    return bench_soundfont(None)


def test_the_ensembles_own_sounds_can_be_measured(soundfont):
    onset, held = find_onset_sound(soundfont, 48000), find_held_sound(soundfont, 48000)
    assert onset.program == load_ensemble(ENSEMBLES / "bench.toml").parts[0].program
    assert held.program == load_ensemble(ENSEMBLES / "held.toml").parts[0].program
    assert onset.attack[1] < 12
    assert held.voices == 1


def test_the_separator_is_asked_for_four_parts():
    assert len(load_ensemble(ENSEMBLES / "bench.toml").parts) == 4


def test_other_sounds_are_written_into_the_ensembles_that_the_host_finds(tmp_path):
    environment = write_ensembles(tmp_path, OnsetSound(3, (1, 2), 5.0), HeldSound(19, 2))
    assert list(environment.values()) == [str(tmp_path)]
    assert {part.program for part in load_ensemble(tmp_path / "bench.toml").parts} == {3}
    assert load_ensemble(tmp_path / "held.toml").parts[0].program == 19


def test_a_cut_soundfont_is_refused_by_name(soundfont, tmp_path):
    cut = tmp_path / "cut.sf2"
    shutil.copy(soundfont, cut)
    with cut.open("r+b") as file:
        file.truncate(100_000)
    with pytest.raises(ValueError, match=r"cut\.sf2"):
        bench_soundfont(cut)
