"""A separator stepped over scores as a host would step it, and the paper's metric of what it decides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from offline.score import Piece
from realtime.contract.features import MAX_BEAT, NO_PITCH
from realtime.contract.manifest import Manifest
from realtime.contract.plugin import Plugin
from realtime.contract.stepper import Stepper

VELOCITY = 64
"""A score says nothing of velocity."""

Step = Callable[[Mapping[str, int | Sequence[int]]], np.ndarray]


@dataclass(frozen=True)
class Result:
    """How a separator did on some pieces."""

    accuracy: float
    """Share of all notes of all pieces that went to their part (Dong et al., ISMIR 2021, section 5)."""
    balanced_accuracy: float
    """Mean over the parts of the share of the part's notes that went to it."""
    notes: int
    pieces: int
    part_accuracy: dict[str, float]


def play_piece(step: Step, piece: Piece, parts: int) -> np.ndarray:
    """Give ``step`` the notes of ``piece`` one by one; return its scores, float32 (notes, parts).

    The notes of one onset are one chord, low to high. What depends on the past (``last_pitch``,
    ``chord_last_pitch``, ``sounding``) follows the separator's own decisions, the highest score deciding;
    durations tell only what is still held.
    """
    scores = np.empty((len(piece), parts), np.float32)
    last = [NO_PITCH] * parts
    held: list[list[int]] = [[] for _ in range(parts)]  # ends of the notes of each part
    for first, end in piece.chords():
        onset = int(piece.onset[first])
        before = tuple(last)
        held = [[e for e in ends if e > onset] for ends in held]
        for note in range(first, end):
            pitch = int(piece.pitch[note])
            scores[note] = step(
                {
                    "pitch": pitch,
                    "velocity": VELOCITY,
                    "position": int(piece.position[note]),
                    "beat": min(int(piece.beat[note]), MAX_BEAT),
                    "tick": onset,
                    "chord_index": note - first,
                    "last_pitch": tuple(last),
                    "chord_last_pitch": before,
                    "sounding": tuple(map(len, held)),
                }
            )
            part = int(scores[note].argmax())
            last[part] = pitch
            held[part].append(onset + int(piece.duration[note]))
    return scores


def label_order(manifest: Manifest, names: Sequence[str]) -> list[int]:
    """Return, for each part of the separator, the index of the corpus's part that it stands for.

    Parts are matched by name where the names are the same, else by their order.

    Raises:
        ValueError: the separator has another number of parts than the corpus.
    """
    own = [part.casefold() for part in manifest.parts] or list(names)
    if len(own) != len(names):
        raise ValueError(
            f"separator {manifest.name} has {len(own)} parts and the corpus {len(names)} "
            f"({', '.join(names)}): evaluate it on a corpus of its own parts"
        )
    return [names.index(part) for part in own] if sorted(own) == sorted(names) else list(range(len(names)))


def evaluate(plugin: Plugin, pieces: Iterable[Piece], names: Sequence[str]) -> Result:
    """Step ``plugin`` over every piece, each from a fresh state, and measure it.

    ``names`` are the corpus's parts in the order of its labels.

    Raises:
        ValueError: the separator does not have the corpus's parts.
        PluginError: the graph fails.
    """
    order = np.array(label_order(plugin.manifest, names))
    stepper = Stepper(plugin, len(names))
    decided, true, count = [], [], 0
    for piece in pieces:
        stepper.reset()
        decided.append(order[play_piece(stepper.step, piece, len(names)).argmax(1)])
        true.append(piece.part)
        count += 1
    return measure_labels(np.concatenate(decided), np.concatenate(true), names, count)


def measure_labels(decided: np.ndarray, true: np.ndarray, names: Sequence[str], pieces: int) -> Result:
    """Return the metric of int labels of shape (notes,), pooled over all notes.

    A part without notes is left out.
    """
    right = decided == true
    recall = {name: float(right[true == i].mean()) for i, name in enumerate(names) if (true == i).any()}
    return Result(float(right.mean()), float(np.mean(list(recall.values()))), len(true), pieces, recall)
