"""What the weights of a trained separator give: scores of a take, and the labels of many takes side by side.

The labels are those of the plugin, which decides note by note and takes several times as long.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from offline.evaluation import counted
from offline.facts import fact_count
from offline.history import HistorySeparator, make_batch, picked, row_count, step_rows, take_rows
from offline.history_graph import is_chordal
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


@torch.no_grad()
def history_labels(weights: Weights, takes: Sequence[Take]) -> list[np.ndarray]:
    """Return what the separator that is told the past gives each note, on its own decisions."""
    parts, chordal = len(weights["scores.bias"]), is_chordal(weights)
    order = sorted(range(len(takes)), key=lambda place: -len(takes[place]))
    found: list[np.ndarray] = [np.zeros(0, np.int64)] * len(takes)
    for few in side_by_side([len(takes[place]) for place in order], TOGETHER):
        places = order[few.start : few.stop]
        batch = make_batch([takes[place] for place in places])
        columns, lengths = tuple(batch[:5]), batch.lengths
        given = np.full(batch.part.shape, -1, np.int64)
        facts = np.empty((len(places), fact_count(parts)), np.int64)
        rows = np.empty((len(places), picked(parts, chordal)), np.int64)
        step = history_steps(weights, len(places))
        for i in range(len(given[0])):
            k = int((lengths > i).sum())  # the longest come first: these go on
            step_rows(i, columns, given, lengths[:k], parts, facts, rows)
            given[:k, i] = step(rows[:k]).argmax(1)
        for place, line in zip(places, given, strict=True):
            found[place] = line[: len(takes[place])]
    return found


def history_steps(weights: Weights, count: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return what steps ``count`` takes by a note each: from rows, int64 (k, picked), to scores (k, parts).

    Takes that have ended are the last: ``k`` falls. It computes what ``HistorySeparator`` does; PyTorch's
    modules take several times as long for single notes.
    """
    units = len(weights["mix.bias"])
    lstm = {kind: weights[f"lstm.{kind}_l0"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    gates = np.arange(4 * units).reshape(4, units)[[0, 1, 3, 2]].ravel()  # those that are sigmoids first
    layers = {
        name: (weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in ("mix", "hidden", "scores")
    }
    layers["gates"] = (
        np.concatenate([lstm["weight_ih"], lstm["weight_hh"]], axis=1)[gates],
        (lstm["bias_ih"] + lstm["bias_hh"])[gates],
    )
    table = torch.from_numpy(weights["table.weight"])
    made = {
        name: (torch.from_numpy(bias), torch.from_numpy(np.ascontiguousarray(weight.T)))
        for name, (weight, bias) in layers.items()
    }
    h, c = (torch.zeros(count, units) for _ in range(2))

    def step(rows: np.ndarray) -> np.ndarray:
        nonlocal h, c
        k = len(rows)
        x = torch.embedding_bag(
            table, torch.from_numpy(rows).view(-1), torch.arange(0, rows.size, rows.shape[1])
        )[0]
        x = torch.addmm(made["mix"][0], x.relu_(), made["mix"][1]).relu_()
        gates = torch.addmm(made["gates"][0], torch.cat([x, h[:k]], 1), made["gates"][1])
        into, forget, out = gates[:, : 3 * units].sigmoid_().split(units, 1)
        c = forget.mul_(c[:k]).addcmul_(into, gates[:, 3 * units :].tanh_())
        h = out * c.tanh()
        x = torch.addmm(made["hidden"][0], torch.cat([x, h], 1), made["hidden"][1]).relu_()
        return torch.addmm(made["scores"][0], x, made["scores"][1]).numpy()

    return step


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
