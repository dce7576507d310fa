"""Which SoundFont is played: the one asked for, a system package's, or the one inside pretty_midi."""

import importlib.util
import os
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

VARIABLE = "CONCERTINO_SOUNDFONT"

SYSTEM: dict[str, tuple[str, ...]] = {
    "linux": (
        "/usr/share/sounds/sf3/FluidR3Mono_GM.sf3",  # Debian: fluidr3mono-gm-soundfont (MIT)
        "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3",  # musescore-general-soundfont-small (MIT)
        "/usr/share/sounds/sf2/TimGM6mb.sf2",  # timgm6mb-soundfont (GPL)
        "/usr/share/sounds/sf2/FluidR3_GM.sf2",  # fluid-soundfont-gm (MIT), 148 MB in memory
        "/usr/share/soundfonts/FluidR3_GM.sf2",  # Fedora, Arch
        "/usr/share/soundfonts/default.sf2",
        "/usr/share/sounds/sf2/default-GM.sf2",
    ),
    "darwin": (
        "~/Library/Audio/Sounds/Banks/default.sf2",
        "/opt/homebrew/share/soundfonts/default.sf2",
        "/usr/local/share/soundfonts/default.sf2",
    ),
    "win32": ("C:/soundfonts/default.sf2",),
}
"""Where General MIDI SoundFonts are installed, by ``sys.platform``; the first that is whole is played."""

RECORD_BYTES = {
    b"phdr": 38,
    b"pbag": 4,
    b"pmod": 10,
    b"pgen": 4,
    b"inst": 22,
    b"ibag": 4,
    b"imod": 10,
    b"igen": 4,
    b"shdr": 46,
}
"""The nine tables of a SoundFont and the size of a record in each (SoundFont 2.04, section 7)."""

COMPRESSED = 0x10
"""Bit of a sample's type in SF3 files: Ogg Vorbis, its bounds are counted in bytes."""


class SoundFontError(ValueError):
    """A SoundFont that can't be played; the message names the file and the reason."""


def find_soundfont(explicit: Path | None = None) -> Path:
    """Return the SoundFont to play, checked.

    The search: ``explicit``, the environment's CONCERTINO_SOUNDFONT, ``SYSTEM``, the pretty_midi package.

    Raises:
        SoundFontError: the one asked for is damaged or no SoundFont, or none was found.
        OSError: the one asked for can't be opened.
    """
    asked = explicit or os.environ.get(VARIABLE)
    if asked:
        path = Path(asked).expanduser()
        check_soundfont(path)
        return path
    for path in installed_soundfonts():
        try:
            check_soundfont(path)
        except (OSError, SoundFontError):
            continue
        return path
    raise SoundFontError(
        "no General MIDI SoundFont was found; install fluidr3mono-gm-soundfont, or give one with --soundfont"
    )


def installed_soundfonts() -> Iterator[Path]:
    """Yield the SoundFonts that are installed, best first, unchecked."""
    paths = [Path(name).expanduser() for name in SYSTEM.get(sys.platform, ())]
    # Only located, not imported: pretty_midi takes half a second to import.
    spec = importlib.util.find_spec("pretty_midi")
    if spec and spec.origin:
        paths.append(Path(spec.origin).with_name("TimGM6mb.sf2"))
    yield from (path for path in paths if path.is_file())


def check_soundfont(path: Path) -> None:
    """Check that ``path`` is a whole SoundFont, without reading its samples.

    Raises:
        SoundFontError: it is not one, is cut short, or its tables contradict each other.
        OSError: it can't be opened.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for whoever writes into it
        raise SoundFontError(f"{path}: this is no file but a folder, pipe or device; give a SoundFont")
    with path.open("rb") as file:
        try:
            _check(file, status.st_size)
        except SoundFontError as error:
            raise SoundFontError(f"{path}: {error}") from None
        except OSError as error:  # which does not name the file
            raise SoundFontError(f"{path}: can't be read: {error.strerror or error}") from None


def _check(file: BinaryIO, size: int) -> None:
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise SoundFontError("not a SoundFont (SF2 or SF3)")
    end = 8 + int.from_bytes(head[4:8], "little")
    if end > size:
        raise SoundFontError(f"cut short: {end - size} of its {end} bytes are missing")
    lists = {}
    for kind, start, stop in _chunks(file, 12, end):
        if kind == b"LIST":
            file.seek(start)
            lists[file.read(4)] = (start + 4, stop)
    for kind in (b"sdta", b"pdta"):
        if kind not in lists:
            raise SoundFontError(f"damaged: it has no {kind.decode()} chunk")
    samples = {kind: stop - start for kind, start, stop in _chunks(file, *lists[b"sdta"])}
    tables = {}
    for kind, start, stop in _chunks(file, *lists[b"pdta"]):
        file.seek(start)
        tables[kind] = file.read(stop - start)
    for kind, record in RECORD_BYTES.items():
        content = tables.get(kind, b"")
        if len(content) < record or len(content) % record:
            raise SoundFontError(f"damaged: its {kind.decode()} table has {len(content)} bytes")
    if len(tables[b"phdr"]) < 2 * RECORD_BYTES[b"phdr"]:
        raise SoundFontError("it holds no presets")
    _check_samples(tables[b"shdr"], samples.get(b"smpl", 0))


def _check_samples(headers: bytes, size: int) -> None:
    """Check that every sample lies within the ``size`` bytes of samples; the last header is a terminator."""
    for at in range(0, len(headers) - RECORD_BYTES[b"shdr"], RECORD_BYTES[b"shdr"]):
        name, start, end, kind = struct.unpack_from("<20sII16xH", headers, at)
        bytes_per_unit = 1 if kind & COMPRESSED else 2
        if start > end or end * bytes_per_unit > size:
            shown = name.partition(b"\0")[0].decode("latin-1")
            raise SoundFontError(f"damaged: sample {shown!r} lies outside of the sample data")


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of the content of each RIFF chunk between ``start`` and ``end``."""
    at = start
    while at + 8 <= end:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        stop = at + 8 + length
        if stop > end:
            raise SoundFontError(f"damaged: a chunk {kind!r} at byte {at} reaches past its container")
        yield kind, at + 8, stop
        at = stop  # SF3 files do not pad to even sizes as RIFF says, and FluidSynth does not expect it
