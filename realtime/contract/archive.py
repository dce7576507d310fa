"""Unpacking a plugin from an archive by a stranger: plain files only, inside the target, of bounded size."""

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, BinaryIO, cast

from realtime.contract.error import PluginError
from realtime.contract.files import MANIFEST, MAX_ENTRIES, MAX_FOLDER_BYTES

CHUNK = 2**16
MAX_HEADER_BYTES = 2**20
"""Longest single read: what is longer is an archive's index or header, never a file's data."""

MAX_NAME = 200

PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The zip methods whose memory use is bounded by what is asked of them."""

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    # What the standard readers let through on damaged headers, and names that cannot be files.
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    FileExistsError,
    NotADirectoryError,
)

Member = tuple[str, bool, str | None, IO[bytes] | None]
"""Name, whether a folder, why it is refused, and its data."""


def unpack(source: Path, target: Path) -> Path:
    """Unpack the .zip, .tar.gz or .tgz file ``source`` to the new folder ``target``.

    Returns the folder with the manifest: ``target`` or the single folder in it. What was written stays
    when it fails: the caller owns ``target``.

    Raises:
        PluginError: a member is refused, or the archive is damaged or too big.
        OSError: the target cannot be written.
    """
    name = source.name
    readers = {".zip": _zip_members, ".tar.gz": _tar_members, ".tgz": _tar_members}
    reader = next((reader for ending, reader in readers.items() if name.lower().endswith(ending)), None)
    if reader is None or not source.is_file():
        raise PluginError(name, "source", f"not a folder or a {', '.join(readers)} file; give one")
    target.mkdir(parents=True)
    try:
        with source.open("rb") as raw:
            _write_members(reader(cast(BinaryIO, _Bounded(raw))), target, name)
    except _TooBigError as error:
        raise _refusal(name, f"more than {MAX_FOLDER_BYTES / 2**20:g} MiB or an oversized header") from error
    except PluginError:
        raise
    except DAMAGE as error:
        raise PluginError(name, "archive", f"damaged ({error}); get it again") from error
    folders = [target, *sorted(path for path in target.iterdir() if path.is_dir())]
    for folder in folders[:2]:
        if (folder / MANIFEST).is_file():
            return folder
    raise PluginError(name, MANIFEST, "not in the archive; pack the plugin's folder")


def _write_members(members: Iterator[Member], target: Path, name: str) -> None:
    total = 0
    for count, (member, is_folder, refused, data) in enumerate(members, start=1):
        if count > MAX_ENTRIES:
            raise _refusal(name, f"more than {MAX_ENTRIES} members")
        path = target / _inside(member, name)
        if refused:
            raise _refusal(name, f"member {member!r} is {refused}")
        if is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        if data is None or path.exists():
            raise _refusal(name, f"member {member!r} is there twice or has no data")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            while chunk := data.read(CHUNK):
                total += len(chunk)
                if total > MAX_FOLDER_BYTES:  # counted here: a declared size may lie
                    raise _TooBigError
                stream.write(chunk)


def _inside(member: str, name: str) -> PurePosixPath:
    path = PurePosixPath(member)
    # Windows rules as well, wherever we run: drive letters and backslashes.
    if len(member) > MAX_NAME:
        raise _refusal(name, f"a member's name has more than {MAX_NAME} characters")
    if path.is_absolute() or ".." in path.parts or "\\" in member or PureWindowsPath(member).drive:
        raise _refusal(name, f"member {member!r} points outside the archive")
    return path


def _refusal(name: str, problem: str) -> PluginError:
    return PluginError(name, "archive", f"{problem}; pack only the plugin's own files, as plain files")


def _zip_members(raw: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(raw) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            refused = None
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                refused = "a link or device"
            elif info.flag_bits & 1:
                refused = "encrypted"
            elif info.compress_type not in PLAIN_METHODS:
                refused = "packed by a method other than deflate"
            if refused or info.is_dir():
                yield info.filename, info.is_dir(), refused, None
                continue
            with archive.open(info) as data:
                yield info.filename, False, None, data


def _tar_members(raw: BinaryIO) -> Iterator[Member]:
    with gzip.open(raw) as unpacked:
        bounded = cast(BinaryIO, _Bounded(cast(BinaryIO, unpacked)))
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            for info in archive:
                refused = None if info.isreg() or info.isdir() else "a link or device"
                yield info.name, info.isdir(), refused, archive.extractfile(info) if info.isreg() else None


class _TooBigError(Exception):
    """A read that no honest archive needs."""


class _Bounded:
    """A readable, seekable stream in which no read is longer than a header and none ends too far."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream

    def read(self, size: int | None = -1) -> bytes:
        limit = MAX_HEADER_BYTES if size is None or size < 0 else size
        if limit > MAX_HEADER_BYTES:
            raise _TooBigError
        data = self._stream.read(limit)
        if self._stream.tell() > MAX_FOLDER_BYTES:
            raise _TooBigError
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset < 0:  # a damaged index: no fault of the disk, so no OSError
            raise EOFError("an index points before its start")
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
