"""The table rows of each note and of the past, as operators: what ``relations`` and ``past`` compute."""

from collections.abc import Sequence

import numpy as np

from offline.score import TICKS
from offline.whole.ops import Ops
from offline.whole.past import AHEAD, ENDS, GAPS, OF_PART, PART_ROWS, SINCE
from offline.whole.past import INTERVALS as ALL_INTERVALS
from offline.whole.relations import BEATS, CHORD, FARTHEST, FIRST, JOINED, LONGEST, NONE, REACH, SOUNDING

NOWHERE = 1000
"""Pitch of a note of the chord that is not there."""


def note_rows(g: Ops, end: str) -> tuple[list[str], str]:
    """Add the rows of the table of notes, (notes,) each; and the pitches of the chord's next notes."""
    notes = g.add("Shape", ["pitch"])
    place = g.add("Range", [g.whole(0), g.add("Squeeze", [notes]), g.whole(1)])
    steps = np.delete(np.arange(-REACH, REACH + 1), REACH)
    step = g.constant("steps", steps[None])
    index = g.add("Add", [g.unsqueeze(place, 1), step])
    last = g.add("Sub", [notes, g.whole(1)])
    near = g.add("Max", [g.add("Min", [index, last]), g.whole(0)])
    there = g.add("Equal", [near, index])
    on, until, key = (g.unsqueeze(x, 1) for x in ("tick", end, "pitch"))
    other_on, other_until, other_key = (g.add("Gather", [x, near]) for x in ("tick", end, "pitch"))
    up = g.add("Sub", [other_key, key])
    far = g.add("Min", [g.add("Abs", [up]), g.whole(FARTHEST)])
    before = g.constant("before", (steps < 0)[None])
    level = g.add("Equal", [up, g.whole(0)])
    lower = g.add("Or", [g.add("Less", [up, g.whole(0)]), g.all(level, before)])
    higher = g.add("Not", [lower])
    chord = g.all(there, g.add("Equal", [other_on, on]))
    began = g.add("LessOrEqual", [other_on, on])
    sounds = g.all(there, began, g.add("Greater", [other_until, on]))

    def places(among: str) -> str:
        """Return how many of them are lower and higher, as one number."""
        low, high = (
            g.clip(g.add("ReduceSum", [g.cast(g.all(among, side)), g.axes(1)], keepdims=0), 0, CHORD - 1)
            for side in (lower, higher)
        )
        return g.add("Add", [g.times(low, CHORD), high])

    def nearest(values: str, masks: Sequence[str], none: int, count: int) -> list[str]:
        """Return the ``count`` smallest values under each mask, (notes,) each."""
        out = []
        for mask in masks:
            masked = g.add("Where", [mask, values, g.whole(none)])
            n = len(g.nodes)
            top, _ = g.add_many(
                "TopK", [masked, g.axes(count)], [f"top_{n}", f"at_{n}"], axis=1, largest=0, sorted=1
            )
            columns = [f"column_{n}_{i}" for i in range(count)]
            split = g.add_many("Split", [top, g.axes(*[1] * count)], columns, axis=1)
            out += [g.add("Squeeze", [x, g.axes(1)]) for x in split]
        return out

    held = g.add("Add", [g.times(far, 2), g.cast(g.add("Less", [other_on, on]))])
    under = g.add("LessOrEqual", [up, g.whole(0)])
    over = g.add("Not", [under])
    ends, begins = (g.all(there, g.add("Equal", [a, b])) for a, b in ((other_until, on), (other_on, until)))
    facts = [
        "pitch",
        g.add("Mod", ["tick", g.whole(TICKS)]),
        g.add("Mod", [g.add("Div", ["tick", g.whole(TICKS)]), g.whole(BEATS)]),
        g.add("Min", ["duration", g.whole(LONGEST)]),
        places(chord),
        places(sounds),
        *nearest(held, [g.all(sounds, lower), g.all(sounds, higher)], 2 * NONE, SOUNDING),
        *nearest(
            far,
            [g.all(a, b) for a in (ends, begins) for b in (under, over)],
            NONE,
            JOINED,
        ),
    ]
    rows = [
        g.add("Add", [fact, g.whole(int(first))]) if first else fact
        for fact, first in zip(facts, FIRST, strict=True)
    ]
    following = g.add("Where", [chord, other_key, g.whole(NOWHERE)])
    ahead = g.add("Slice", [following, g.axes(REACH), g.axes(REACH + AHEAD), g.axes(1)])
    return rows, ahead


def past_rows(g: Ops, last: str, parts: int) -> str:
    """Add the rows of :func:`offline.whole.past.rows_of`, (ways, parts * facts)."""
    columns = g.add_many("Split", [last, g.axes(1, 1, 1, 1)], ["l0", "l1", "l2", "l3"], axis=2)
    began, ended, was, before = (g.add("Squeeze", [x, g.axes(2)]) for x in columns)
    never, not_before = (g.add("Less", [x, g.whole(0)]) for x in (was, before))
    sounds = g.add("Greater", [ended, "on"])

    def interval(up: str) -> str:
        return g.add("Add", [g.clip(up, -FARTHEST, FARTHEST), g.whole(FARTHEST)])

    def either(mask: str, yes: str | int, no: str | int) -> str:
        yes, no = (g.whole(x) if isinstance(x, int) else x for x in (yes, no))
        return g.add("Where", [mask, yes, no])

    over = g.add("Add", [g.count(g.add("Sub", ["on", ended]), GAPS), g.whole(2)])
    state = either(g.add("Equal", [began, "on"]), 0, either(sounds, 1, over))
    later, sooner = (g.cast(g.add(op, [ended, "until"])) for op in ("Greater", "Less"))
    still = either(sounds, g.add("Add", [g.add("Sub", [later, sooner]), g.whole(2)]), 0)
    since = g.count(g.add("Sub", ["on", began]), SINCE)
    ways_up = g.add("Sub", ["ahead", g.unsqueeze(was, 2)])
    far = g.add("Abs", [ways_up])
    closest = g.add("ArgMin", [far], axis=2, keepdims=1)
    nearest, distance = (
        g.add("Squeeze", [g.add("GatherElements", [x, closest], axis=2), g.axes(2)]) for x in (ways_up, far)
    )
    alone = g.add("Or", [never, g.add("GreaterOrEqual", [distance, g.whole(NOWHERE // 2)])])
    facts = [
        (never, g.add("Add", [g.times(state, ALL_INTERVALS), interval(g.add("Sub", ["key", was]))])),
        (never, g.add("Add", [g.times(since, ENDS), still])),
        (not_before, interval(g.add("Sub", ["key", before]))),
        (alone, interval(nearest)),
    ]
    first = np.cumsum([0, *OF_PART[:-1]])
    rows = [
        g.unsqueeze(either(none, size - 1 + int(start), g.add("Add", [fact, g.whole(int(start))])), 2)
        for (none, fact), size, start in zip(facts, OF_PART, first, strict=True)
    ]
    own = g.constant("own", PART_ROWS * np.arange(parts).reshape(1, parts, 1))
    return g.add("Reshape", [g.add("Add", [g.add("Concat", rows, axis=2), own]), g.axes(0, -1)])
