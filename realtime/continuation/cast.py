"""Who plays what the model writes: the parts of an ensemble by instrument, range and nearness."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from realtime.continuation.ranges import usual_range
from realtime.ensembles.schema import Ensemble
from realtime.music.mmt.instruments import DROPPED, INSTRUMENT_OF
from realtime.music.mmt.representation import PITCHES

OCTAVE = 12


class Player(NamedTuple):
    """One part of the ensemble, as the model sees it."""

    instrument: int
    """Code of the model's instrument, ``DROPPED`` where it knows none."""
    lowest: int
    highest: int
    """Keys that the model may give the part."""
    transpose: int
    """From key to sounding pitch, semitones."""

    def key(self, pitch: int) -> int:
        """Return the key that sounds a pitch, by octaves where that is out of reach; -1 where none is."""
        key = pitch - self.transpose
        if key < self.lowest:
            key += -(-(self.lowest - key) // OCTAVE) * OCTAVE
        elif key > self.highest:
            key -= -(-(key - self.highest) // OCTAVE) * OCTAVE
        return key if self.lowest <= key <= self.highest else -1

    def pitch(self, key: int) -> int:
        """Return what sounds when the part is given a key (engine's rule: by octaves into the keyboard)."""
        pitch = key + self.transpose
        while pitch >= PITCHES:
            pitch -= OCTAVE
        while pitch < 0:
            pitch += OCTAVE
        return pitch


Cast = tuple[Player, ...]
"""By part."""


def player_of(instrument: int, lowest: int, highest: int, transpose: int) -> Player:
    """Return a part as the model sees it: of the keys that it may be given, those where it usually plays.

    Where these are less than an octave, all that it may be given.
    """
    usual = [pitch - transpose for pitch in usual_range(instrument)]
    low, high = max(lowest, usual[0]), min(highest, usual[1])
    if high - low < OCTAVE - 1:
        low, high = lowest, highest
    return Player(instrument, low, high, transpose)


def cast_of(ensemble: Ensemble) -> Cast:
    """Return the parts of an ensemble as the model sees them.

    Raises:
        ValueError: the model knows none of its instruments.
    """
    cast = tuple(
        player_of(int(INSTRUMENT_OF[part.program]), part.lowest, part.highest, part.transpose)
        for part in ensemble.parts
    )
    if not any(player.instrument != DROPPED for player in cast):
        raise ValueError(
            f"ensemble {ensemble.name}: the model knows none of its instruments (effects, drums): give a part"
            " the General MIDI program of a melodic instrument"
        )
    return cast


def instruments(cast: Cast, parts: Iterable[int]) -> tuple[int, ...]:
    """Return the codes of the instruments of some parts, ascending, each once."""
    return tuple(sorted({cast[part].instrument for part in parts} - {DROPPED}))


@lru_cache
def homes(cast: Cast) -> tuple[float, ...]:
    """Return for each part the sounding pitch around which it plays among those of its instrument.

    They share its compass from the highest to the lowest, by the keys that they may be given, then in their
    order: without that, a bass would climb above a soprano.
    """
    found = [0.0] * len(cast)
    for instrument in {player.instrument for player in cast}:
        alike = [part for part, player in enumerate(cast) if player.instrument == instrument]
        alike.sort(key=lambda part: -(cast[part].lowest + cast[part].highest + 2 * cast[part].transpose))
        low, high = usual_range(instrument)
        for place, part in enumerate(alike):
            found[part] = high - (high - low) * (place + 0.5) / len(alike)
    return tuple(found)


def choose(
    cast: Cast,
    parts: Iterable[int],
    instrument: int,
    pitch: int,
    last: Sequence[int],
    taken: Iterable[tuple[int, int]],
) -> tuple[int, int] | None:
    """Return part and key for a note that the model writes, or None where no part can add it.

    Of the parts of that instrument, those come first that reach the pitch, then those that begin no other
    note now, then the nearest to what they played last and to where they are at home, then the first.

    Args:
        cast: all parts.
        parts: those that the model may use.
        instrument: code.
        pitch: as it is to sound.
        last: latest sounding pitch of each part, -1 where it has not played.
        taken: part and key of each note that begins at the same time.
    """
    busy = {part for part, _ in taken}
    found: list[tuple[bool, bool, float, int, int]] = []
    for part in parts:
        if cast[part].instrument != instrument:
            continue
        key = cast[part].key(pitch)
        if key < 0 or (part, key) in taken:
            continue
        far = abs(pitch - homes(cast)[part]) + (abs(pitch - last[part]) if last[part] >= 0 else 0)
        found.append((cast[part].pitch(key) != pitch, part in busy, far, part, key))
    if not found:
        return None
    *_, part, key = min(found)
    return part, key
