"""Where the music comes from: folders of MIDI files, and how the public gets them."""

import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import platformdirs

from offline.corpora.parts import Facts

SUFFIXES = (".mid", ".midi")
INDEX = "index.json"


@dataclass(frozen=True)
class Source:
    """A folder of MIDI files, its origin and its licence."""

    key: str
    """Name of its folder."""
    title: str
    licence: str
    repository: str = ""
    """Git repository that it is made from; empty where only the user can get it."""
    commit: str = ""
    by_hand: str = ""
    """What to download, where no command can."""
    work_parts: int | None = None
    """How many folders of a work's path name it, where the path goes on to a movement."""

    def work_of(self, path: str) -> str:
        """Return the work that ``path`` of the index names; empty for a song that belongs to no cycle."""
        if path.endswith("/_"):
            return ""
        return "/".join(path.split("/")[: self.work_parts])


QUARTETS = Source(
    "openscore-string-quartets",
    "OpenScore String Quartets",
    "CC0 1.0",
    "https://github.com/OpenScore/StringQuartets",
    "2c723a5b7b4ea5420826116dfa912956c6a022c2",
)
ORCHESTRA = Source(
    "openscore-orchestra",
    "OpenScore Orchestra (Hauptstimme)",
    "CC0 1.0 (scores)",
    "https://github.com/MarkGotham/Hauptstimme",
    "8f677853c45b74ca0afcd79677e5379c06c82354",
)
LIEDER = Source(
    "openscore-lieder",
    "OpenScore Lieder",
    "CC0 1.0",
    "https://github.com/OpenScore/Lieder",
    "bca122458de6da362abe62dd6aec62e25d7759b1",
)
MUTOPIA = Source(
    "mutopia-ensembles",
    "Mutopia Project, ensembles",
    "Public Domain, CC BY or CC BY-SA, by piece",
    "https://github.com/MutopiaProject/MutopiaProject",
    "2144afd6f52d56c5b6995b8b589ef1268b3139f0",
    work_parts=3,  # ftp, composer, opus
)
FREEDOOM = Source(
    "freedoom-game-music",
    "Freedoom's music",
    "BSD 3-clause",
    "https://github.com/freedoom/freedoom",
    "d14dbbee3b6fbfb2c11cdb65eb61216e86d4ee85",
)
POP909 = Source(
    "pop909",
    "POP909",
    "MIT (the data set)",
    "https://github.com/music-x-lab/POP909-Dataset",
    "d83e6edba6872a704f5d3b8b32f5cb540088dae6",
)
NES = Source(
    "nesmdb_midi",
    "NES-MDB, MIDI format",
    "the user's own copy",
    by_hand="download nesmdb_midi.tar.gz of the NES Music Database (github.com/chrisdonahue/nesmdb) and "
    "unpack it: the folder nesmdb_midi has train, valid and test",
)
LAKH = Source(
    "lmd_matched",
    "Lakh MIDI Dataset, LMD-matched",
    "CC BY 4.0 (the collection)",
    by_hand="download lmd_matched.tar.gz of the Lakh MIDI Dataset (colinraffel.com/projects/lmd) and unpack "
    "it, and put cleansed_ids.txt of the Lakh Pianoroll Dataset into the folder lmd_matched",
)
MUSICNET = Source(
    "musicnet_midis",
    "MusicNet, reference MIDI files",
    "CC BY 4.0 (the labels)",
    by_hand="download musicnet_midis.tar.gz of MusicNet (zenodo.org/records/5120004) and unpack it: the "
    "folder musicnet_midis has a folder for each composer",
)


def data_folder(data: Path | None = None) -> Path:
    """Return the folder that holds the sources: ``data``, $CONCERTINO_DATA, else one of the user's own."""
    if data is not None:
        return data
    if told := os.environ.get("CONCERTINO_DATA"):
        return Path(told)
    return platformdirs.user_data_path("concertino") / "data"


def source_files(folder: Path) -> list[Path]:
    """Return the MIDI files under ``folder`` in the order of their paths."""
    found = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(where, name) for name in names if name.lower().endswith(SUFFIXES)]
    return sorted(found)


def read_facts(folder: Path) -> dict[str, Facts]:
    """Return what the index of a source tells of each file, by path within the folder; empty without one.

    Raises:
        ValueError: the index is damaged.
    """
    path = folder / INDEX
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text("utf-8"))
        return {
            str(PurePosixPath(entry["file"])): Facts(
                entry.get("work", ""),
                entry.get("instrument", ""),
                entry.get("licence", ""),
                tuple((t["name"], t["program"], t["drum"]) for t in entry.get("tracks", ())),
            )
            for entry in entries
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}): get the source again") from error
