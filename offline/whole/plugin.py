"""The separator that sees the whole piece, from weights to a plugin: its graph, its words, its parity."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from offline.corpora.catalog import Corpus
from offline.drafts import Draft
from offline.score import Piece
from offline.whole.beam import SHIFTS, WAYS, search_all
from offline.whole.graph import whole_graph
from offline.whole.members import Members, weights_of_each
from offline.whole.model import Decider, WholeSeparator
from realtime.contract.kinds import SEQUENCE_SEPARATOR
from realtime.contract.manifest import Input, Output
from realtime.contract.plugin import Plugin
from realtime.contract.scorer import SequenceScorer
from realtime.contract.sequence import sequence_features

KIND = SEQUENCE_SEPARATOR
TOLERANCE = 1e-4
"""Largest difference of a score between the graph and the model."""
INPUTS = tuple(
    Input(name, "int64", ("notes",), name, clip=clip)
    for name, clip in (("pitch", (0, 127)), ("tick", (0, 2**31 - 1)), ("duration", (1, 2**31 - 1)))
)


_TOGETHER = (
    " {} of these, which began with other weights, decide together: a note's scores are the mean of theirs."
)


def build_whole(weights: Mapping[str, np.ndarray]) -> WholeSeparator | Members:
    """Return the separator with these weights, ready to score."""
    each = [_build_one(own) for own in weights_of_each(weights)]
    return (each[0] if len(each) == 1 else Members(each)).eval()


def _build_one(weights: Mapping[str, np.ndarray]) -> WholeSeparator:
    model = WholeSeparator(
        parts=len(weights["scores.bias"]),
        width=weights["table.weight"].shape[1],
        units=weights["onward.weight_hh_l0"].shape[1],
        hidden=len(weights["mix.bias"]),
    )
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return model


def whole_draft(name: str, corpus: Corpus, weights: Mapping[str, np.ndarray], recipe: str) -> Draft:
    """Return the graph with these weights, and what its card says; ``recipe`` says how they were trained."""
    each = weights_of_each(weights)
    parts, units = len(each[0]["scores.bias"]), each[0]["onward.weight_hh_l0"].shape[1]
    transposed = ", ".join(f"{shift:+d}" for shift in SHIFTS if shift)
    return Draft(
        name=name,
        graph=whole_graph(weights),
        inputs=INPUTS,
        outputs=(Output("scores", "float32", ("notes", parts), "scores"),),
        parts=corpus.parts,
        corpus=corpus.key,
        kind=KIND,
        summary=f"For whole pieces of {corpus.title}: reads all notes, then decides each by what was decided",
        about=f"""It is given every note of a piece at once: pitch, onset and duration. Each note is
described by its place in the chord and among all notes that sound, the intervals to the nearest of these, to
those that end where it begins and to those that begin where it ends, its place in the bar and its length.
Each of these is one of a few values that picks a row of a table; the rows are summed, and an LSTM of {units}
units in each direction reads the piece.{_TOGETHER.format(len(each)) if len(each) > 1 else ""}

Then the notes are labelled in order, each told what every part played last under the labels so far: how far
that is in pitch and time, whether it still sounds, and how far the part is from the chord's other notes. The
graph carries on {WAYS} ways to label the piece at a time, so that a decision may wait for what follows, and
takes the mean over the piece and its transpositions ({transposed} semitones). The scores are the logarithms
of the parts' probabilities along the best way.

Trained with {recipe}""",
        limits="""It is best with exact onsets and durations, as a score or a quantised file has them; of what
is played by hand it gets less right, as the figures above say. Voices that cross where each could as well
have gone the other way are where it errs most.""",
        command=f"concertino train separator {name} && concertino export separator {name} "
        f"--weights runs/{name}/weights.npz",
    )


def check_whole_parity(model: Decider, plugin: Plugin, pieces: Sequence[Piece]) -> float:
    """Score every piece with ``plugin`` and with ``model``; return the largest difference of a score.

    Where two ways are equally good to the last bit, either may be taken: a piece whose labels differ is
    refused all the same.

    Raises:
        ValueError: a label differs, or a score by more than ``TOLERANCE``.
    """
    scorer = SequenceScorer(plugin, model.parts)
    largest = 0.0
    for piece, (labels, scores) in zip(pieces, search_all(model, pieces), strict=True):
        found = scorer.score(sequence_features(piece.onset, piece.pitch, piece.duration))
        difference = float(np.abs(found - scores).max(initial=0.0))
        largest = max(largest, difference)
        if difference > TOLERANCE or (found.argmax(1) != labels).any():
            raise ValueError(
                f"the graph of {plugin.manifest.name} and its model differ on {piece.name} (by up to "
                f"{difference:.1e}): they are not of the same weights, or the export is broken"
            )
    return largest
