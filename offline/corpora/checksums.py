"""What a source holds, as it was when it was got: a list of SHA-256 sums in the format of ``sha256sum``."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from offline.corpora.sources import INDEX, source_files


class Changes(NamedTuple):
    """How the files of a source differ from its list; paths within the source."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]


def sums_file(folder: Path) -> Path:
    """Return where the list of a source lies: beside its folder, which may be the user's own."""
    return folder.with_name(f"{folder.name}.sha256")


def _listed(folder: Path) -> dict[str, Path]:
    """Return the files of a source by path within it: its music, and its index where there is one."""
    index = folder / INDEX
    files = [*source_files(folder), *([index] if index.is_file() else [])]
    return {file.relative_to(folder).as_posix(): file for file in files}


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path, *, index: Path | None = None, progress: bool = True) -> Path:
    """Write the list of the files of ``folder``; return where it is.

    ``index`` is the draft of an index that will be put there when all else is done.
    """
    path = sums_file(folder)
    files = _listed(folder) | ({INDEX: index} if index else {})
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as out:
        for name in _shown(list(files), f"summing {folder.name}", progress):
            out.write(f"{_sum(files[name])}  {name}\n")
    os.replace(draft, path)
    return path


def compare_sums(folder: Path, *, progress: bool = True) -> Changes | None:
    """Return how ``folder`` differs from its list, or None if there is no list.

    Raises:
        ValueError: the list is damaged.
    """
    path = sums_file(folder)
    if not path.is_file():
        return None
    wanted = {}
    for line in path.read_text("utf-8").splitlines():
        digest, found, name = line.partition("  ")
        if not found or len(digest) != 64:
            raise ValueError(f"{path} is damaged: get the source again to write it anew")
        wanted[name] = digest
    there = _listed(folder)
    missing = tuple(sorted(set(wanted) - set(there)))
    both = sorted(set(wanted) & set(there))
    changed = tuple(
        n for n in _shown(both, f"checking {folder.name}", progress) if _sum(there[n]) != wanted[n]
    )
    return Changes(missing, changed, tuple(sorted(set(there) - set(wanted))))


def _shown(items: list[str], what: str, progress: bool) -> Iterable[str]:
    from tqdm import tqdm

    return tqdm(items, what, unit="file", disable=not progress, delay=1.0)
