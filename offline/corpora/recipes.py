"""How the MIDI files of each public source are made from its repository: which files, named how."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from offline.corpora import sources


class Origin(NamedTuple):
    """A file of a repository that becomes one or more MIDI files."""

    path: PurePosixPath
    """Within the repository."""
    name: str
    """Of the MIDI file, without suffix."""
    work: str
    """The work that it belongs to."""


class Recipe(NamedTuple):
    """What to fetch of a repository, and what to make of it."""

    patterns: tuple[str, ...]
    """Files to fetch, as in .gitignore."""
    kind: Literal["midi", "musicxml", "lilypond"]
    describe: Callable[[PurePosixPath], Origin | None]
    """Name and work of a file by its path; None for a file that is not wanted."""
    notices: tuple[str, ...] = ()
    """Files that must lie beside the music: licence and credits."""

    @property
    def roots(self) -> list[str]:
        """Folders of the repository that hold the music."""
        return sorted({pattern.split("/")[1] for pattern in self.patterns if pattern.count("/") > 1})


def ascii_name(*parts: str) -> str:
    """Return words of a path joined as a file name: no accents, anything odd an underscore."""
    text = unicodedata.normalize("NFKD", "-".join(parts)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("_")


def quartet(path: PurePosixPath) -> Origin | None:
    """Describe scores/COMPOSER/WORK/ID.mxl, or .../WORK/MOVEMENT/ID.mxl."""
    if len(path.parts) < 4:
        return None
    folders = path.parts[1:-1]
    return Origin(path, ascii_name(*folders, path.stem), "/".join(folders[:2]))


def lied(path: PurePosixPath) -> Origin | None:
    """Describe scores/COMPOSER/CYCLE/TITLE/ID.mxl."""
    if len(path.parts) != 5:
        return None
    _, composer, cycle, title, _ = path.parts
    return Origin(path, ascii_name(path.stem, composer, title), f"{composer}/{cycle}")


def movement(path: PurePosixPath) -> Origin | None:
    """Describe OpenScoreOrchestra/COMPOSER/WORK/MOVEMENT/NAME.mxl; its melody alone is not wanted."""
    if len(path.parts) != 5 or path.stem.endswith("_melody"):
        return None
    return Origin(path, ascii_name(path.stem), path.parts[2])


def tune(path: PurePosixPath) -> Origin | None:
    """Describe musics/NAME.mid."""
    return Origin(path, path.stem.lower(), path.stem.lower()) if path.suffix == ".mid" else None


def pop_song(path: PurePosixPath) -> Origin | None:
    """Describe POP909/NUMBER/NUMBER.mid; other versions of the song are not wanted."""
    return Origin(path, path.stem, path.stem) if path.parent.name == path.stem else None


def engraving(path: PurePosixPath) -> Origin | None:
    """Describe ftp/COMPOSER/OPUS/PIECE/NAME.ly, or ftp/COMPOSER/OPUS/PIECE/NAME-lys/FILE.ly.

    OPUS may be missing. Most files of the second form are of one piece together, and FILE is NAME.
    """
    folders = path.parts[1:-1]
    if len(folders) < 2 or path.suffix != ".ly":
        return None
    words = [*folders, path.stem]
    if folders[-1].endswith("-lys"):
        words[-2] = folders[-1].removesuffix("-lys")
        if words[-1] == words[-2]:
            words.pop()
    return Origin(path, "_".join(words), path.as_posix())


RECIPES: dict[str, Recipe] = {
    sources.QUARTETS.key: Recipe(("/scores/**/*.mxl",), "musicxml", quartet),
    sources.LIEDER.key: Recipe(("/scores/**/*.mxl",), "musicxml", lied),
    sources.ORCHESTRA.key: Recipe(("/OpenScoreOrchestra/**/*.mxl",), "musicxml", movement),
    sources.FREEDOOM.key: Recipe(
        ("/musics/*.mid", "/COPYING*", "/CREDITS*"), "midi", tune, ("COPYING.adoc", "CREDITS-MUSIC")
    ),
    sources.POP909.key: Recipe(("/POP909/*/*.mid", "/LICENSE"), "midi", pop_song, ("LICENSE",)),
    sources.MUTOPIA.key: Recipe(("/ftp/**/*.ly", "/ftp/**/*.ily"), "lilypond", engraving),
}
"""By the key of the source."""
