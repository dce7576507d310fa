"""What a command says and returns when it fails: one sentence and a code, no traceback."""

import os
import re
import sys
import traceback
from importlib.metadata import PackageNotFoundError, requires

DEBUG = "CONCERTINO_DEBUG"
"""Environment variable: ``1`` prints the traceback of every error."""

DONE, FAILED, REFUSED, DEFECT, INTERRUPTED = 0, 1, 2, 70, 130

OURS = ("realtime", "offline", "bench")

EXIT_CODES: dict[int, str] = {
    DONE: "done",
    FAILED: "could not be done here: a device, server, file, disk or package is missing or failed",
    REFUSED: "wrong usage or bad input: an option, an ensemble, a model, a SoundFont, a MIDI file",
    DEFECT: "a defect of Concertino",
    INTERRUPTED: "interrupted",
}

CODE_BY_ERROR: tuple[tuple[type[BaseException], int], ...] = (
    (KeyboardInterrupt, INTERRUPTED),
    (OSError, FAILED),
    (ImportError, FAILED),
    (ValueError, REFUSED),
    (BaseException, DEFECT),
)
"""The first class that an error belongs to gives its code."""


def exit_code(error: BaseException) -> int:
    """Return the exit code of a command that ended with ``error``."""
    return next(code for kind, code in CODE_BY_ERROR if isinstance(error, kind))


def sentence(error: BaseException) -> str:
    """Return ``error`` in one line for the user."""
    if isinstance(error, KeyboardInterrupt):
        text = "interrupted"
    elif isinstance(error, ImportError):
        text = _missing(error)
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif exit_code(error) == DEFECT:
        text = f"a defect ({type(error).__name__}: {error}); please report it with what {DEBUG}=1 prints"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


def report(error: BaseException, program: str) -> int:
    """Print the sentence for ``error`` to stderr, and return the exit code."""
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error)
    print(f"{program}: {sentence(error)}", file=sys.stderr)
    return exit_code(error)


def _missing(error: ImportError) -> str:
    package = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or not package:
        return f"a package can't be loaded ({error})"
    if package in OURS:
        return f"this command is not part of this installation ({error.name} is missing)"
    extra = _extra_with(package)
    wanted = f"'concertino[{extra}]'" if extra else package
    return f"this needs the package {package}, which is not installed; pip install {wanted} brings it"


def _extra_with(package: str) -> str | None:
    """Return the extra of this distribution that brings ``package``."""
    try:
        requirements = requires("concertino") or []
    except PackageNotFoundError:
        return None
    for requirement in requirements:
        found = re.match(r"([\w-]+).*;.*extra == ['\"]([\w-]+)['\"]", requirement)
        if found and found[1].lower().replace("-", "_") == package.lower():
            return found[2]
    return None
