"""FluidSynth: made and set up here, by pyfluidsynth; played by the audio thread alone, by address.

``synth.threadsafe-api`` is off: with it on, every call takes a lock. So once the audio thread plays a synth,
no other thread may call it. Programs are therefore chosen before that: what is loaded while playing gets a
synth of its own. Synths of one SoundFont share its samples.
"""

import ctypes
from pathlib import Path

import numpy as np

from realtime.engine.codes import CHANNELS
from realtime.engine.native import address_of
from realtime.ensembles.schema import Ensemble
from realtime.host.libfluidsynth import fluidsynth
from realtime.host.openmp import play_alone
from realtime.host.slots import CC_CHORUS, CC_PAN, CC_REVERB, CC_VOLUME, EVEN, Mix
from realtime.host.soundfont import SoundFontError

GAIN = 0.4
POLYPHONY = 256
BLOCK = 64
"""Frames that FluidSynth renders at a time: other numbers would move its blocks against our periods."""
FUNCTIONS = {
    "synth_noteon": "fluid_synth_noteon",
    "synth_noteoff": "fluid_synth_noteoff",
    "synth_cc": "fluid_synth_cc",
    "synth_bend": "fluid_synth_pitch_bend",
    "synth_pressure": "fluid_synth_channel_pressure",
    "synth_key_pressure": "fluid_synth_key_pressure",
    "synth_sounds_off": "fluid_synth_all_sounds_off",
    "synth_write": "fluid_synth_write_float",
}
"""Field of the engine's state: function of libfluidsynth."""
LOG_LEVELS = 5


class Synth:
    """A FluidSynth instance with one SoundFont.

    Args:
        soundfont: the SoundFont's file.
        rate: frames a second.
        channels: MIDI channels, a multiple of 16.

    Raises:
        SoundFontError: FluidSynth can't load the SoundFont.
    """

    def __init__(self, soundfont: Path, rate: float, channels: int = CHANNELS) -> None:
        self.soundfont = soundfont
        settings = {
            "synth.threadsafe-api": 0,
            "synth.cpu-cores": 1,
            "synth.polyphony": POLYPHONY,
            # Only the programs in use are read: a 30 MB SoundFont starts as quickly as a small one.
            "synth.dynamic-sample-loading": 1,
        }
        for level in range(LOG_LEVELS):  # a log line must never come from the audio thread
            fluidsynth._fl.fluid_set_log_function(level, None, None)
        self.player = fluidsynth.Synth(gain=GAIN, samplerate=round(rate), channels=channels, **settings)
        self.font = self.player.sfload(str(soundfont), update_midi_preset=0)
        if self.font < 0:
            self.player.delete()
            raise SoundFontError(f"{soundfont}: FluidSynth can't load it; choose another with --soundfont")
        self.render(BLOCK)  # where references are bound when first used, they are now
        self.allocates = not play_alone(fluidsynth._fl)
        """Whether rendering allocates memory (harmless, if not welcome)."""

    def attach(self, state: np.void, index: int) -> None:
        """Give the audio thread the synth, as number ``index``, and FluidSynth's functions."""
        library = fluidsynth._fl
        for field, name in FUNCTIONS.items():
            state[field] = address_of(getattr(library, name))
        state["synth_awake"][index] = state["synth_quiet"][index] = state["synth_frame"][index] = 0
        state["synth"][index] = self.player.synth

    def prepare(self, first: int, ensemble: Ensemble, mix: Mix = EVEN) -> list[str]:
        """Choose an ensemble's programs on channels from ``first`` on; tell which are missing."""
        missing = []
        for place, part in enumerate(ensemble.parts):
            channel = first + place
            if self.player.program_select(channel, self.font, part.bank, part.program) != 0:
                missing.append(
                    f"{ensemble.name}: the SoundFont has no program {part.program} in bank {part.bank} "
                    f"for {part.name}"
                )
                self.player.program_select(channel, self.font, 0, 0)
            for number, value in (
                (CC_VOLUME, 0 if mix.silences(place) else part.volume),
                (CC_PAN, part.pan),
                (CC_REVERB, part.reverb),
                (CC_CHORUS, part.chorus),
            ):
                self.player.cc(channel, number, value)
        return missing

    def render(self, frames: int) -> np.ndarray:
        """Return ``frames`` of sound (float32, shape (2, frames)) from this thread; only without a driver."""
        sound = np.zeros((2, frames), np.float32)
        write = fluidsynth._fl.fluid_synth_write_float
        left, right = (ctypes.c_void_p(row.ctypes.data) for row in sound)
        write(ctypes.c_void_p(self.player.synth), frames, left, 0, 1, right, 0, 1)
        return sound

    def close(self) -> None:
        """Free the synth; the audio thread must have stopped."""
        self.player.delete()
