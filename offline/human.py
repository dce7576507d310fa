"""The protocol ``--human``: what a player's hands do to a score, each alone and all at once.

The figures are those of the protocol, and fixed: onset jitter of 20 ms (standard deviation), the notes of a
chord in any order within 30 ms, a tempo wrong by up to 20 % that drifts, a beat grid of any phase, 3 % of
notes missing and 3 % more that belong to nobody, legato that overlaps by 60 ms on average, and the damper
pedal, under which keys come up early. ``amount`` scales them, for training.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from offline.take import NOBODY, Take

JITTER_MS, SPREAD_MS, OVERLAP_MS = 20.0, 30.0, 60.0
TEMPO_ERROR, DRIFT, KNOT_MS = 0.2, 0.05, 3000.0
MISSING = EXTRA = 0.03
PEDAL_BEATS = (1, 5)
SHORTEST_MS = 20.0
UNISON_MS = 40.0
"""Two notes on one key within this time are one press of the key."""

Change = Callable[[Take, np.random.Generator, float], Take]


def spread(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Play the notes of each chord in any order, within ``SPREAD_MS``."""
    late = draws.uniform(0.0, SPREAD_MS * amount, len(take))
    _, chord, size = np.unique(take.start, return_inverse=True, return_counts=True)
    return _kept_long(replace(take, start=take.start + np.where(size[chord] > 1, late, 0.0)))


def jitter(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Move each onset and each release by itself."""
    start = take.start + draws.normal(0.0, JITTER_MS * amount, len(take))
    end = take.end + draws.normal(0.0, JITTER_MS * amount, len(take))
    return _kept_long(replace(take, start=start, end=end, sound_end=np.maximum(take.sound_end, end)))


def tempo(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Play at another tempo than the host counts, which wanders on the way."""
    last = float(take.sound_end.max(initial=0.0))
    knots = np.arange(0.0, last + 2 * KNOT_MS, KNOT_MS)
    wrong = TEMPO_ERROR * amount
    walk = draws.uniform(-wrong, wrong) + np.cumsum(draws.normal(0.0, DRIFT * amount, len(knots)))
    pace = 1.0 / (1.0 + np.clip(walk, -wrong, wrong))  # milliseconds played to a millisecond of the score
    played = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * KNOT_MS)])
    start, end, sound_end = (np.interp(t, knots, played) for t in (take.start, take.end, take.sound_end))
    return replace(take, start=start, end=end, sound_end=sound_end)


def phase(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Begin anywhere in the host's beat."""
    late = draws.uniform(0.0, 60000.0 / take.bpm * min(amount, 1.0))
    return replace(take, start=take.start + late, end=take.end + late, sound_end=take.sound_end + late)


def slips(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Miss some notes, and strike the key beside a note now and then."""
    kept = draws.random(len(take)) >= MISSING * amount
    kept[0] |= not kept.any()
    take = take.pick(np.flatnonzero(kept))
    beside = take.pick(np.flatnonzero(draws.random(len(take)) < EXTRA * amount))
    start = beside.start + draws.uniform(-15.0, 40.0, len(beside))
    end = start + draws.uniform(40.0, 150.0, len(beside))
    beside = replace(
        beside,
        start=start,
        end=end,
        sound_end=end,
        pitch=np.clip(beside.pitch + draws.choice([-2, -1, 1, 2], len(beside)), 0, 127),
        part=np.full(len(beside), NOBODY),
    )
    more = beside.columns
    return replace(take, **{n: np.concatenate([column, more[n]]) for n, column in take.columns.items()})


def legato(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Hold each key a little into the next note."""
    end = take.end + draws.exponential(OVERLAP_MS * amount, len(take))
    return replace(take, end=end, sound_end=np.maximum(take.sound_end, end))


def pedal(take: Take, draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Hold the damper pedal for some beats at a time; keys come up early meanwhile."""
    beat = 60000.0 / take.bpm
    length = draws.integers(*PEDAL_BEATS, 1 + int(take.end.max(initial=0.0) / beat)) * beat
    lifts = np.cumsum(length)
    lift = lifts[np.minimum(np.searchsorted(lifts, take.start, side="right"), len(lifts) - 1)]
    share = draws.uniform(1.0 - 0.7 * min(amount, 1.0), 1.0, len(take))
    end = np.maximum(take.start + (take.end - take.start) * share, take.start + SHORTEST_MS)
    return replace(take, end=end, sound_end=np.maximum(np.maximum(take.sound_end, lift), end))


PERTURBATIONS: dict[str, Change] = {
    "spread": spread,
    "jitter": jitter,
    "slips": slips,
    "legato": legato,
    "pedal": pedal,
    "tempo": tempo,
    "phase": phase,
}
"""By name, in the order in which they are applied together."""
WRITTEN = "written"
"""Name of none of them: the presses of one keyboard, when the score says."""


def perform(take: Take, names: Sequence[str], draws: np.random.Generator, amount: float = 1.0) -> Take:
    """Return ``take`` under the named perturbations, on one keyboard."""
    for name in PERTURBATIONS:
        if name in names:
            take = PERTURBATIONS[name](take, draws, amount)
    return on_one_keyboard(take)


def human_takes(takes: Sequence[Take], names: Sequence[str], seed: int = 0) -> list[Take]:
    """Return every take under the named perturbations at their full amount, the same at every call."""
    return [perform(take, names, np.random.default_rng([seed, place])) for place, take in enumerate(takes)]


def on_one_keyboard(take: Take) -> Take:
    """Return the presses that one keyboard allows, in the order of the decisions.

    A key that goes down again has come up before; of voices that meet on one key within ``UNISON_MS`` the one
    that holds it longest plays it.
    """
    order = np.lexsort((take.start, take.pitch))
    take = take.pick(order)
    start, end, kept = take.start.copy(), take.end.copy(), np.ones(len(take), bool)
    sound_end, player = take.sound_end.copy(), np.arange(len(take))
    held = -1
    for i in range(len(take)):
        if held >= 0 and take.pitch[held] == take.pitch[i]:
            if start[i] - start[held] < UNISON_MS:
                kept[i] = False
                if end[i] > end[held]:
                    end[held], player[held] = end[i], i
                    sound_end[held] = max(sound_end[held], sound_end[i])
                continue
            end[held] = min(end[held], start[i] - 1.0)
            sound_end[held] = min(sound_end[held], start[i] - 1.0)
        held = i
    chances = None if take.chances is None else take.chances[player]
    played = replace(
        take, end=end, sound_end=np.maximum(sound_end, end), part=take.part[player], chances=chances
    )
    return played.pick(np.flatnonzero(kept)).in_order()


def _kept_long(take: Take) -> Take:
    end = np.maximum(take.end, take.start + SHORTEST_MS)
    return replace(take, end=end, sound_end=np.maximum(take.sound_end, end))
