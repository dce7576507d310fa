"""``concertino doctor``: whether this machine can play, and what would make it play better."""

import shutil
import textwrap
from typing import Annotated

import msgspec
import typer

from realtime.cli import compiling
from realtime.cli.errors import DONE, FAILED
from realtime.host.system import Finding, Level

COLOURS: dict[Level, str] = {"ok": "green", "note": "yellow", "problem": "red"}
INDENT = " " * 29


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> int:
    """Check libraries, real-time privileges, devices, SoundFont, models and ensembles.

    Each finding is ok, a note (playing works, but could be better) or a problem (playing is not possible),
    with what to do about it. Exits with 0 if Concertino can play here, with 1 if not.
    """
    compiling.announce()
    from realtime.host.checkup import can_play, check_all  # which imports the engine

    findings = []
    for finding in check_all():
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        report = {"can_play": can_play(findings), "findings": findings}
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        notes = sum(finding.level == "note" for finding in findings)
        verdict = "Concertino can play here" if can_play(findings) else "Concertino can't play here"
        print(f"\n{verdict}" + (f"; {notes} note{'s' * (notes > 1)} above." if notes else "."))
    return DONE if can_play(findings) else FAILED


def _print(finding: Finding) -> None:
    width = max(60, shutil.get_terminal_size().columns)
    level = typer.style(f"{finding.level:8}", fg=COLOURS[finding.level])
    lines = textwrap.wrap(finding.found, width - len(INDENT)) or [""]
    if finding.advice:
        lines += textwrap.wrap(finding.advice, width - len(INDENT))
    typer.echo(f"{level} {finding.topic:19} " + f"\n{INDENT}".join(lines))
