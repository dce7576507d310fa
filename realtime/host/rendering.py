"""Rendering a MIDI file: the engine that plays live, without a device, faster than real time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.drivers.offline import OfflineDriver
from realtime.engine.codes import (
    LOG,
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_DATA2,
    LOG_FRAME,
    LOG_KIND,
    LOG_VALUE,
    PARTS,
    Log,
)
from realtime.ensembles.schema import Ensemble
from realtime.host.engine import Engine
from realtime.host.job import FROM_FILE
from realtime.host.link import Link
from realtime.host.player import performance_events
from realtime.host.sound_file import SoundFile
from realtime.host.tracks import part_tracks
from realtime.music.smf import Performance
from realtime.music.smf_write import write_parts
from realtime.music.tempo import TempoMap

RESOLUTION = 24
QUIET = 1e-4
"""Peak (-80 dB) below which a tail has rung out."""
LONGEST_TAIL_SECONDS = 8.0
DRAIN_PERIODS = 64
FULL_LOG = LOG // 2


@dataclass(frozen=True)
class Rendering:
    """What came out."""

    seconds: float
    took: float
    """Seconds that rendering took, without loading."""
    notes: list[dict[str, Any]]
    """Of each note-on in time order: seconds, pitch, part, confidence, by_rule."""
    counters: dict[str, int]
    separator: str | None = None
    """Who decided; None: the rule."""


def render(
    engine: Engine,
    ensemble: Ensemble,
    performance: Performance,
    sound_path: Path | None,
    midi_path: Path | None = None,
    tempo: str = FROM_FILE,
    period: int = 128,
    subtype: str = "24",
    events: np.ndarray | None = None,
) -> Rendering:
    """Render ``performance`` with a freshly made engine.

    Args:
        engine: loaded with ``ensemble`` in its first slot.
        ensemble: what plays.
        performance: what is played.
        sound_path: WAV file to write; None: only decisions and MIDI.
        midi_path: MIDI file of the parts to write.
        tempo: ``file``: the beat comes from the file's tempo map; else BPM, as a live clock would give it.
        period: frames a period: the notes of one period are decided together.
        subtype: ``24`` or ``float``, for the WAV file.
        events: what is played in place of the performance's own messages, as from ``performance_events``.

    Raises:
        OSError: a file can't be written.
        ValueError: a wrong tempo.
    """
    from_file = tempo == FROM_FILE
    if not from_file:
        engine.set_tempo(float(tempo))
    if events is None:
        events = performance_events(performance, engine.rate, RESOLUTION if from_file else None)
    frames = int(performance.seconds * engine.rate) + 1
    driver = OfflineDriver(engine, period)
    logs: list[np.ndarray] = []
    began = time.perf_counter()
    sound = SoundFile(sound_path, engine.rate, subtype) if sound_path else None
    try:
        for batch in batched(with_tail(driver, events, frames), DRAIN_PERIODS, engine.link):
            if sound:
                sound.write(np.concatenate(batch, axis=1).T)
            logs.append(engine.link.read_log())
        if sound:
            sound.close()
    except BaseException:
        if sound:
            sound.discard()
        raise
    took = time.perf_counter() - began
    logs.append(engine.link.read_log())
    log = np.concatenate(logs)
    if midi_path:
        bpm: TempoMap | float = performance.tempo if from_file else float(tempo)
        write_parts(midi_path, part_tracks(log, engine.slots, engine.rate), bpm)
    seconds = float(engine.state["frame"]) / engine.rate
    return Rendering(seconds, took, decisions(log, ensemble, engine.rate), engine.counters())


def with_tail(driver: OfflineDriver, events: np.ndarray, frames: int) -> Iterator[np.ndarray]:
    """Yield the sound of the events, and of what still rings after them."""
    yield from driver.play(events, frames)
    nothing = np.zeros((0, events.shape[1]), np.int64)
    quiet_for = 0.0
    for _ in range(int(LONGEST_TAIL_SECONDS * driver.engine.rate / driver.period)):
        block = driver.step(nothing)
        quiet_for = quiet_for + driver.period / driver.engine.rate if np.abs(block).max() < QUIET else 0.0
        yield block
        if quiet_for > 0.2:
            return


def batched(blocks: Iterator[np.ndarray], count: int, link: Link) -> Iterator[list[np.ndarray]]:
    """Yield copies of up to ``count`` blocks at a time, for the driver reuses its buffer.

    There are fewer where so much happens in them that the log, read between the batches, would overflow.
    """
    batch: list[np.ndarray] = []
    for block in blocks:
        batch.append(block.copy())
        if len(batch) == count or link.unread() > FULL_LOG:
            yield batch
            batch = []
    if batch:
        yield batch


def decisions(log: np.ndarray, ensemble: Ensemble, rate: float) -> list[dict[str, Any]]:
    """Return each note's part and confidence, in the order in which they were decided."""
    return [
        {
            "seconds": round(int(row[LOG_FRAME]) / rate, 6),
            "pitch": int(row[LOG_DATA1]),
            "part": ensemble.parts[int(row[LOG_CHANNEL]) % PARTS].name,
            "confidence": int(row[LOG_VALUE]) / 1e6,
            "by_rule": bool(row[LOG_DATA2]),
        }
        for row in log[log[:, LOG_KIND] == Log.DECISION]
    ]
