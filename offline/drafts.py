"""What each trained separator is: its graph, its tensors, and the words of its model card."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from offline.corpora.catalog import Corpus
from offline.graph import lstm_step
from offline.history_graph import TOLD_OF_CHORDS, TOLD_OF_PARTS, history_step, is_chordal
from offline.score import TICKS
from realtime.contract.features import CHORD_ABOVE, MAX_BEAT
from realtime.contract.manifest import Input, Output


class Draft(NamedTuple):
    """A separator before it is measured."""

    name: str
    graph: bytes
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    parts: tuple[str, ...]
    summary: str
    about: str
    """Text of the model card: how it decides."""
    limits: str
    """Text of the model card: where it fails."""
    command: str
    """The command that makes it."""
    corpus: str = "bach"
    """Key of the corpus that it is measured on."""
    made_from: str = ""
    """What the weights or the defaults come from, where that is not this corpus."""
    kind: Literal["separator", "sequence-separator"] = "separator"
    """Whether it takes a note at a time or a whole piece."""


def lstm_draft(name: str, corpus: Corpus, weights: Mapping[str, np.ndarray], recipe: str) -> Draft:
    """Return the LSTM's step graph with these weights; ``recipe`` says how they were trained."""
    units = len(weights["norm.0.weight"])
    layers = sum(key.startswith("norm.") for key in weights) // 2
    states = [f"{kind}{layer}" for layer in range(layers) for kind in "hc"]
    return Draft(
        name=name,
        graph=lstm_step(weights),
        inputs=(
            Input("pitch", "int64", (1,), "pitch", clip=(0, 127)),
            Input("position", "int64", (1,), "position", clip=(0, TICKS - 1)),
            Input("beat", "int64", (1,), "beat", clip=(0, MAX_BEAT)),
            *(Input(state, "float32", (1, units), "state") for state in states),
        ),
        outputs=(
            Output("scores", "float32", (1, len(corpus.parts)), "scores"),
            *(Output(f"next_{state}", "float32", (1, units), "state", state) for state in states),
        ),
        parts=corpus.parts,
        summary=f"Online LSTM of Dong et al. (ISMIR 2021), trained on: {corpus.title}",
        about=f"""The online LSTM of Dong et al., "Towards Automatic Instrumentation by Learning to Separate
Parts in Symbolic Multitrack Music" (ISMIR 2021), section 4.2: pitch, position in the beat and beat are
embedded, {layers} layers of {units} units with layer norm carry what was played, and each note gets one
score for each part. It sees neither durations, nor hints, nor its own past decisions, so it decides as
a key goes down. The padding class of the paper's output is left away, since the loss leaves padded
steps out.

The graph takes one note at a time and carries its state in and out. Stepped note by note it gives the scores
of the sequence model it was trained as, to 1e-4, on every test piece.

Trained with {recipe}""",
        limits=f"""It knows no other music than this: {corpus.title}. Where fewer parts play, or the notes of
a chord do not come low to high, it does worse; so it does a little at a tempo that the host does not know.
Voices that cross are where it errs most.""",
        command=f"concertino train separator {name} && concertino export separator {name} "
        f"--weights runs/{name}/weights.npz",
        corpus=corpus.key,
    )


def history_draft(name: str, corpus: Corpus, weights: Mapping[str, np.ndarray], recipe: str) -> Draft:
    """Return the step graph, with these weights, of the separator that is told the past."""
    units = len(weights["mix.bias"])
    chordal = is_chordal(weights)
    told = (*TOLD_OF_PARTS, *(TOLD_OF_CHORDS if chordal else ()))
    return Draft(
        name=name,
        graph=history_step(weights),
        inputs=(
            Input("pitch", "int64", (1,), "pitch", clip=(0, 127)),
            Input("chord_index", "int64", (1,), "chord_index"),
            Input("since_note", "int64", (1,), "since_note"),
            Input("chord_above", "int64", (CHORD_ABOVE,), "chord_above"),
            *(Input(fact, "int64", (len(corpus.parts),), fact) for fact in told),
            *(Input(state, "float32", (1, units), "state") for state in "hc"),
        ),
        outputs=(
            Output("scores", "float32", (1, len(corpus.parts)), "scores"),
            *(Output(f"next_{state}", "float32", (1, units), "state", state) for state in "hc"),
        ),
        parts=corpus.parts,
        summary=f"Separator that knows who played what, and needs no beat, for: {corpus.title}",
        about=f"""For each note, the host tells it what it knows: the interval from each part's last note,
whether that key is still down, how many milliseconds ago it went down and came up, when the last note of
all began, and which other notes arrived in the same period.{_CHORDAL if chordal else ""} Each of these is
one of a few values that picks a row of a table; the rows are summed and go through two layers and an LSTM of
{units} units, which remembers the piece. There is no beat and no position: nothing depends on a tempo.

What is told of the past follows from its own decisions. In training it met the true past, a damaged one, and
more and more the one that it had made itself, so that it finds back from a wrong decision; and most of what
it heard was played as by hand (`offline/human.py`).

The graph takes one note at a time and carries its state in and out. Stepped note by note it gives the scores
of the sequence model it was trained as, to 1e-4, on every test piece.

Trained with {recipe}""",
        limits=f"""It knows no other music than this: {corpus.title}. A chord whose notes come one by one, in
any order, is harder than one that arrives in a period: the first notes are decided without the others. Voices
that cross are where it errs most.""",
        command=f"concertino train separator {name} && concertino export separator {name} "
        f"--weights runs/{name}/weights.npz",
        corpus=corpus.key,
    )


_CHORDAL = """ Since parts play chords here, it is also told which of each part's recent notes is nearest, and
when each part last played this very pitch."""
