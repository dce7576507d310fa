"""What a host tells a sequence separator of a piece: its notes in order, and every feature of each."""

import numpy as np

from realtime.contract.features import MAX_BEAT

VELOCITY, QUARTER_MS = 64, 500.0
"""Where a score has neither velocities nor times: a middle velocity, and 500 ms to the quarter note."""


def sequence_order(tick: np.ndarray, pitch: np.ndarray, duration: np.ndarray) -> np.ndarray:
    """Return the places of the notes in the order in which a sequence separator takes them, shape (notes,).

    Sorted by onset, pitch and duration; what is equal in all three stays as it was (Dong et al., ISMIR 2021).
    """
    return np.lexsort((duration, pitch, tick))


def sequence_features(
    tick: np.ndarray,
    pitch: np.ndarray,
    duration: np.ndarray,
    *,
    velocity: np.ndarray | None = None,
    start_ms: np.ndarray | None = None,
    duration_ms: np.ndarray | None = None,
    resolution: int = 24,
) -> dict[str, np.ndarray]:
    """Return every feature of ``SEQUENCE_FEATURES`` for the notes of a piece, each int64 of shape (notes,).

    Args:
        tick: onsets in ticks, int64, shape (notes,); the notes are sorted, as by ``sequence_order``.
        pitch: MIDI key numbers.
        duration: in ticks, at least 1.
        velocity: 1 to 127; None: all are middling.
        start_ms: onsets in milliseconds; None: as the ticks say at 120 BPM.
        duration_ms: None: as the ticks say at 120 BPM.
        resolution: ticks per quarter note.

    Raises:
        ValueError: the notes are not sorted.
    """
    tick, pitch, duration = (np.asarray(column, np.int64) for column in (tick, pitch, duration))
    if (np.diff(sequence_order(tick, pitch, duration)) != 1).any():
        raise ValueError("the notes are not sorted by onset, pitch and duration: sort them first")
    first = np.flatnonzero(np.diff(tick, prepend=tick[:1] - 1))
    size = np.diff(first, append=len(tick))
    to_ms = QUARTER_MS / resolution
    given = {
        "velocity": np.full(len(tick), VELOCITY) if velocity is None else velocity,
        "start_ms": tick * to_ms if start_ms is None else start_ms,
        "duration_ms": duration * to_ms if duration_ms is None else duration_ms,
    }
    return {
        "pitch": pitch,
        "position": tick % resolution,
        "beat": np.minimum(tick // resolution, MAX_BEAT),
        "tick": tick,
        "duration": duration,
        "chord_index": np.arange(len(tick)) - np.repeat(first, size),
        "chord_size": np.repeat(size, size),
        **{name: np.rint(values).astype(np.int64) for name, values in given.items()},
    }
