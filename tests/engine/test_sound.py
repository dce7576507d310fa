"""What is heard: events at their own place, panic, volume, bend, and the same bytes every time."""

import ctypes

import numpy as np
import pytest

from realtime.engine.codes import Command
from realtime.host.libfluidsynth import fluidsynth
from tests.engine.playing import RATE, Playing, command, control, ensemble, event, off, on

BLOCK = 64
"""Frames of FluidSynth's blocks: a voice begins with the next one."""
DRY = {"reverb": 0, "chorus": 0}
WET = {"reverb": 100, "program": 48}
SILENCE = 1e-6


@pytest.fixture
def make(soundfont):
    made: list[Playing] = []

    def start(*parts, period: int = 512, **more) -> Playing:
        playing = Playing(ensemble(*(parts or (DRY,)), **more), period=period, soundfont=soundfont)
        made.append(playing)
        return playing

    yield start
    for playing in made:
        playing.engine.close()


def loudness(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def onset(sound: np.ndarray) -> int:
    return int(np.argmax(np.abs(sound).max(axis=0) > SILENCE))


def pitch(sound: np.ndarray) -> float:
    """Return the strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(sound[0] * np.hanning(sound.shape[1]), 4 * sound.shape[1]))
    return float(np.argmax(spectrum) * RATE / (4 * sound.shape[1]))


@pytest.mark.parametrize("offset", [1, 63, 64, 65, 127, 200, 448, 511])
def test_a_note_sounds_as_much_later_as_it_is_played(make, offset):
    at_once, later = make(), make()
    first = np.concatenate([at_once.step(on(0, 60)), at_once.rest(4)], axis=1)
    second = np.concatenate([later.step(on(offset, 60)), later.rest(4)], axis=1)
    shift = offset // BLOCK * BLOCK
    assert 0 <= onset(first) < BLOCK
    assert onset(second) == onset(first) + shift
    np.testing.assert_allclose(second[:, shift:], first[:, : first.shape[1] - shift], atol=SILENCE)


def test_the_time_from_key_to_sound_is_told_as_it_is(make):
    playing = make(period=100)
    playing.rest(1)
    playing.step(on(20, 60))  # frame 120: its block began at 64, before the period; the next one is at 128
    assert playing.engine.latency()["key_to_sound"]["max"] == pytest.approx(8 / RATE * 1e6, abs=0.1)


def test_a_note_that_is_let_go_fades(make):
    playing = make({**DRY, "program": 73})
    playing.step(on(0, 72))
    held = loudness(playing.rest(20))
    playing.step(off(0, 72))
    playing.rest(100)
    assert loudness(playing.rest(20)) < held / 100


def test_periods_of_whole_synth_blocks_give_the_same_sound(make):
    events = [(on if i % 2 == 0 else off)(97 * i, 60 + i // 4) for i in range(80)]
    sounds = [make(period=period).play(events, 10_000)[:, :10_000] for period in (64, 128, 256, 1024)]
    assert loudness(sounds[0]) > 0.001
    for sound in sounds[1:]:
        np.testing.assert_array_equal(sound, sounds[0])


def test_the_same_playing_gives_the_same_bytes(soundfont):
    rng = np.random.default_rng(8)
    events = [on(int(f), int(k), int(v)) for f, k, v in zip(*rng.integers(40, 90, (3, 200)), strict=True)]
    events = [(61 * i, *row[1:]) for i, row in enumerate(events)]
    events += [
        control(12_300, 64, 127),
        event(12_400, 0xC0, 1),
        on(12_500, 60),
        command(12_900, Command.PANIC),
    ]
    events += [on(13_000, 64)]
    heard = []
    for _ in range(2):
        playing = Playing(
            ensemble(4, separator="bach-lstm", program=0, **{"tempo": 90.0}),
            ensemble(WET, {**WET, "chorus": 90}, separator="closest", name="wet", program=1),
            soundfont=soundfont,
        )
        sound = playing.play(events, 20_000)
        heard.append((sound.tobytes(), playing.decided(), playing.sent()))
        playing.engine.close()
    assert heard[0] == heard[1]
    assert len(heard[0][1]) == 202


def test_panic_is_silent_within_three_milliseconds_and_leaves_no_reverb(make):
    playing = make(WET, period=2048)
    playing.step(*(on(0, key) for key in (48, 55, 60, 64)))
    playing.rest(10)
    sound = playing.step(command(300, Command.PANIC))
    assert loudness(sound[:, :300]) > 0.001
    np.testing.assert_array_equal(sound[:, 300 + RATE * 3 // 1000 :], 0)
    np.testing.assert_array_equal(playing.rest(5), 0)


def test_the_note_after_a_panic_sounds(make):
    playing = make(period=2048)
    playing.step(on(0, 60))
    sound = playing.step(command(100, Command.PANIC), on(1000, 64))
    block = 1000 // BLOCK * BLOCK
    np.testing.assert_array_equal(sound[:, 300:block], 0)
    assert loudness(sound[:, block:]) > 0.001


def voices(playing: Playing) -> int:
    """Return how many voices FluidSynth has in use, those that fade included."""
    synth = ctypes.c_void_p(playing.engine.synths[0].player.synth)
    return fluidsynth._fl.fluid_synth_get_active_voice_count(synth)


@pytest.mark.parametrize("next_notes", [[], [on(10, 60)]], ids=["silence", "a note at once"])
def test_panic_stops_what_would_ring_on(make, next_notes):
    pad = {**DRY, "program": 89}  # a long release
    playing, fresh = make(pad), make(pad)
    playing.step(*(on(0, key) for key in (40, 47, 52, 56)), *(off(9, key) for key in (40, 47)))
    assert voices(playing) >= 4
    playing.step(command(0, Command.PANIC), *next_notes)
    playing.rest(10)
    fresh.step(*next_notes)
    assert voices(playing) == voices(fresh)


def test_panic_makes_no_click(make):
    playing = make({**DRY, "program": 73}, period=2048)
    playing.step(on(0, 60, 127))
    before = playing.rest(8)
    after = playing.step(command(1000, Command.PANIC))
    steepest = np.abs(np.diff(before, axis=1)).max()
    assert np.abs(np.diff(after, axis=1)).max() < 1.5 * steepest


def test_each_part_plays_its_own_program_at_its_own_place(make):
    left, right = {**DRY, "pan": 0, "program": 73}, {**DRY, "pan": 127, "program": 73}
    playing = make({**left, "lowest": 60}, {**right, "highest": 59})
    high = np.concatenate([playing.step(on(0, 72)), playing.rest(10)], axis=1)
    assert loudness(high[0]) > 10 * loudness(high[1])
    playing.step(off(0, 72))
    playing.rest(300)
    low = np.concatenate([playing.step(on(0, 48)), playing.rest(10)], axis=1)
    assert loudness(low[1]) > 10 * loudness(low[0])


def test_the_pitch_bend_of_the_keyboard_is_heard(make):
    playing = make({**DRY, "program": 73})
    playing.step(on(0, 69))
    playing.rest(20)
    straight = pitch(playing.rest(20))
    playing.step(event(0, 0xE0, 127, 127))
    playing.rest(4)
    bent = pitch(playing.rest(20))
    assert straight == pytest.approx(440, rel=0.01)
    assert bent / straight == pytest.approx(2 ** (2 / 12), rel=0.01)


def test_the_volume_of_the_keyboard_is_heard(make):
    levels = []
    for volume in (127, 64):
        playing = make({**DRY, "program": 73})
        playing.step(control(0, 7, volume), on(0, 69))
        levels.append(loudness(playing.rest(20)))
    # SoundFont 2.04, section 8.4.3: volume attenuates by 40 log10(127 / value) decibels.
    assert levels[1] / levels[0] == pytest.approx((64 / 127) ** 2, rel=0.1)


def test_the_tenth_part_is_no_drum_kit(make):
    # FluidSynth, as General MIDI, has drums on each tenth channel of 16 unless a preset is chosen by bank.
    others = [{"lowest": 127} for _ in range(9)]
    playing = make(*others, {**DRY, "program": 73})
    playing.step(on(0, 69))
    playing.rest(20)
    assert playing.decided()[0][1] == 9
    assert pitch(playing.rest(20)) == pytest.approx(440, rel=0.01)


def test_a_transposed_part_sounds_transposed(make):
    playing = make({**DRY, "program": 73, "transpose": 12})
    playing.step(on(0, 57))
    playing.rest(20)
    assert pitch(playing.rest(20)) == pytest.approx(440, rel=0.01)
