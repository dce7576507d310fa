"""What each rule that ships as a separator is: its graph, its parameters, and the words of its model card."""

from collections.abc import Callable, Sequence

from offline.corpora.catalog import CORPORA
from offline.drafts import Draft
from offline.rules import LEAN, best_zones, closest_graph, closest_mono_graph, mean_pitches, zone_graph
from offline.score import Piece
from realtime.contract.manifest import Input, Output

PARTS = CORPORA["bach"].parts
"""The defaults of the rules come from the chorales."""
KEYS = 0, 127
"""What a parameter that is a pitch takes."""


def zone_draft(name: str, pieces: Sequence[Piece]) -> Draft:
    """Return the zones that keep most notes of the training pieces in their part."""
    lower = best_zones(pieces, len(PARTS))
    return _rule(
        name,
        zone_graph(),
        (_PITCH, Input("lower", "float32", ("parts",), "parameter", clip=KEYS, default=lower)),
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
        (_PITCH, Input("lower", "float32", ("parts",), "parameter", clip=KEYS, default=lower)),
        "Keyboard split: notes from middle C up to the first part, those below to the second",
        """The split of every keyboard, with the graph of `zone`: notes from `lower[0]` (60, middle C)
up go to the first part, the others to the second. With more than two parts the others stay silent until
`lower` is set.""",
        "With four parts only two of them play: what it reaches on chorales is what two zones can reach.",
    )._replace(made_from="None: middle C is a custom")


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
        Input("start", "float32", ("parts",), "parameter", clip=KEYS, default=tuple(start)),
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


_PITCH = Input("pitch", "float32", (1,), "pitch")

RULES: dict[str, Callable[[str, Sequence[Piece]], Draft]] = {
    "zone": zone_draft,
    "split": split_draft,
    "closest": closest_draft,
    "closest-mono": closest_mono_draft,
}
"""How to make each rule from the training pieces."""
