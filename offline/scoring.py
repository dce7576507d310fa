"""What the weights of a trained separator give: scores of a take, and the labels of many takes side by side.

The labels are those of the plugin, which decides note by note and takes ten times as long.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from offline.evaluation import counted
from offline.history import HistorySeparator, make_batch, play, row_count, take_rows
from offline.lstm import LSTMSeparator, score_take
from offline.runs import Scorer
from offline.score import Piece
from offline.take import Take
from offline.whole.beam import TOGETHER, search_all, side_by_side
from offline.whole.plugin import build_whole

Weights = Mapping[str, np.ndarray]
M = TypeVar("M", bound=nn.Module)


def build_lstm(weights: Weights) -> LSTMSeparator:
    """Return the paper's LSTM with these weights, ready to score."""
    layers = sum(name.startswith("norm.") for name in weights) // 2
    model = LSTMSeparator(
        parts=len(weights["scores.bias"]), units=len(weights["norm.0.weight"]), layers=layers
    )
    return _filled(model, weights)


def build_history(weights: Weights) -> HistorySeparator:
    """Return the separator that is told the past with these weights, ready to score."""
    rows, width = weights["table.weight"].shape
    parts, units = len(weights["scores.bias"]), len(weights["mix.bias"])
    model = HistorySeparator(parts, width, units, chordal=rows == row_count(parts, chordal=True))
    return _filled(model, weights)


def _filled(model: M, weights: Weights) -> M:
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return model.eval()


def lstm_scorer(weights: Weights) -> Scorer:
    """Return what scores a take as the paper's LSTM."""
    model = build_lstm(weights)
    return lambda take, given: score_take(model, take)


def history_scorer(weights: Weights) -> Scorer:
    """Return what scores a take as the separator that is told the past."""
    model = build_history(weights)

    @torch.no_grad()
    def score(take: Take, given: np.ndarray) -> np.ndarray:
        rows = torch.from_numpy(take_rows(take, given, model.parts, model.chordal))
        return model(rows[None])[0][0].numpy()

    return score


def lstm_labels(weights: Weights, takes: Sequence[Take]) -> list[np.ndarray]:
    """Return what the paper's LSTM gives each note of each take, int64 (notes,) each."""
    model = build_lstm(weights)
    return [score_take(model, take).argmax(1) for take in takes]


def history_labels(weights: Weights, takes: Sequence[Take]) -> list[np.ndarray]:
    """Return what the separator that is told the past gives each note, on its own decisions."""
    model = build_history(weights)
    order = sorted(range(len(takes)), key=lambda place: -len(takes[place]))
    found: list[np.ndarray] = [np.zeros(0, np.int64)] * len(takes)
    for few in side_by_side([len(takes[place]) for place in order], TOGETHER):
        places = order[few.start : few.stop]
        given, _ = play(model, make_batch([takes[place] for place in places], model.together))
        for place, line in zip(places, given, strict=True):
            found[place] = line[: len(takes[place])]
    return found


def whole_labels(weights: Weights, takes: Sequence[Take]) -> list[np.ndarray]:
    """Return what the separator of whole pieces gives each note, as the host counts a take."""
    told = [counted(take) for take in takes]
    pieces = [
        Piece(take.name, notes.tick, notes.pitch, notes.duration, take.part[notes.order])
        for take, notes in zip(takes, told, strict=True)
    ]
    found = []
    for (labels, _), notes in zip(search_all(build_whole(weights), pieces), told, strict=True):
        found.append(np.empty_like(labels))
        found[-1][notes.order] = labels
    return found
