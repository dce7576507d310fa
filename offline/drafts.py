"""What each separator that ships is: its graph, its tensors, and the words of its model card."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from offline.chorales import PARTS
from offline.graph import lstm_step
from offline.history_graph import history_step
from offline.rules import LEAN, best_zones, closest_graph, closest_mono_graph, mean_pitches, zone_graph
from offline.score import TICKS, Piece
from realtime.contract.features import CHORD_ABOVE, MAX_BEAT
from realtime.contract.manifest import Input, Output

CORPUS = "Bach chorales of the music21 corpus (409 pieces, 96,606 notes)"


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
    corpus: str = CORPUS
    """What the weights or the defaults come from."""


def lstm_draft(name: str, weights: Mapping[str, np.ndarray], recipe: str) -> Draft:
    """Return the LSTM's step graph with these weights."""
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
            Output("scores", "float32", (1, len(PARTS)), "scores"),
            *(Output(f"next_{state}", "float32", (1, units), "state", state) for state in states),
        ),
        parts=PARTS,
        summary="Online LSTM of Dong et al. (ISMIR 2021), trained on Bach chorales in four parts",
        about=f"""The online LSTM of Dong et al., "Towards Automatic Instrumentation by Learning to Separate
Parts in Symbolic Multitrack Music" (ISMIR 2021), section 4.2: pitch, position in the beat and beat are
embedded, {layers} layers of {units} units with layer norm carry what was played, and each note gets one
score for each part. It sees neither durations, nor hints, nor its own past decisions, so it decides as
a key goes down. The padding class of the paper's output is left away, since the loss leaves padded
steps out.

The graph takes one note at a time and carries its state in and out. Stepped note by note it gives the scores
of the sequence model it was trained as, to 1e-4, on every test piece.

Trained with {recipe}""",
        limits="""Chorales in four voices are all it knows. Where fewer voices play, or the notes of a chord
do not come low to high, it does worse; so it does a little at a tempo that the host does not know. Voices
that cross are where it errs most; alto and tenor are confused more often than soprano and bass.""",
        command=f"concertino train separator {name} && concertino export separator {name} "
        f"--weights runs/{name}/weights.npz",
    )


def history_draft(name: str, weights: Mapping[str, np.ndarray], recipe: str) -> Draft:
    """Return the step graph, with these weights, of the separator that is told the past."""
    units = len(weights["mix.bias"])
    return Draft(
        name=name,
        graph=history_step(weights),
        inputs=(
            Input("pitch", "int64", (1,), "pitch", clip=(0, 127)),
            Input("chord_index", "int64", (1,), "chord_index"),
            Input("since_note", "int64", (1,), "since_note"),
            Input("chord_above", "int64", (CHORD_ABOVE,), "chord_above"),
            *(Input(fact, "int64", (len(PARTS),), fact) for fact in _TOLD_OF_PARTS),
            *(Input(state, "float32", (1, units), "state") for state in "hc"),
        ),
        outputs=(
            Output("scores", "float32", (1, len(PARTS)), "scores"),
            *(Output(f"next_{state}", "float32", (1, units), "state", state) for state in "hc"),
        ),
        parts=PARTS,
        summary="Separator of Bach chorales that knows who played what, and needs no beat",
        about=f"""For each note, the host tells it what it knows: the interval from each part's last note,
whether that key is still down, how many milliseconds ago it went down and came up, when the last note of
all began, and which other notes arrived in the same period. Each of these is one of a few values that picks
a row of a table; the rows are summed and go through two layers and an LSTM of {units} units, which remembers
the piece. There is no beat and no position: nothing depends on a tempo.

What is told of the past follows from its own decisions. In training it met the true past, a damaged one, and
more and more the one that it had made itself, so that it finds back from a wrong decision; and most of what
it heard was played as by hand (`offline/human.py`).

The graph takes one note at a time and carries its state in and out. Stepped note by note it gives the scores
of the sequence model it was trained as, to 1e-4, on every test piece.

Trained with {recipe}""",
        limits="""Chorales in four voices are all it knows. A chord whose notes come one by one, in any
order, is harder than one that arrives in a period: the first notes are decided without the others. Voices
that cross are where it errs most.""",
        command=f"concertino train separator {name} && concertino export separator {name} "
        f"--weights runs/{name}/weights.npz",
    )


def zone_draft(name: str, pieces: Sequence[Piece]) -> Draft:
    """Return the zones that keep most notes of the training pieces in their part."""
    lower = best_zones(pieces, len(PARTS))
    return _rule(
        name,
        zone_graph(),
        (_PITCH, Input("lower", "float32", ("parts",), "parameter", default=lower)),
        "Zones of the keyboard, one for each part, placed to suit Bach chorales",
        f"""A note goes to the first part whose lowest pitch (`lower`, high to low) it reaches; one that
reaches none goes to the part it misses by least. The default zones begin at {_keys(lower)}: the best
there are for the training pieces, found by dynamic programming (the zone baseline of Dong et al., ISMIR
2021, section 4.4).""",
        "Each pitch always goes to the same part, so voices that leave their zone are lost.",
    )


def split_draft(name: str, pieces: Sequence[Piece]) -> Draft:
    """Return the plain keyboard split at middle C; ``pieces`` do not matter."""
    del pieces
    lower = (60.0, 0.0)
    return _rule(
        name,
        zone_graph(),
        (_PITCH, Input("lower", "float32", ("parts",), "parameter", default=lower)),
        "Keyboard split: notes from middle C up to the first part, those below to the second",
        """The split of every keyboard, with the graph of `zone`: notes from `lower[0]` (60, middle C)
up go to the first part, the others to the second. With more than two parts the others stay silent until
`lower` is set.""",
        "With four parts only two of them play: what it reaches on chorales is what two zones can reach.",
    )._replace(corpus="None: middle C is a custom")


def closest_draft(name: str, pieces: Sequence[Piece]) -> Draft:
    """Return the closest-pitch rule; a part that has not played starts at its mean pitch in ``pieces``."""
    start = mean_pitches(pieces, len(PARTS))
    return _rule(
        name,
        closest_graph(),
        (_PITCH, *_closest_inputs(start)),
        "Closest pitch: each note goes to the part whose last note is nearest",
        f"""A note goes to the part whose last note before this chord is nearest in pitch (the closest-pitch
baseline of Dong et al., ISMIR 2021, section 4.4). A part that has not played yet counts as if it had
played `start`, by default its mean pitch in the training pieces: {_keys(start)}. The paper's rule is told
the true first note of each part; this one is not.""",
        "It follows its own decisions: two voices that it has exchanged once stay exchanged.",
    )


def closest_mono_draft(name: str, pieces: Sequence[Piece]) -> Draft:
    """Return the closest-pitch rule for parts of one note at a time."""
    start = mean_pitches(pieces, len(PARTS))
    return _rule(
        name,
        closest_mono_graph(),
        (
            _PITCH,
            *_closest_inputs(start),
            Input("sounding", "float32", ("parts",), "sounding"),
            Input("lean", "float32", (1,), "parameter", default=(LEAN,)),
        ),
        "Closest pitch among the parts that are silent, for parts that play one note at a time",
        f"""A note goes to the part whose last note before this chord is nearest in pitch, among those that
are silent; only where all sound does a part get a second note. A part that has not played yet counts as if
it had played `start`, by default its mean pitch in the training pieces: {_keys(start)}.

It goes back to the mono closest-pitch baseline of Dong et al. (ISMIR 2021, section 4.4), which decides a
chord as a whole and is told each part's first note. This one decides each note as it is pressed, low to
high. In exchange, it keeps the parts' last pitches in order, high to low, and gives each part a handicap of
`lean` squared semitones against the part below, so that the low notes of a chord leave the high parts
free.""",
        """It lives on what is still held and on the low notes coming first. Played legato, with chords
that are spread, it meets parts that all sound and falls below the other rules. Parts must be ordered high
to low, and voices that cross are exchanged.""",
    )


def _closest_inputs(start: Sequence[float]) -> tuple[Input, Input]:
    return (
        Input("start", "float32", ("parts",), "parameter", default=tuple(start)),
        Input("chord_last_pitch", "float32", ("parts",), "chord_last_pitch"),
    )


def _rule(name: str, graph: bytes, inputs: tuple[Input, ...], summary: str, about: str, limits: str) -> Draft:
    return Draft(
        name=name,
        graph=graph,
        inputs=inputs,
        outputs=(Output("scores", "float32", ("parts",), "scores"),),
        parts=(),
        summary=summary,
        about=about,
        limits=limits,
        command=f"concertino export separator {name}",
    )


def _keys(pitches: Sequence[float]) -> str:
    return ", ".join(f"{pitch:g}" for pitch in pitches)


_TOLD_OF_PARTS = ("last_pitch", "down", "since_onset", "since_release")
_PITCH = Input("pitch", "float32", (1,), "pitch")

RULES: dict[str, Callable[[str, Sequence[Piece]], Draft]] = {
    "zone": zone_draft,
    "split": split_draft,
    "closest": closest_draft,
    "closest-mono": closest_mono_draft,
}
"""How to make each rule from the training pieces."""
