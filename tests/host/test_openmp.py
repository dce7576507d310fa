"""FluidSynth's effects on the calling thread alone: the same sound, without OpenMP's teams."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pretty_midi
import pytest

from realtime.host.openmp import data_pages, play_alone

SOUNDFONT = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"
PLAY = """
import hashlib, sys
import realtime.host.synth as module
if sys.argv[2] == "untouched":
    module.play_alone = lambda library: False
from pathlib import Path
synth = module.Synth(Path(sys.argv[1]), 48000)
synth.player.program_select(0, synth.font, 0, 48)
synth.player.cc(0, 91, 100)
synth.player.cc(0, 93, 100)
for key in (48, 55, 64):
    synth.player.noteon(0, key, 100)
sound = synth.render(48000)
assert abs(sound).max() > 0.01
print(synth.allocates, hashlib.sha256(sound.tobytes()).hexdigest())
"""


def play(how: str) -> list[str]:
    command = [sys.executable, "-c", PLAY, str(SOUNDFONT), how]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the library is changed on Linux only")
def test_effects_sound_the_same_to_the_bit_without_openmp():
    allocates, sound = play("alone")
    assert allocates == "False"
    assert play("untouched") == ["True", sound]


def test_a_library_without_openmp_needs_nothing():
    assert play_alone(ctypes.CDLL("libm.so.6" if sys.platform.startswith("linux") else None))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_code_is_no_data_of_a_library():
    library = ctypes.CDLL("libm.so.6")
    code = ctypes.cast(library.sin, ctypes.c_void_p).value or 0
    pages = list(data_pages("libm.so.6"))
    assert pages
    assert not any(begin <= code < end for begin, end, _ in pages)
