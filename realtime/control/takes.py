"""The takes in a folder, as the page lists and gives them."""

import re
from pathlib import Path
from typing import Any

NAME = r"^take-[0-9]{8}-[0-9]{6}(-[0-9]{1,2})?$"
FILES = ("input.mid", "parts.mid", "sound.wav", "events.jsonl")
LISTED = 200


def list_takes(folder: Path) -> list[dict[str, Any]]:
    """Return name and files (name: bytes) of the takes in ``folder``, the newest ``LISTED``, newest first."""
    names = [path.name for path in folder.glob("take-*") if re.fullmatch(NAME, path.name)]
    return [
        {
            "name": name,
            "files": {
                file: (folder / name / file).stat().st_size for file in FILES if find(folder, name, file)
            },
        }
        for name in sorted(names, reverse=True)[:LISTED]
    ]


def find(folder: Path, name: str, file: str) -> Path | None:
    """Return a file of a take; None if there is no such."""
    path = folder / name / file
    known = re.fullmatch(NAME, name) and file in FILES and path.is_file()
    return path if known else None
