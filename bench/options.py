"""Options that the commands of ``concertino bench`` share."""

from pathlib import Path
from typing import Annotated

import typer

from realtime.cli.outputs import check_place


def _writable(path: Path | None) -> Path | None:
    check_place(path)  # what is written at the end of a long measurement
    return path


Json = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        callback=_writable,
        help="Write the result as JSON to FILE; - is standard output.",
    ),
]
SoundFont = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="SoundFont to play [default: the 6 MB TimGM6mb inside pretty_midi]"),
]
Separator = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Separator to play with [default: bach-chorale]", show_default=False),
]
Seed = Annotated[int, typer.Option(help="The same seed plays the same notes.")]
