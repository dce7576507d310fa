import subprocess
import sys
import wave

import numpy as np
import pytest
import soundfile

from realtime.host import sound_file
from realtime.host.sound_file import SoundFile
from tests.live import ROOT

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (4096, 2)).astype(np.float32)


@pytest.mark.parametrize(("subtype", "step"), [("24", 2**-23), ("float", 0)])
def test_sound_comes_back_as_it_was(tmp_path, subtype, step):
    file = SoundFile(tmp_path / "a.wav", 48000, subtype)
    file.write(NOISE)
    file.write(-NOISE)
    file.close()
    sound, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate == 48000
    assert np.abs(sound - np.concatenate([NOISE, -NOISE])).max() <= step


def test_the_file_is_whole_at_every_moment(tmp_path):
    file = SoundFile(tmp_path / "a.wav", 48000)
    for count in (1, 2, 3):
        file.write(NOISE)
        with wave.open(str(tmp_path / "a.wav")) as read:  # another library than the one that writes
            assert read.getnframes() == count * len(NOISE)
    file.close()


def test_a_folder_that_is_not_there_is_said_in_a_sentence(tmp_path):
    path = tmp_path / "absent" / "a.wav"
    with pytest.raises(OSError, match=r"absent/a\.wav can't be written: No such file or directory$"):
        SoundFile(path, 48000)


def test_a_file_as_long_as_wav_can_be_ends_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sound_file, "MAX_BYTES", 30_000)
    file = SoundFile(tmp_path / "a.wav", 48000)
    file.write(NOISE)
    with pytest.raises(OSError, match="no more than 4 GB"):
        file.write(NOISE)
    file.close()
    assert soundfile.info(tmp_path / "a.wav").frames == len(NOISE)


FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from realtime.host.sound_file import SoundFile
from tests.live import ROOT
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
file = SoundFile(Path(sys.argv[1]), 48000, sys.argv[2])
block = np.full((4096, 2), 0.25, np.float32)
try:
    while True:
        file.write(block)
except OSError as error:
    print(error)
file.close()
"""


@pytest.mark.parametrize("subtype", ["24", "float"])
def test_where_no_more_can_be_written_the_file_so_far_is_whole(tmp_path, subtype):
    path = tmp_path / "a.wav"
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(path), subtype], capture_output=True, text=True, cwd=ROOT
    )
    assert said.stdout == f"{path}: File too large\n"
    assert said.stderr == ""
    sound, _ = soundfile.read(path, dtype="float32")
    assert len(sound) > 100_000 // 8 - 4096
    assert (sound == 0.25).all()


def test_a_discarded_file_leaves_nothing(tmp_path):
    SoundFile(tmp_path / "a.wav", 48000).discard()
    assert list(tmp_path.iterdir()) == []
