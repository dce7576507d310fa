"""All commands: where each one is, found without importing any of them."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

EXTENSIONS = "concertino.commands"
"""Group of entry points through which other packages add commands."""

PLAYING, LOOKING, LEARNING = "Playing", "What is there", "Measuring and learning"


class Command(NamedTuple):
    """One line of ``concertino --help``."""

    panel: str
    help: str
    target: str | None = None
    """``module:attribute`` of a function or a Typer app; None: an entry point of ``EXTENSIONS``."""


COMMANDS: dict[str, Command] = {
    "play": Command(PLAYING, "Play an ensemble from one keyboard, live.", "realtime.cli.play:play"),
    "ctl": Command(PLAYING, "Ask a running host, or tell it something.", "realtime.cli.ctl:app"),
    "render": Command(PLAYING, "Render a MIDI file to audio, as play would.", "realtime.cli.render:render"),
    "continue": Command(
        PLAYING, "Go on from a MIDI file, as the ensemble does live.", "realtime.cli.continue_:continue_"
    ),
    "devices": Command(LOOKING, "List MIDI and audio devices.", "realtime.cli.devices:devices"),
    "doctor": Command(LOOKING, "Check that this machine can play.", "realtime.cli.doctor:doctor"),
    "models": Command(LOOKING, "List, show, verify and add models.", "realtime.cli.models:app"),
    "bench": Command(LEARNING, "Measure latency."),
    "data": Command(LEARNING, "List, get and check the music that models learn from."),
    "train": Command(LEARNING, "Train a model."),
    "evaluate": Command(LEARNING, "Measure a model's accuracy."),
    "export": Command(LEARNING, "Export a trained model for playing."),
}


def command_names() -> list[str]:
    """Return the names of all commands that are installed, those of ``COMMANDS`` first."""
    extensions = _extensions()
    known = [name for name, command in COMMANDS.items() if command.target or name in extensions]
    return known + sorted(extensions.keys() - COMMANDS.keys())


def short_command(name: str) -> TyperCommand | None:
    """Return a stand-in for the command ``name`` that has its help line only; None if there is no such."""
    command = COMMANDS.get(name)
    if command is None or command.target is None:
        extension = _extensions().get(name)
        if extension is None:
            return None
        command = command or Command("Further commands", f"From {extension.module}.")
    return TyperCommand(name, help=command.help, rich_help_panel=command.panel)


def load_command(name: str) -> TyperCommand | TyperGroup:
    """Return the command ``name`` itself.

    Raises:
        ImportError: a package that it needs is not installed.
    """
    command = COMMANDS.get(name)
    target = command.target if command and command.target else _extensions()[name].value
    module, _, attribute = target.partition(":")
    loaded = as_command(getattr(import_module(module), attribute), name)
    if command and not loaded.help:
        loaded.help = command.help
    return loaded


def as_command(target: typer.Typer | Callable[..., object], name: str) -> TyperCommand | TyperGroup:
    """Return the command that ``target``, a function or a Typer app, stands for."""
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        app.command(name)(target)
        target = app
    command = get_command(target)
    command.name = name
    command.params = [p for p in command.params if p.name not in ("install_completion", "show_completion")]
    return command  # type: ignore[return-value]  # declared as the base class of both


def _extensions() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=EXTENSIONS)}
