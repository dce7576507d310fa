"""Where real players put the notes of a score: alignments of recordings of Bach's works for solo violin.

They are those of the Bach Violin Dataset (github.com/salu133445/bach-violin-dataset) of which the recordings
are in the public domain or under CC BY 3.0. Notes were aligned by dynamic time warping, in frames of 32 ms;
the notes of a chord share one onset. A note's end is the frame before the next onset, whatever the player
did: it tells nothing of articulation, so ends are not read.
"""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from offline.corpora.reading import SHARE_ALIKE
from offline.corpora.sources import INDEX
from offline.score import TICKS

FOLDER = "align-bach-violin"
FRAME_MS = 32.0
"""Step of the alignments."""
COLUMNS = ("score_onset_24tpq", "start_s")


class Alignment(NamedTuple):
    """One recording of one movement; arrays of shape (onsets,)."""

    name: str
    licence: str
    quarter: np.ndarray
    """Quarter notes since the start of the score, float64, rising."""
    seconds: np.ndarray
    """Seconds in the recording at which the onset is heard, float64."""


def load_alignments(data: Path) -> list[Alignment]:
    """Return the alignments under the folder of corpora ``data``, by name, without share-alike ones.

    Raises:
        OSError: there are none; the message says where they come from.
        ValueError: the index or a file is damaged.
    """
    folder = data / FOLDER
    if not (folder / INDEX).is_file():
        raise OSError(
            f"there are no alignments in {folder}: it needs {INDEX} and the folder aligned, made from the "
            "Bach Violin Dataset (github.com/salu133445/bach-violin-dataset); or give --data another folder"
        )
    try:
        entries = json.loads((folder / INDEX).read_text("utf-8"))
        files = sorted((str(entry["file"]), str(entry["licence"])) for entry in entries)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{folder / INDEX} is damaged ({error}): get the alignments again") from error
    return [
        read_alignment(folder / "aligned" / name, licence)
        for name, licence in files
        if SHARE_ALIKE not in licence and "-SA" not in licence
    ]


def read_alignment(path: Path, licence: str) -> Alignment:
    """Return the alignment in a CSV file.

    Raises:
        OSError: it can't be read.
        ValueError: it is no alignment.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [[float(row[column]) for column in COLUMNS] for row in csv.DictReader(file)]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no alignment ({error}): get the alignments again") from error
    if len(rows) < 2 or not np.isfinite(rows).all():
        raise ValueError(f"{path} is no alignment (numbers are missing): get the alignments again")
    ticks, seconds = np.array(rows).T
    order = np.lexsort((seconds, ticks))
    ticks, first = np.unique(ticks[order], return_index=True)
    return Alignment(path.stem, licence, ticks / TICKS, seconds[order][first])
