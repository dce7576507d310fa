"""The separators that can be trained: how each is made, trained, measured, scored and described."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from offline.augment import Augmentation, select
from offline.corpora.catalog import Corpus
from offline.drafts import Draft, history_draft, lstm_draft
from offline.gather import gathered
from offline.history import measure as measure_history
from offline.history_training import HistoryRecipe, new_history_model, train_history_epoch
from offline.human import PERTURBATIONS, human_takes
from offline.lstm import measure as measure_lstm
from offline.runs import Scorer, check_parity
from offline.score import Piece
from offline.scoring import Weights, history_labels, history_scorer, lstm_labels, lstm_scorer, whole_labels
from offline.take import Take, take_of
from offline.training import Recipe, Run, new_model, train_epoch
from offline.whole.model import heads
from offline.whole.model import measure as measure_whole
from offline.whole.plugin import build_whole, check_whole_parity, whole_draft
from offline.whole.training import WholeRecipe, new_whole_model, train_whole_epoch, written_and_by_hand
from realtime.contract.plugin import Plugin


@dataclass(frozen=True)
class Model:
    """One trainable separator."""

    recipe: Any
    """The default recipe, a dataclass with at least ``seed``, ``epochs`` and ``batch``."""
    new_model: Callable[[Any, int], nn.Module]
    epoch: Callable[[Run, Sequence[Piece], int], None]
    measure: Callable[[Any, Sequence[Any]], tuple[float, float]]
    validation: Callable[[Sequence[Piece]], Sequence[Any]]
    """What ``measure`` is given of the validation pieces."""
    check: Callable[[Weights, Plugin, Sequence[Piece]], float]
    """Raises ValueError where a plugin does not give the model's scores on the pieces."""
    label: Callable[[Weights, Sequence[Take]], list[np.ndarray]]
    """The part of each note of takes, int64 (notes,) each, as the plugin gives them, but side by side."""
    draft: Callable[[str, Corpus, Weights, str], Draft]
    how: str
    """For the card: how it was trained, with a place for the seed."""


def _stepped(scorer: Callable[[Weights], Scorer]) -> Callable[[Weights, Plugin, Sequence[Piece]], float]:
    return lambda weights, plugin, pieces: check_parity(scorer(weights), plugin, list(map(take_of, pieces)))


WINDOW_MS = 30.0
"""Chord window of some of the takes by which weights are chosen."""
VALIDATION_NOTES, VALIDATION_EXCERPTS = 400, 64
"""Long pieces are validated on excerpts, so that an epoch's end does not take longer than the epoch."""


def _written_and_by_hand(pieces: Sequence[Piece]) -> list[Take]:
    takes = [take_of(piece) for piece in excerpts_of(pieces)]
    return takes + human_takes(takes, list(PERTURBATIONS), seed=1)


def _through_a_window_too(pieces: Sequence[Piece]) -> list[Take]:
    takes = _written_and_by_hand(pieces)
    return takes + [gathered(take, WINDOW_MS) for take in takes[len(takes) // 2 :]]


def excerpts_of(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces, those that are long as excerpts of ``VALIDATION_NOTES`` from all over them.

    Where there are more than ``VALIDATION_EXCERPTS``, as many of them, evenly.
    """
    found = []
    for piece in pieces:
        for first in range(0, max(1, len(piece) - VALIDATION_NOTES // 2), VALIDATION_NOTES):
            found.append(select(piece, np.arange(first, min(first + VALIDATION_NOTES, len(piece)))))
    every = np.linspace(0, len(found) - 1, min(len(found), VALIDATION_EXCERPTS))
    return [found[i] for i in np.unique(every.astype(int))]


_PAPERS = Model(
    recipe=Recipe(),
    new_model=new_model,
    epoch=train_epoch,
    measure=measure_lstm,
    validation=list,
    check=_stepped(lstm_scorer),
    label=lstm_labels,
    draft=lstm_draft,
    how="seed {seed} on excerpts that are transposed, thinned, loosened in time or lack a part, all at "
    "random",
)
_TOLD_THE_PAST = Model(
    recipe=HistoryRecipe(),
    new_model=new_history_model,
    epoch=train_history_epoch,
    measure=measure_history,
    validation=_written_and_by_hand,
    check=_stepped(history_scorer),
    label=history_labels,
    draft=history_draft,
    how="seed {seed} on excerpts at random tempos, transposed, thinned, three in five of them played as by "
    "hand; the past they were shown was true, damaged, or the model's own decisions",
)
_LONG = replace(
    _TOLD_THE_PAST,
    recipe=HistoryRecipe(
        excerpts=256,
        batch=24,
        epochs=280,
        own_full=35,
        patience=40,
        chordal=True,
        augmentation=Augmentation(longest=360, from_start=0.1, moved=0.0, loose=0.0),
    ),
)
"""For corpora of long pieces, each of which is another excerpt every time."""
_THINNED = "seed {seed} on excerpts that are transposed or thinned, or lack a part"
_SHOWN = "the past they were shown was true, damaged, or the model's own decisions"
_WHOLE = Model(
    recipe=WholeRecipe(members=3, human=0.25, epochs=60, patience=20),
    new_model=new_whole_model,
    epoch=train_whole_epoch,
    measure=measure_whole,
    validation=lambda pieces: written_and_by_hand(heads(pieces)),
    check=lambda weights, plugin, pieces: check_whole_parity(build_whole(weights), plugin, pieces),
    label=whole_labels,
    draft=whole_draft,
    how=f"{_THINNED}, some of them played as by hand; {_SHOWN}",
)
_WHOLE_LONG = replace(
    _WHOLE,
    recipe=WholeRecipe(excerpts=320, human=0.4, epochs=60),
    validation=lambda pieces: written_and_by_hand(excerpts_of(pieces)),
)
_WHOLE_TOGETHER = replace(
    _WHOLE_LONG,
    recipe=replace(
        _WHOLE.recipe,
        excerpts=320,
        epochs=90,
        patience=30,
        augmentation=Augmentation(longest=300, from_start=0.2, moved=0.3, loose=0.0, thinned=0.1, solo=0.05),
    ),
)
"""Several that decide together, as for chorales: one alone, trained less long, was behind the live ones."""


def _through_windows(model: Model, share: float, **changes: Any) -> Model:
    """Return ``model`` with a share of what is played by hand in training heard through chord windows."""
    recipe = replace(model.recipe, gathered=share, **changes)
    told = f"{recipe.human:.0%} of them played as by hand, {share:.0%} of these through a chord window"
    how = model.how.replace("three in five of them played as by hand", told)
    return replace(model, recipe=recipe, validation=_through_a_window_too, how=how)


def _evened(model: Model, share: float, **changes: Any) -> Model:
    """Return ``model`` for a corpus in which some parts have few notes."""
    how = f"{model.how}; of what its parts have in advance, as they play so often, {share:.0%} was taken away"
    return replace(model, recipe=replace(model.recipe, evened=share, **changes), how=how)


MODELS: dict[str, Model] = {
    "bach-lstm": _PAPERS,
    "bach-chorale": _through_windows(_TOLD_THE_PAST, 0.6, human=0.8, epochs=300),
    "string-quartet": _through_windows(_LONG, 0.7, human=0.8, windows=(20.0, 70.0), width=320, epochs=320),
    "orchestra": _evened(_LONG, 0.1),
    "band": _LONG,
    "song": _through_windows(_LONG, 0.5, epochs=420, width=320, patience=60),
    "game-trio": _LONG,
    "pop-band": _LONG,
    "bach-chorale-offline": _WHOLE,
    "string-quartet-offline": _WHOLE_TOGETHER,
    "orchestra-offline": _evened(_WHOLE_TOGETHER, 0.2),
    "band-offline": _WHOLE_TOGETHER,
    "song-offline": _WHOLE_TOGETHER,
    "game-trio-offline": _WHOLE_LONG,
    "pop-band-offline": _WHOLE_LONG,
}
"""By the name of the plugin; ``offline.shipped`` has the corpus of each."""
