import numpy as np
import pytest

from bench.compiled.probe_callback import Probe, listen

PERIOD = 128
THRESHOLD = 1e-4


@pytest.fixture
def probe():
    memory = np.zeros(1, Probe)
    state = memory[0]
    state["threshold"], state["quiet"] = THRESHOLD, 240
    onsets = np.zeros(16, np.int64)
    state["onsets"], state["room"] = onsets.ctypes.data, len(onsets)
    return memory, onsets


def hear(probe, sound: np.ndarray, left: np.ndarray | None = None) -> list[int]:
    """Return the onsets in a mono sound, heard period by period."""
    memory, onsets = probe
    other = np.zeros_like(sound) if left is None else left
    for begin in range(0, len(sound), PERIOD):
        listen(memory[0], other[begin : begin + PERIOD], sound[begin : begin + PERIOD], PERIOD)
        memory[0]["now"] += PERIOD
    return onsets[: int(memory[0]["heard"])].tolist()


def tone(frames: int) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * 440 * np.arange(1, frames + 1) / 48000)).astype(np.float32)


def test_an_onset_is_heard_at_its_very_frame(probe):
    sound = np.zeros(PERIOD * 40, np.float32)
    for begin in (1000, 3333):
        sound[begin : begin + 800] = tone(800)
    assert hear(probe, sound) == [1000, 3333]


def test_one_note_is_one_onset_however_it_swings(probe):
    sound = np.zeros(PERIOD * 80, np.float32)
    sound[500:9000] = tone(8500)
    assert hear(probe, sound) == [500]


def test_a_sound_is_not_heard_before_there_was_silence(probe):
    sound = np.zeros(PERIOD * 20, np.float32)
    sound[:500] = tone(500)
    sound[600:900] = tone(300)  # 100 frames of silence are too few
    assert hear(probe, sound) == []


def test_what_stays_below_the_threshold_is_silence(probe):
    sound = np.full(PERIOD * 20, 0.9 * THRESHOLD, np.float32)
    sound[1500:1600] = tone(100)
    assert hear(probe, sound) == [1500]


def test_held_voices_on_the_left_are_seen_and_not_heard(probe):
    sound = np.zeros(PERIOD * 20, np.float32)
    sound[1500:1600] = tone(100)
    assert hear(probe, sound, left=np.full_like(sound, 0.25)) == [1500]
    assert probe[0][0]["peak"][0] == 0.25


def test_onsets_beyond_the_memory_are_left_out(probe):
    sound = np.zeros(PERIOD * 200, np.float32)
    sound[::1000] = 0.5
    assert len(hear(probe, sound)) == 16
