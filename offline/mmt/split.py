"""Which music is trained on: no test piece of any separator, nor anything like one.

Run as a module it makes the committed split again: ``python -m offline.mmt.split``.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sized
from pathlib import Path

from offline.chorales import load_chorales
from offline.corpora.catalog import CORPORA
from offline.corpora.load import load_corpus_split, split_file
from offline.corpora.reading import SIDES, Entry
from offline.corpora.sources import SUFFIXES, data_folder
from offline.mmt.music import MUSIC, Music, load_music
from offline.score import Piece
from offline.split import LINE_NEAR, LINE_NGRAM, Split, format_split, group_near_duplicates, load_split

COMMITTED = Path(__file__).with_name("split.toml")
CHORALE = "music21/"
"""What the names of the chorales begin with: they are not trained on, but nothing like a test chorale is."""
SIDE_NAMES: dict[str, str] = dict(zip(SIDES, Split._fields, strict=True))
LISTS = {side: f"{folder}-names.txt" for folder, side in SIDE_NAMES.items()}
"""Files of names that may lie in a user's folder: on each line a path within it, with or without suffix.

Those of Dong et al. (2023) for SOD and SymphonyNet hold the names of ``_theirs`` instead.
"""

log = logging.getLogger(__name__)


def load_music_split(key: str, entries: Mapping[str, Entry], *, data: Path | None = None) -> Split:
    """Return the sides of a body of music: those that are committed, listed in its folder, or by rule.

    Raises:
        ValueError: a file of the split is damaged, or lists have no name of a piece for some side.
    """
    if MUSIC[key].committed:
        return Split(*(tuple(n for n in names if n in entries) for names in load_split(COMMITTED)))
    return _listed(MUSIC[key], entries, data_folder(data)) or by_work(entries)


def by_work(entries: Mapping[str, Entry]) -> Split:
    """Return a split of about 8:1:1 that depends on nothing but the name of each work, or piece.

    It takes no time for collections of any size, and does not look for near duplicates.
    """
    sides: dict[str, list[str]] = {side: [] for side in Split._fields}
    for name, entry in entries.items():
        known = f"{entry.source}/{entry.work}" if entry.work else name
        number = int.from_bytes(hashlib.sha256(known.encode()).digest()[:8]) % 10
        sides[{0: "test", 1: "validation"}.get(number, "train")].append(name)
    return Split(**{side: tuple(names) for side, names in sides.items()})


def _listed(music: Music, entries: Mapping[str, Entry], data: Path) -> Split | None:
    """Return the split that lists in the folder give; None without."""
    (source,) = music.sources
    files = {side: data / source.key / name for side, name in LISTS.items()}
    if not all(path.is_file() for path in files.values()):
        return None
    known, folder = _known(source.key, entries), data / source.key
    sides, strange = {}, 0
    for side, path in files.items():
        lines = {_without_suffix(line.strip()) for line in path.read_text("utf-8").splitlines()} - {""}
        names = {known[line] for line in lines if line in known}
        strange += len(lines - known.keys())
        sides[side] = tuple(name for name in entries if name in names)
    if empty := [LISTS[side] for side, names in sides.items() if not names]:
        raise ValueError(
            f"{folder}: no piece in it has a name of {' or '.join(empty)}; a line is the path of a file in "
            "this folder, or COLLECTION/COLLECTION-NUMBER as in the lists of the paper's authors: mend the "
            "lists, or remove them"
        )
    if strange:
        log.warning("%s: %d names of its lists are of no piece in it", folder, strange)
    return Split(**sides)


def _known(source: str, entries: Iterable[str]) -> dict[str, str]:
    """Return the pieces of a source by what lists may call them."""
    own = {name.removeprefix(f"{source}/"): name for name in entries}
    theirs = Counter(map(_theirs, own))
    return {_theirs(name): entry for name, entry in own.items() if theirs[_theirs(name)] == 1} | own


def _theirs(name: str) -> str:
    """Return what the lists of Dong et al. (2023) call a file of SOD or SymphonyNet.

    Of ``Musicalion/1018/TITLE`` it is ``Musicalion/Musicalion-1018``, of ``classical/TITLE`` it is
    ``classical/classical-TITLE``.
    """
    collection, _, rest = name.partition("/")
    return f"{collection}/{collection}-{rest.partition('/')[0].partition('.')[0]}"


def _without_suffix(line: str) -> str:
    # Titles hold dots, as in "Concerto No.3 2.Adagio": only a suffix of MIDI files is none of the name.
    path = Path(line)
    return (path.with_suffix("") if path.suffix.lower() in SUFFIXES else path).as_posix() if line else ""


def check_side(side: str, pieces: Sized, keys: Iterable[str]) -> None:
    """Refuse a side of the split of several bodies of music that has no pieces.

    Raises:
        ValueError: it has none.
    """
    if not len(pieces):
        raise ValueError(
            f"{', '.join(keys)}: no piece is on the {side} side of the split; give more files, or, in a "
            f"folder of your own, a list of names for each side: {', '.join(LISTS.values())}"
        )


def guarded(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Return the side, test or validation, of each piece that may not be trained on for what it is.

    It is on that side of a separator's corpus, or its source puts it there; test goes before validation.
    """
    sides: dict[str, str] = {}
    for side in ("validation", "test"):
        sides |= {name: side for name, entry in entries.items() if SIDE_NAMES.get(entry.side) == side}
    for side in ("validation", "test"):
        for key, corpus in CORPORA.items():
            if not split_file(key).is_file():
                continue
            names = set(getattr(load_corpus_split(key), side))
            prefixes = [source.key for source in corpus.sources] or [CHORALE.rstrip("/")]
            for found in (f"{prefix}/{name}" for prefix in prefixes for name in names):
                if sides.get(found) != "test":
                    sides[found] = side
    return sides


def make_music_split(entries: Mapping[str, Entry], chorales: Mapping[str, Piece]) -> Split:
    """Return the split of the music that comes with sides, with near duplicates and works on one side.

    A group with a test piece goes to the test side, another with a validation piece to the validation side.
    """
    sides = guarded(entries)
    pieces = {name: entry.piece for name, entry in entries.items()}
    pieces |= {CHORALE + name: piece for name, piece in chorales.items() if CHORALE + name in sides}
    works = {name: f"{entry.source}/{entry.work}" for name, entry in entries.items() if entry.work}
    found: dict[str, list[str]] = {side: [] for side in Split._fields}
    for group in group_near_duplicates(pieces, lines=True, works=works):
        on = {sides.get(name, "train") for name in group}
        side = next(side for side in ("test", "validation", "train") if side in on)
        found[side] += [name for name in group if name in entries]
    return Split(**{side: tuple(sorted(names)) for side, names in found.items()})


def main() -> None:
    """Write the committed split."""
    entries = {n: e for key, music in MUSIC.items() if music.committed for n, e in load_music(key).items()}
    split = make_music_split(entries, load_chorales())
    text = format_split(split, 0, "continuation").splitlines(keepends=True)
    text[:2] = [
        "# Pieces of the music for continuation by side; made by: python -m offline.mmt.split\n",
        f"# sides of the sources and the separators, {LINE_NGRAM}-grams of the outer lines, works, "
        f"near duplicates from an overlap of {LINE_NEAR}\n",
    ]
    COMMITTED.write_text("".join(text), "utf-8")
    print({side: len(names) for side, names in split._asdict().items()})


if __name__ == "__main__":
    main()
