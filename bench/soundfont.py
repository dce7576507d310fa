"""The SoundFont that benchmarks play: small, the same on every machine, and its sounds are known."""

import importlib.util
from pathlib import Path

from realtime.host.soundfont import check_soundfont, find_soundfont

NAME = "TimGM6mb.sf2"


def bench_soundfont(asked: Path | None) -> Path:
    """Return ``asked``, else the one inside the pretty_midi package, else what ``play`` would take.

    Raises:
        ValueError: the one asked for is damaged, or there is none.
        OSError: it can't be opened.
    """
    if asked is None:
        spec = importlib.util.find_spec("pretty_midi")  # located, not imported
        inside = Path(spec.origin).with_name(NAME) if spec and spec.origin else None
        if inside is None or not inside.is_file():
            return find_soundfont()
        asked = inside
    asked = asked.expanduser()
    check_soundfont(asked)
    return asked
