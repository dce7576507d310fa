"""Bounded reading of plugin folders: nothing is opened before its kind and size are known."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from realtime.contract.error import PluginError

MANIFEST = "manifest.json"
CARD = "README.md"

MAX_MANIFEST_BYTES = 2**20
MAX_CARD_BYTES = 2**20
MAX_GRAPH_BYTES = 512 * 2**20
MAX_FOLDER_BYTES = MAX_GRAPH_BYTES + 64 * 2**20
MAX_ENTRIES = 64
"""Files and folders in a plugin, at any depth."""


def check_folder(folder: Path, name: str) -> list[Path]:
    """Return the files of a plugin folder, sorted, relative to it; ``name`` is for messages.

    Raises:
        PluginError: the folder is missing, too big, or holds anything but plain files and folders.
    """
    found: list[Path] = []
    total = 0
    try:
        if not folder.is_dir():
            raise PluginError(name, "folder", f"{folder} is not a folder; give one with a {MANIFEST} in it")
        for count, entry in enumerate(_walk(folder), start=1):
            path = Path(entry.path).relative_to(folder)
            if count > MAX_ENTRIES:
                raise PluginError(
                    name, "folder", f"more than {MAX_ENTRIES} files; keep only the plugin's own"
                )
            if entry.is_dir(follow_symlinks=False):
                continue
            status = entry.stat(follow_symlinks=False)
            _check_plain(status, name, path.as_posix())
            total += status.st_size
            if total > MAX_FOLDER_BYTES:
                raise PluginError(name, "folder", _too_big(MAX_FOLDER_BYTES))
            found.append(path)
    except OSError as error:
        raise PluginError(name, "folder", f"{error}; make it readable") from error
    return sorted(found)


def read_file(folder: Path, file: str, limit: int, name: str) -> bytes:
    """Return the bytes of the plain file ``file`` of ``folder``, at most ``limit`` of them.

    Raises:
        PluginError: the file is missing, unreadable, a link, no plain file, or longer than ``limit``.
    """
    path = folder / file
    try:
        _check_plain(path.lstat(), name, file)
        if path.resolve().parent != folder.resolve():
            raise PluginError(name, file, "lies outside the plugin's folder; put it inside")
        if path.stat().st_size > limit:
            raise PluginError(name, file, _too_big(limit))
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError as error:
        raise PluginError(name, file, f"missing in {folder}; put it there or add the plugin again") from error
    except OSError as error:
        raise PluginError(name, file, f"{error}; make it readable") from error
    if len(data) > limit:  # it grew since its size was read
        raise PluginError(name, file, _too_big(limit))
    return data


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))


def _check_plain(status: os.stat_result, name: str, file: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise PluginError(name, file, "a link; put the file itself in its place")
    if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device could block for ever
        raise PluginError(name, file, "not a plain file; put the file itself in its place")


def _too_big(limit: int) -> str:
    return f"larger than the {limit / 2**20:g} MiB allowed; make it smaller"
