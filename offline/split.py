"""A fixed split by piece that keeps near duplicates (one chorale in another key or print) on one side."""

import random
import tomllib
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

from offline.score import Piece

SPLIT_FILE = Path(__file__).with_name("splits") / "bach-music21.toml"
NGRAM = 6
"""Melodic intervals in a row that two pieces must share in one part."""
NEAR = 0.2
"""Share of the n-grams of the smaller piece from which on two pieces are near duplicates.

On the chorales, unrelated pieces share under 0.1, settings of one tune 0.1 to 0.5, prints of one setting
0.7 and more: 0.2 puts most settings of one tune on one side too.
"""


class Split(NamedTuple):
    """The names of the pieces on each side."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def interval_ngrams(piece: Piece) -> set[tuple[int, ...]]:
    """Return every run of ``NGRAM`` melodic intervals, each headed by its part: the same in any key."""
    found = set()
    for part in range(int(piece.part.max()) + 1):
        pitches = piece.pitch[piece.part == part].tolist()
        steps = [b - a for a, b in pairwise(pitches)]
        found.update((part, *steps[i : i + NGRAM]) for i in range(len(steps) - NGRAM + 1))
    return found


def overlap(a: set, b: set) -> float:
    """Return the share of the smaller set that lies in the other, 0 to 1."""
    return len(a & b) / max(1, min(len(a), len(b)))


def group_near_duplicates(pieces: dict[str, Piece]) -> list[list[str]]:
    """Return the names in groups: near duplicates, and theirs in turn, share a group."""
    grams = {name: interval_ngrams(piece) for name, piece in pieces.items()}
    group = {name: [name] for name in pieces}
    for a, b in combinations(pieces, 2):
        if group[a] is not group[b] and overlap(grams[a], grams[b]) >= NEAR:
            group[a].extend(group[b])
            for name in group[b]:
                group[name] = group[a]
    return sorted(sorted(g) for g in {id(g): g for g in group.values()}.values())


def make_split(pieces: dict[str, Piece], seed: int = 0) -> Split:
    """Return a split of about 8:1:1 by piece, with each group of near duplicates on one side."""
    groups = group_near_duplicates(pieces)
    random.Random(seed).shuffle(groups)
    share = round(len(pieces) / 10)
    sides: dict[str, list[str]] = {"test": [], "validation": [], "train": []}
    for group in groups:
        side = next((s for s in ("test", "validation") if len(sides[s]) + len(group) <= share), "train")
        sides[side] += group
    return Split(**{side: tuple(sorted(names)) for side, names in sides.items()})


def format_split(split: Split, seed: int) -> str:
    """Return ``split`` as the TOML text that is committed."""
    lines = [
        "# Pieces of the music21 corpus by side; made by: concertino train split",
        f"# {NGRAM}-grams of intervals, near duplicates from an overlap of {NEAR}, seed {seed}",
    ]
    for side, names in split._asdict().items():
        lines += ["", f"# {len(names)} pieces", f"{side} = ["]
        lines += [
            "  " + ", ".join(f'"{name}"' for name in names[i : i + 8]) + "," for i in range(0, len(names), 8)
        ]
        lines += ["]"]
    return "\n".join(lines) + "\n"


def load_split(path: Path = SPLIT_FILE) -> Split:
    """Return the committed split.

    Raises:
        ValueError: the file is not a split.
    """
    try:
        sides = tomllib.loads(path.read_text("utf-8"))
        return Split(**{side: tuple(sides[side]) for side in Split._fields})
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(
            f"{path} is not a split of pieces: {error}; restore it from the repository"
        ) from error


def pick(pieces: dict[str, Piece], names: tuple[str, ...]) -> list[Piece]:
    """Return the named pieces, in the order of the names.

    Raises:
        ValueError: a piece is not there.
    """
    missing = sorted(set(names) - set(pieces))
    if missing:
        raise ValueError(
            f"the corpus lacks {len(missing)} pieces of the split ({', '.join(missing[:3])} ...): "
            "install a music21 of 9.5 or later, with its corpus"
        )
    return [pieces[name] for name in names]
