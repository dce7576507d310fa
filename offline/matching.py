"""Which part each track of an unknown file plays: by name, by the rule of a corpus, or from high to low."""

import re
import unicodedata
from collections.abc import Sequence

from offline.corpora.catalog import CORPORA, POP_PARTS
from offline.corpora.midi import Track
from offline.corpora.parts import Facts, Labels

NUMBERS = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "1st": "1", "2nd": "2", "first": "1", "second": "2"}
"""Words of a name that count voices."""
FAMILIES = frozenset(POP_PARTS)
"""Parts that are kinds of instruments: none of them is above another."""
FEWEST = 2
"""Parts that must have notes (Dong et al., ISMIR 2021, section 4.1)."""


def match_tracks(tracks: Sequence[Track], parts: Sequence[str]) -> Labels:
    """Return the part of each track, None for a track that no part plays.

    Where every track has the name of a part, the names decide; several tracks may play one part, and a part
    may be silent. Else the rule of a corpus that has these parts does, where there is one. Else tracks
    that have the name of no part are taken for the parts that no track has the name of, from high to low by
    mean pitch, where they are as many; where they are not, they are left out.

    Raises:
        ValueError: fewer than two parts would have notes.
    """
    names = [name_key(part) for part in parts]
    labels = [names.index(key) if (key := name_key(track.name)) in names else None for track in tracks]
    if None in labels:
        ruled = _by_rule(tracks, names)
        labels = ruled if _playing(ruled) >= FEWEST else _by_height(tracks, labels, names)
    if _playing(labels) < FEWEST:
        raise ValueError(_refusal(tracks, parts, labels))
    return labels


def name_key(name: str) -> str:
    """Return what two names of one part have in common: "Violin II" and "violin_2" are one."""
    words: list[str] = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(NUMBERS.get(word, word) for word in words)


def _playing(labels: Labels) -> int:
    return len({label for label in labels if label is not None})


def _by_rule(tracks: Sequence[Track], names: list[str]) -> Labels:
    """Return the labels by the rule of the corpus whose parts these are; where there is none, no label."""
    nobody: Labels = [None] * len(tracks)
    for corpus in CORPORA.values():
        known = [name_key(part) for part in corpus.parts]
        if corpus.rule and sorted(known) == sorted(names):
            labels = corpus.rule(tracks, Facts()) or nobody
            return [None if label is None else names.index(known[label]) for label in labels]
    return nobody


def _by_height(tracks: Sequence[Track], labels: Labels, names: list[str]) -> Labels:
    """Return the labels with the other tracks, from high to low, on the other parts, if they are as many."""
    places = [place for place, label in enumerate(labels) if label is None]
    others = [label for label in range(len(names)) if label not in labels]
    if len(places) != len(others) or set(names) == FAMILIES:
        return labels
    places.sort(key=lambda place: -tracks[place].notes[:, 1].mean())
    found = dict(zip(places, others, strict=True))
    return [found.get(place, label) for place, label in enumerate(labels)]


def _refusal(tracks: Sequence[Track], parts: Sequence[str], labels: Labels) -> str:
    """Return why these tracks are not the parts, and what to do."""
    how_many = f"{len(tracks)} track{' has' if len(tracks) == 1 else 's have'} notes"
    wanted = ", ".join(parts)
    if _playing(labels):
        only = next(parts[label] for label in labels if label is not None)
        return f"{how_many}, and only those of {only} can be told: name the tracks {wanted}"
    if {name_key(part) for part in parts} == FAMILIES:
        return f"{how_many}, and none that can be told: name them {wanted}, or give them such programs"
    return (
        f"{how_many}, and there are {len(parts)} parts: give it a track for each part, or name the tracks "
        f"{wanted}"
    )
