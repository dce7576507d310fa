"""The files that a command writes, looked at before its work begins: none of them is a file that it reads.

What a command can't write would else be known only at its end, after a concert or an hour of rendering.
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

TERMINAL = "-"
"""In place of a file for ``--json``."""

SUFFIXES = {"WAV": (".wav", ".wave"), "MIDI": (".mid", ".midi")}
"""What the names of files end in, by their kind."""

Write = tuple[str, Path | str | None]
"""The option, and its file as it was given; None or ``-``: no file is written."""


def check_outputs(reads: Iterable[Path | str | None], writes: Iterable[Write]) -> None:
    """Check that every file of ``writes`` can be written without harm to another.

    Args:
        reads: what the command reads; None where an option was not given.
        writes: options and their files.

    Raises:
        ValueError: one of the files is read by the command, or written twice.
        OSError: a folder is missing or closed to us, or a file is a folder.
    """
    files = _files(writes)
    refuse_same(reads, files)
    for _, path in files:
        check_place(path)


def refuse_same(reads: Iterable[Path | str | None], writes: Iterable[Write]) -> None:
    """Check that no file is written that is read, or written twice; arguments as for ``check_outputs``.

    Raises:
        ValueError: one is.
    """
    inputs = [Path(path).expanduser() for path in reads if path]
    earlier: list[tuple[str, Path]] = []
    for option, path in _files(writes):
        if path.exists() and not path.is_file():  # a device such as /dev/null loses nothing
            continue
        if any(_same(path, each) for each in inputs):
            raise ValueError(f"{option} {path}: this file is read, and would be lost; give another one")
        for other, each in earlier:
            if _same(path, each):
                raise ValueError(f"{option} {path}: {other} writes the same file; give another one")
        earlier.append((option, path))


def check_place(path: Path | str | None) -> None:
    """Check that there can be a file at ``path``, without making it.

    Raises:
        OSError: its folder is missing or closed to us, or it is a folder itself.
    """
    if path is None or str(path) == TERMINAL:
        return
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder; give a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "it can't be written: permission denied", str(path))


def check_folder(path: Path | None) -> None:
    """Check that files can be written to the folder ``path``, which is made later where there is none.

    Raises:
        OSError: it is a file, or closed to us; or the folder that it is to be made in is missing or closed.
    """
    if path is None:
        return
    if not path.is_dir():
        if path.exists():
            raise NotADirectoryError(errno.ENOTDIR, "it is a file; give a folder", str(path))
        check_place(path)
    elif not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "it can't be written: permission denied", str(path))


def check_suffix(option: str, path: Path | None, kind: str) -> None:
    """Check that the name of a file does not promise another kind of it; one without an ending promises none.

    Raises:
        ValueError: it does.
    """
    if path and path.suffix and path.suffix.lower() not in SUFFIXES[kind]:
        first, other = SUFFIXES[kind]
        raise ValueError(f"{option} {path}: only {kind} files are written here; name it {first} or {other}")


def ensemble_file(name: str | None) -> Path | None:
    """Return the file that ``--ensemble`` names, or None where it is a name of the library."""
    return Path(name) if name and name.endswith(".toml") else None


def _files(writes: Iterable[Write]) -> list[tuple[str, Path]]:
    return [(option, Path(path)) for option, path in writes if path is not None and str(path) != TERMINAL]


def _same(one: Path, other: Path) -> bool:
    """Return whether both are one file, by another name or link, or would be if they were there."""
    try:
        if one.samefile(other):
            return True
    except OSError:  # one of them is not there yet
        pass
    return one.resolve() == other.resolve()
