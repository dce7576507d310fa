"""Options that several commands have, and what they check before the work begins."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

DATA_HELP = "Folder of the corpora. [default: $CONCERTINO_DATA, else where `concertino data get` puts them]"

Data = Annotated[Path | None, typer.Option("--data", help=DATA_HELP)]
Into = Annotated[Path, typer.Option("--into", help="Folder that the result is put in.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]


def check_known(name: str, names: Iterable[str]) -> None:
    """Raise ValueError with what there is, when ``name`` is not among ``names``."""
    if name not in names:
        raise ValueError(f"there is no separator {name!r} to make here; choose one of {', '.join(names)}")


def check_installed(what: str, *packages: str) -> None:
    """Raise OSError with what to install, when a package is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise OSError(
            f"{what} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed: pip install 'concertino[offline,cpu]'"
        )
