"""LilyPond's source to Standard MIDI Files, with the LilyPond of the package of that name."""

import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

SECONDS = 300
"""Longest that one piece may take."""
HEADERS = {
    "instrument": ("mutopiainstrument", "instrument"),
    "licence": ("license", "licence", "copyright"),
}
"""Fields of a source's header that tell for what it is written and under which licence."""


def need_lilypond() -> None:
    """Raise OSError with what to install, where LilyPond is missing."""
    if find_spec("lilypond") is None:
        raise OSError(
            "pieces of the Mutopia Project are made by LilyPond, which is not installed: "
            "pip install lilypond==2.25.12"
        )


def engrave(score: Path, name: str, into: Path) -> list[Path]:
    """Write what ``score`` plays as ``into``/NAME.mid, or NAME_1.mid and so on where it plays several pieces.

    Sources for older versions are converted in a copy of their folder first.

    Raises:
        ValueError: LilyPond can't read it, or it plays nothing.
        OSError: LilyPond is not installed.
    """
    need_lilypond()
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".engraving-") as work:
        folder = Path(work) / "source"
        shutil.copytree(score.parent, folder, ignore=shutil.ignore_patterns("*.pdf", "*.ps.gz", "*.mid"))
        sources = [str(p) for p in folder.rglob("*") if p.suffix in (".ly", ".ily")]
        _run(_program("convert-ly"), "-e", *sources)  # what it can't convert, LilyPond may read all the same
        told = _run(
            _program("lilypond"), "-dno-print-pages", "--loglevel=ERROR", "-o", work, score.name, at=folder
        )
        found = sorted(Path(work).glob("*.mid*"), key=_place)
        if not found:
            raise ValueError(f"LilyPond made no MIDI file of {score.name}: {told or 'it plays nothing'}")
        names = [f"{name}_{place}.mid" for place in range(1, len(found) + 1)]
        made = [into / each for each in (names if len(found) > 1 else [f"{name}.mid"])]
        # The first last: where it is, all are.
        for path, target in reversed(list(zip(found, made, strict=True))):
            path.replace(target)
    return made


def _program(name: str) -> str:
    """Return the path of one of LilyPond's programs."""
    import lilypond  # pyright: ignore[reportMissingImports]  # only who makes these pieces installs it

    return str(lilypond.executable(name))


def _place(path: Path) -> tuple[str, int]:
    """Return the order of NAME.midi, NAME-1.midi, ..., NAME-10.midi."""
    match = re.fullmatch(r"(.*?)(?:-(\d+))?", path.stem)
    assert match is not None
    return match[1], int(match[2] or 0)


def _run(*command: str, at: Path | None = None) -> str:
    """Run a program; return the first error that it told of."""
    try:
        done = subprocess.run(command, cwd=at, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it took more than {SECONDS} s"
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return next((line for line in lines if "error:" in line), "")


def read_header(score: Path) -> dict[str, str]:
    """Return instrument and licence by the header of a source, empty where none of its files names them."""
    nearby = [score, *sorted(p for p in score.parent.glob("*.*ly") if p != score)]
    texts = [path.read_text("utf-8", "replace") for path in nearby]
    return {
        key: next(
            (m[1].strip() for text in texts for field in fields if (m := _field(field, text)) is not None), ""
        )
        for key, fields in HEADERS.items()
    }


def _field(field: str, text: str) -> re.Match | None:
    return re.search(rf'^[^%\n]*\b{field}\s*=\s*"([^"]+)"', text, re.MULTILINE)
