"""``concertino data get``: from where the public can get it to the folder that corpora are read from."""

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from offline.corpora.catalog import CORPORA, Corpus
from offline.corpora.checksums import sums_file, write_sums
from offline.corpora.engraving import engrave, need_lilypond, read_header
from offline.corpora.fetch import fetch_commit
from offline.corpora.midi import read_sheet
from offline.corpora.musicxml import convert_musicxml
from offline.corpora.recipes import RECIPES, Origin, Recipe
from offline.corpora.sources import INDEX, Source, source_files
from offline.split import SPLIT_FILE, Split, load_split

FETCHING = ".fetching"
"""Folder within the data folder that holds what is fetched until it is converted."""
SIDES = {"test": "test", "validation": "valid", "train": "train"}
"""Folder of each side of a split, as sources sort their files."""

log = logging.getLogger(__name__)


def get_corpus(corpus: Corpus, data: Path, given: Path | None = None, *, progress: bool = True) -> list[Path]:
    """Put the sources of a corpus into the folder ``data``; return their folders.

    ``given`` is a folder that the user has: of MIDI files, which is linked to, or a clone of the repository.
    What is there already stays as it is; after an interruption, only what is missing is made.

    Raises:
        OSError: a source can't be fetched, a program is missing, or there is no space.
        ValueError: ``given`` holds no file of the corpus, or nothing could be made.
    """
    found = {source: _given(source, corpus, given) if given else None for source in corpus.sources}
    if given is not None and not any(found.values()):
        raise ValueError(
            f"{given} holds neither MIDI files nor a repository of {corpus.title}: give the folder "
            f"of one ({', '.join(source.key for source in corpus.sources)}), or one that holds them all"
        )
    made = [s for s, own in found.items() if own is None and not (data / s.key / INDEX).is_file()]
    if any(RECIPES[source.key].kind == "lilypond" for source in made if source.key in RECIPES):
        need_lilypond()  # not after an hour of fetching others
    return [get_source(source, data, own, progress=progress) for source, own in found.items()]


def _given(source: Source, corpus: Corpus, given: Path) -> Path | None:
    """Return the folder of a source in what the user gave, None where that holds other sources only."""
    if (given / source.key).is_dir():
        return given / source.key
    if (given / ".git").exists():
        recipe = RECIPES.get(source.key)
        return given if recipe and any((given / root).is_dir() for root in recipe.roots) else None
    alone = len(corpus.sources) == 1 or given.name == source.key
    return given if alone and source_files(given) else None


def get_source(source: Source, data: Path, own: Path | None = None, *, progress: bool = True) -> Path:
    """Put one source into the folder ``data``; return its folder.

    ``own`` is the user's own folder of its MIDI files, or clone of its repository.

    Raises:
        OSError, ValueError: as ``get_corpus``.
    """
    folder = data / source.key
    data.mkdir(parents=True, exist_ok=True)
    clone = own is not None and (own / ".git").exists()
    if own is not None and not clone:
        return _link(source, own, folder, progress)
    if (folder / INDEX).is_file():
        return folder
    recipe = RECIPES.get(source.key)
    if recipe is None:
        raise OSError(
            f"{source.title} is not to be had by a command: {source.by_hand}; then give it as --from"
        )
    if recipe.kind == "lilypond":
        need_lilypond()
    tree = own if own is not None else data / FETCHING / source.key
    if own is None:
        fetch_commit(source, recipe.patterns, tree, progress=progress)
    _make(source, recipe, tree, folder, progress)
    if own is None:
        shutil.rmtree(tree, ignore_errors=True)
    return folder


def _link(source: Source, own: Path, folder: Path, progress: bool) -> Path:
    """Let ``folder`` be the user's folder, and list what it holds."""
    if folder.exists() and folder.samefile(own):  # a link that is unlinked first would lead to itself
        write_sums(folder, progress=progress)
        return folder
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        raise OSError(f"{folder} is there already: remove it first to use {own} for {source.title}")
    try:
        folder.symlink_to(own.resolve(), target_is_directory=True)
    except OSError as error:
        raise OSError(
            f"{folder} can't be made a link to {own} ({error.strerror}): name the folder {source.key}, and "
            "its parent in the variable CONCERTINO_DATA"
        ) from error
    write_sums(folder, progress=progress)
    return folder


@contextmanager
def links_kept(corpus: Corpus, data: Path) -> Iterator[None]:
    """Put links to the user's folders, and the lists of what these hold, back as they were on any error."""
    folders = [data / source.key for source in corpus.sources]
    before = [_link_and_list(folder) for folder in folders]
    try:
        yield
    except BaseException:
        for folder, (target, listed) in zip(folders, before, strict=True):
            if not folder.is_symlink() or _link_and_list(folder) == (target, listed):
                continue
            folder.unlink()
            if target is not None:
                folder.symlink_to(target, target_is_directory=True)
            if listed is None:
                sums_file(folder).unlink(missing_ok=True)
            else:
                sums_file(folder).write_bytes(listed)
        raise


def _link_and_list(folder: Path) -> tuple[Path | None, bytes | None]:
    """Return where a folder links to, if it is a link, and its list of sums, if there is one."""
    sums = sums_file(folder)
    return folder.readlink() if folder.is_symlink() else None, sums.read_bytes() if sums.is_file() else None


def _make(source: Source, recipe: Recipe, tree: Path, folder: Path, progress: bool) -> None:
    """Make the MIDI files of a source from its work tree, then their list of sums, last their index."""
    from tqdm import tqdm

    origins = list(_wanted(source, recipe, tree))
    splits = _splits(source)
    make = partial(_make_one, recipe.kind, tree, folder, splits)
    entries = []
    with ProcessPoolExecutor() as pool:
        results = pool.map(make, origins)
        for origin, result in zip(
            origins,
            tqdm(results, f"making {source.key}", len(origins), unit="file", disable=not progress),
            strict=True,
        ):
            if isinstance(result, str):
                log.warning("%s is left out: %s", origin.path, result)
            else:
                entries += result
    if not entries:
        raise ValueError(f"nothing could be made of {source.repository}: its files are not where they were")
    for notice in recipe.notices:
        if (tree / notice).is_file():
            shutil.copyfile(tree / notice, folder / notice)
    draft = folder / f"{INDEX}.part"
    draft.write_text(json.dumps(entries, indent=0, ensure_ascii=False), "utf-8")
    write_sums(folder, index=draft, progress=progress)
    os.replace(draft, folder / INDEX)  # last, as it says that all is there


def _wanted(source: Source, recipe: Recipe, tree: Path) -> Iterator[Origin]:
    """Yield the files of a work tree to be converted, in the order of their paths."""
    suffixes = {"midi": (".mid",), "musicxml": (".mxl", ".xml", ".musicxml"), "lilypond": (".ly",)}[
        recipe.kind
    ]
    # Each engraved piece takes seconds: those that no corpus uses are not made.
    names = {n for s in _splits(source) for side in s for n in side} if recipe.kind == "lilypond" else None
    for root in recipe.roots:
        for path in sorted((tree / root).rglob("*")):
            if path.suffix.lower() not in suffixes:
                continue
            origin = recipe.describe(PurePosixPath(path.relative_to(tree).as_posix()))
            if origin and (names is None or origin.name in names or f"{origin.name}_1" in names):
                yield origin


def _splits(source: Source) -> list[Split]:
    """Return the committed splits of the corpora that are read from a source."""
    users = [c.key for c in CORPORA.values() if source.key in [own.key for own in c.sources]]
    files = [SPLIT_FILE.with_name(f"{key}.toml") for key in users]
    return [load_split(path) for path in files if path.is_file()]


def _side(name: str, splits: list[Split]) -> str:
    """Return the folder of a piece: that of the most guarded side that any split puts it on."""
    return next((f for side, f in SIDES.items() if any(name in getattr(s, side) for s in splits)), "train")


def _make_one(kind: str, tree: Path, folder: Path, splits: list[Split], origin: Origin) -> list[dict] | str:
    """Make the MIDI files of one file; return their entries in the index, or what is wrong with it."""
    try:
        return [
            _entry(origin, path, folder) | _header(kind, tree / origin.path)
            for path in MAKERS[kind](tree / origin.path, origin.name, folder, splits)
        ]
    except (OSError, ValueError) as error:
        return str(error)
    except Exception as error:  # music21 raises whatever its many parsers happen to raise
        return f"{type(error).__name__}: {error}"


def _copy(score: Path, name: str, folder: Path, splits: list[Split]) -> list[Path]:
    into = folder / _side(name, splits) / f"{name}.mid"
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(score, into)
    return [into]


def _convert(score: Path, name: str, folder: Path, splits: list[Split]) -> list[Path]:
    into = folder / _side(name, splits) / f"{name}.mid"
    if not into.is_file():  # made before an interruption
        convert_musicxml(score, into)
    return [into]


def _engrave(score: Path, name: str, folder: Path, splits: list[Split]) -> list[Path]:
    sides = {_side(piece, splits) for piece in (name, f"{name}_1")} - {"train"} or {"train"}
    into = folder / min(sides)
    if (into / f"{name}.mid").is_file():
        return [into / f"{name}.mid"]
    if (into / f"{name}_1.mid").is_file():
        return sorted(into.glob(f"{name}_[0-9]*.mid"))
    return engrave(score, name, into)


MAKERS: dict[str, Callable[[Path, str, Path, list[Split]], list[Path]]] = {
    "midi": _copy,
    "musicxml": _convert,
    "lilypond": _engrave,
}


def _header(kind: str, score: Path) -> dict[str, str]:
    return read_header(score) if kind == "lilypond" else {}


def _entry(origin: Origin, path: Path, folder: Path) -> dict:
    """Return what the index tells of a file: its work and its tracks."""
    tracks = read_sheet(path).tracks
    return {
        "file": path.relative_to(folder).as_posix(),
        "work": origin.work,
        "notes": sum(len(track.notes) for track in tracks),
        "tracks": [
            {"name": t.name, "program": t.program, "drum": bool(t.drums), "notes": len(t.notes)}
            for t in tracks
        ],
    }
