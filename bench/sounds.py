"""Which sounds of a SoundFont can be measured: found by playing them, not by their names.

An onset can be told to the frame where a sound begins at once, ends at once, and leaves nothing behind in a
reverb that the SoundFont itself asks for.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import fluidsynth
import numpy as np

from bench.performance import HIGHEST, LOWEST
from realtime.ensembles.library import VARIABLE
from realtime.ensembles.parse import load_ensemble
from realtime.ensembles.schema import Ensemble
from realtime.host.synth import Synth

ENSEMBLES = Path(__file__).parent / "ensembles"
THRESHOLD = 1e-4
"""Level from which a sound is heard: 80 dB below full scale, 60 dB below the notes."""
PROGRAMS = 128
MOST_ATTACK, MOST_TAIL_MS = 12, 20.0
"""Frames from the block's start to the threshold; ms from the note-off back below it."""
LEAST_PEAK = 0.02
SILENCE_FRAMES = 24_000
HELD_SECONDS = 10


class OnsetSound(NamedTuple):
    """A program whose onsets are sure."""

    program: int
    attack: tuple[int, int]
    """Frames from the start of FluidSynth's block to the first one heard, shortest and longest over keys."""
    tail_ms: float
    """Longest time from a note-off to silence."""


class HeldSound(NamedTuple):
    """A program that sounds for as long as a key is held, and on one side only."""

    program: int
    voices: int
    """FluidSynth voices of one key."""


def write_ensembles(folder: Path, onset: OnsetSound, held: HeldSound | None) -> dict[str, str]:
    """Write the benchmark's ensembles with these programs; return the environment in which they are found."""
    for name, sound in (("bench", onset), ("held", held)):
        path = ENSEMBLES / f"{name}.toml"
        text = path.read_text("utf-8")
        if sound:
            part = f"program = {load_ensemble(path).parts[0].program}"
            text = text.replace(part, f"program = {sound.program}")
        (folder / path.name).write_text(text, "utf-8")
    return {VARIABLE: str(folder)}


class _Bench:
    """A synth with one part on its first channel, rendered here."""

    def __init__(self, soundfont: Path, rate: float, ensemble: Ensemble) -> None:
        self.rate = rate
        self.synth = Synth(soundfont, rate)
        self.synth.prepare(0, ensemble)

    def select(self, program: int) -> bool:
        """Choose a program; return whether the SoundFont has it."""
        return self.synth.player.program_select(0, self.synth.font, 0, program) == 0

    def voices(self) -> int:
        """Return how many voices sound."""
        count = fluidsynth._fl.fluid_synth_get_active_voice_count
        return int(count(ctypes.c_void_p(self.synth.player.synth)))


def find_onset_sound(soundfont: Path, rate: float) -> OnsetSound:
    """Return a program whose onsets are sure: the one of ``ensembles/bench.toml``, else the first there is.

    Raises:
        ValueError: the SoundFont has none.
    """
    ensemble = load_ensemble(ENSEMBLES / "bench.toml")
    for program in [ensemble.parts[0].program, *range(PROGRAMS)]:
        bench = _Bench(soundfont, rate, ensemble)
        try:
            sound = _onset_sound(bench, program)
        finally:
            bench.synth.close()
        if sound:
            return sound
    raise ValueError(f"{soundfont}: no sound in it begins and ends at once; leave --soundfont away")


def _onset_sound(bench: _Bench, program: int) -> OnsetSound | None:
    if not bench.select(program):
        return None
    attacks, tail_ms = [], 0.0
    for key in range(LOWEST, HIGHEST + 1, 4):
        bench.synth.player.noteon(0, key, 90)
        begun = np.abs(bench.synth.render(32 * 64)[1])
        bench.synth.player.noteoff(0, key)
        ended = np.abs(bench.synth.render(SILENCE_FRAMES)[1])
        if begun.max() < LEAST_PEAK:
            return None
        attacks.append(int(np.argmax(begun >= THRESHOLD)))
        tail = int(np.flatnonzero(ended >= THRESHOLD).max(initial=-1)) + 1
        tail_ms = max(tail_ms, tail / bench.rate * 1000)
        if attacks[-1] > MOST_ATTACK or tail_ms > MOST_TAIL_MS:
            return None
    return OnsetSound(program, (min(attacks), max(attacks)), round(tail_ms, 2))


def find_held_sound(
    soundfont: Path, rate: float, allowed: Callable[[int], bool] = lambda program: True
) -> HeldSound:
    """Return a program that can be held beside the notes: the one of ``ensembles/held.toml``, else the first.

    Args:
        soundfont: where it is looked for.
        rate: frames a second.
        allowed: whether a program may be taken.

    Raises:
        ValueError: the SoundFont has none.
    """
    ensemble = load_ensemble(ENSEMBLES / "held.toml")
    for program in filter(allowed, [ensemble.parts[0].program, *range(PROGRAMS)]):
        bench = _Bench(soundfont, rate, ensemble)
        try:
            if bench.select(program):
                bench.synth.player.noteon(0, LOWEST - 12, 90)
                bench.synth.render(64)
                voices = bench.voices()
                sound = np.abs(bench.synth.render(HELD_SECONDS * int(rate)))
                stays = bench.voices() == voices and sound[0, -int(rate) :].max() > THRESHOLD
                if voices and stays and sound[1].max() < THRESHOLD / 32:
                    return HeldSound(program, voices)
        finally:
            bench.synth.close()
    raise ValueError(f"{soundfont}: no sound in it lasts on one side alone; measure with --voices 0")
