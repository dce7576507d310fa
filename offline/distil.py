"""A separator of whole pieces teaches one that plays live: what it thinks of each note in training.

Not in Dong et al. (ISMIR 2021). The teacher hears durations and what comes next, so where it is in doubt the
notes do not tell. It labels each piece once, as it is written: what it thinks hardly depends on the key.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from offline.score import Piece
from offline.take import NOBODY, Take
from offline.weights import FOLDER, load_weights
from offline.whole.beam import search
from offline.whole.model import Decider
from offline.whole.plugin import build_whole

_TAUGHT: dict[str, WeakKeyDictionary[Piece, Piece]] = {}
"""By teacher: what has been labelled, for as long as the piece is in use."""


@cache
def find_teacher(name: str) -> Decider:
    """Return the separator of whole pieces whose weights are called ``name``.

    Raises:
        ValueError: there are no such weights, or they are of another kind of separator.
    """
    if not name:
        raise ValueError("distillation needs a teacher: name the weights of a separator of whole pieces")
    weights, _ = load_weights(FOLDER / f"{name}.npz")
    if not any(key.endswith("past.weight") for key in weights):
        raise ValueError(f"{name} can't teach: it is no separator of whole pieces, as *-offline are")
    with torch.random.fork_rng(devices=()):  # a new model draws numbers, which are the run's
        return build_whole(weights)


def taught(pieces: Sequence[Piece], name: str, parts: int) -> list[Piece]:
    """Return the pieces with the chances that the teacher called ``name`` gives each part.

    Raises:
        ValueError: there is no such teacher, or it knows another number of parts.
    """
    teacher = find_teacher(name)
    if teacher.parts != parts:
        raise ValueError(f"{name} can't teach: it knows {teacher.parts} parts, and the model has {parts}")
    known = _TAUGHT.setdefault(name, WeakKeyDictionary())
    new = [piece for piece in pieces if piece not in known]
    for piece in tqdm(new, "teacher", unit="piece", disable=not new):
        known[piece] = replace(piece, chances=chances_of(teacher, piece))
    return [known[piece] for piece in pieces]


def chances_of(teacher: Decider, piece: Piece) -> np.ndarray:
    """Return each part's probability for each note by the teacher's best labels, float32 (notes, parts)."""
    _, scores = search(teacher, piece)
    return torch.from_numpy(scores).softmax(1).numpy()


def batch_chances(takes: Sequence[Take]) -> Tensor:
    """Return the chances of the notes of a batch, float32 (takes, longest, parts); of padded notes 0.

    Raises:
        ValueError: a take has none.
    """
    found = [take.chances for take in takes if take.chances is not None]
    if len(found) != len(takes):
        raise ValueError("a take has no chances: it was not made from a piece that a teacher has labelled")
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in found], batch_first=True)


def distilled_loss(scores: Tensor, part: Tensor, chances: Tensor, weight: float) -> Tensor:
    """Return the cross-entropy with the true parts and, by ``weight``, with the teacher's chances.

    ``scores`` and ``chances`` are float32 (takes, longest, parts), ``part`` int64 (takes, longest); notes of
    ``NOBODY`` do not count.
    """
    mine = part != NOBODY
    true = functional.one_hot(part[mine], scores.shape[2])
    return functional.cross_entropy(scores[mine], torch.lerp(true.to(chances.dtype), chances[mine], weight))
