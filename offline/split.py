"""A fixed split by piece that keeps near duplicates (another key, print, movement or work) on one side."""

import json
import random
import textwrap
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from offline.score import Piece

SPLIT_FILE = Path(__file__).with_name("splits") / "bach-music21.toml"
NGRAM = 6
"""Melodic intervals in a row that two pieces must share in one part."""
NEAR = 0.2
"""Share of the n-grams of the smaller piece from which on two pieces are near duplicates.

On the chorales, unrelated pieces share under 0.1, settings of one tune 0.1 to 0.5, prints of one setting
0.7 and more: 0.2 puts most settings of one tune on one side too.
"""
LINE_NGRAM, VARIETY = 12, 4
"""Melodic intervals in a row, and how many of them must differ, for pieces of any length and texture.

Shorter runs, scales, trills and repeated figures are common to all music, and a long piece holds most.
"""
LINE_NEAR = 0.1
"""As ``NEAR``, for those. On quartets, orchestral music and songs, unrelated pieces share under 0.09, and
editions, movements and arrangements of one piece 0.6 and more.
"""


FEWEST = 3
"""Pieces, none of them like another, of which a split has a side each."""


class Split(NamedTuple):
    """The names of the pieces on each side."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def check_sides(self, corpus: str) -> None:
        """Refuse a split that has nothing to learn from, to choose by or to measure on.

        Raises:
            ValueError: a side is empty; the message says how many pieces are needed.
        """
        counts = {side: len(names) for side, names in self._asdict().items()}
        if not all(counts.values()):
            told = ", ".join(f"{side} {count}" for side, count in counts.items())
            raise ValueError(
                f"{corpus} has {sum(counts.values())} pieces, and a side of its split has none ({told}): "
                f"give at least {FEWEST} pieces that are not of one work, nor like each other, or, where the "
                "folder has sides of its own, one in each"
            )


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


def line_ngrams(piece: Piece) -> np.ndarray:
    """Return hashes of the runs of ``LINE_NGRAM`` intervals in the outer lines of each part.

    They are the same in any key, whichever part plays them, and whatever sounds between the lines.
    Shape (runs,), sorted, each once, uint64.
    """
    found = [np.zeros(0, np.uint64)]
    for part in np.unique(piece.part):
        onset, pitch = piece.onset[piece.part == part], piece.pitch[piece.part == part]
        lowest = np.flatnonzero(np.diff(onset, prepend=-1))
        highest = np.append(lowest[1:], len(onset)) - 1
        # A part that plays one note at a time has one line.
        for line in [lowest] if np.array_equal(lowest, highest) else [lowest, highest]:
            steps = np.diff(pitch[line])
            if len(steps) < LINE_NGRAM:
                continue
            runs = np.lib.stride_tricks.sliding_window_view(steps, LINE_NGRAM)
            different = np.count_nonzero(np.diff(np.sort(runs, axis=1), axis=1), axis=1) + 1
            found.append(_hashes(runs[different >= VARIETY]))
    return np.unique(np.concatenate(found))


def _hashes(runs: np.ndarray) -> np.ndarray:
    """Return a hash of each row of intervals, uint64."""
    hashed = np.zeros(len(runs), np.uint64)
    for column in runs.T:
        hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + (column + 128).astype(np.uint64)  # wraps around
    return hashed


class Pair(NamedTuple):
    """Two pieces that share some of their runs of intervals."""

    a: str
    b: str
    overlap: float
    """Share of the runs of the smaller piece, above 0, at most 1."""


def overlaps(grams: Mapping[str, np.ndarray], near: float) -> list[Pair]:
    """Return every pair of pieces whose overlap is ``near`` or more.

    ``grams`` holds the hashes of the runs of each piece, each once. It takes seconds for thousands of pieces.
    """
    from scipy.sparse import csr_array

    names, sizes = list(grams), np.array([len(g) for g in grams.values()])
    if not sizes.any():
        return []
    _, run = np.unique(np.concatenate(list(grams.values())), return_inverse=True)
    table = csr_array((np.ones(len(run), np.int32), (np.repeat(np.arange(len(names)), sizes), run)))
    shared = (table @ table.T).tocoo()
    a, b = shared.row, shared.col
    share = shared.data / np.minimum(sizes[a], sizes[b])
    wanted = np.flatnonzero((a < b) & (share >= near))
    return [Pair(names[a[i]], names[b[i]], float(share[i])) for i in wanted]


def near_duplicates(pieces: dict[str, Piece], *, lines: bool = False) -> list[Pair]:
    """Return the pairs of near duplicates.

    They are found by the intervals of each part; with ``lines`` by those of the outer lines of all parts,
    which finds movements and arrangements too, and is meant for pieces longer than chorales.
    """
    if lines:
        return overlaps({name: line_ngrams(piece) for name, piece in pieces.items()}, LINE_NEAR)
    grams = {
        name: _hashes(np.array(sorted(interval_ngrams(piece)), np.int64).reshape(-1, NGRAM + 1))
        for name, piece in pieces.items()
    }
    return overlaps(grams, NEAR)


def group_near_duplicates(
    pieces: dict[str, Piece], *, lines: bool = False, works: Mapping[str, str] | None = None
) -> list[list[str]]:
    """Return the names in groups: near duplicates, and theirs in turn, share a group.

    So do pieces that ``works`` gives the same work, where it gives one that is not empty.
    """
    group = {name: [name] for name in pieces}

    def join(a: str, b: str) -> None:
        if group[a] is not group[b]:
            group[a].extend(group[b])
            for name in group[b]:
                group[name] = group[a]

    for pair in near_duplicates(pieces, lines=lines):
        join(pair.a, pair.b)
    first: dict[str, str] = {}
    for name in pieces:
        if work := (works or {}).get(name):
            join(first.setdefault(work, name), name)
    return sorted(sorted(g) for g in {id(g): g for g in group.values()}.values())


def make_split(
    pieces: dict[str, Piece], seed: int = 0, *, lines: bool = False, works: Mapping[str, str] | None = None
) -> Split:
    """Return a split of about 8:1:1 by piece, with each group of near duplicates on one side.

    Of few pieces, but three at least, each side has one, if the groups allow it: the test pieces first.
    ``lines`` and ``works`` are as for ``group_near_duplicates``; with ``works``, a group of more than half a
    side goes to training.
    """
    groups = group_near_duplicates(pieces, lines=lines, works=works)
    random.Random(seed).shuffle(groups)
    share = round(len(pieces) / 10) or int(len(pieces) >= FEWEST)
    # A group that would be most of a side is no sample of the corpus.
    largest = share // 2 if works else share
    sides: dict[str, list[str]] = {"test": [], "validation": [], "train": []}
    for place, group in enumerate(groups):
        small = len(group) <= max(1, largest)
        last = place == len(groups) - 1 and not sides["train"]  # somebody has to be learned from
        fits = (s for s in ("test", "validation") if small and len(sides[s]) + len(group) <= share)
        side = "train" if last else next(fits, "train")
        sides[side] += group
    return Split(**{side: tuple(sorted(names)) for side, names in sides.items()})


def format_split(split: Split, seed: int, corpus: str = "") -> str:
    """Return ``split`` as the TOML text that is committed; without ``corpus`` it is that of the chorales."""
    if corpus:
        made, rule = f"concertino data split {corpus}", f"{LINE_NGRAM}-grams of the outer lines, works"
    else:
        made, rule = "concertino train split", f"{NGRAM}-grams of intervals"
    near = LINE_NEAR if corpus else NEAR
    lines = [
        f"# Pieces of {corpus or 'the music21 corpus'} by side; made by: {made}",
        f"# {rule}, near duplicates from an overlap of {near}, seed {seed}",
    ]
    for side, names in split._asdict().items():
        quoted = ", ".join(json.dumps(name) for name in names) + "," * bool(names)
        wrapped = textwrap.fill(quoted, 110, break_long_words=False, break_on_hyphens=False)
        lines += ["", f"# {len(names)} pieces", f"{side} = [", textwrap.indent(wrapped, "  "), "]"]
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
            "install a music21 of 9.5 or later, or run: concertino data check"
        )
    return [pieces[name] for name in names]
