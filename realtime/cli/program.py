"""The command line as a whole; imports only the command that is called."""

import os
import sys
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from realtime.cli.commands import command_names, load_command, short_command
from realtime.cli.errors import DONE, EXIT_CODES, INTERRUPTED, REFUSED, report

PROGRAM = "concertino"
_CODES = "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())


class LazyGroup(TyperGroup):
    """Lists stand-ins for the commands, and loads the one that is called or completed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return all names, without loading a command."""
        return command_names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a stand-in: enough for help and for completing names."""
        return short_command(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments; the command is the real one."""
        if not ctx.resilient_parsing and args and short_command(args[0]) is None:
            names = command_names()
            near = get_close_matches(args[0], names, 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise typer.TyperException(f"no command is called {args[0]!r}; {advice}")
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name and stand_in else stand_in, rest


app = typer.Typer(name=PROGRAM, cls=LazyGroup, rich_markup_mode="markdown", epilog=f"Exit codes: {_CODES}.")


def _say_version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"{PROGRAM} {version(PROGRAM)}")
        except PackageNotFoundError:
            print(f"{PROGRAM}, not installed as a package")
        raise typer.Exit(DONE)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit."),
    ] = False,
) -> None:
    """One keyboard, a whole ensemble, live."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: list[str]) -> int:
    """Run the command line ``arguments`` (without the program's name), and return the exit code.

    A command may return an exit code of its own. An error becomes one sentence on stderr and a code of
    ``EXIT_CODES``.
    """
    try:
        result = get_command(app).main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:  # wrong usage
        context = getattr(error, "ctx", None)
        path = context.command_path if context else PROGRAM
        print(f"{path}: {error.format_message().rstrip('.')} (see {path} --help)", file=sys.stderr)
        return REFUSED
    except (KeyboardInterrupt, typer.Abort):
        return report(KeyboardInterrupt(), PROGRAM)
    except Exception as error:  # whatever it is, a player sees one sentence; CONCERTINO_DEBUG=1 shows all
        if f"_{PROGRAM}_COMPLETE".upper() in os.environ:
            return REFUSED  # a sentence would land in the command line being typed
        return report(error, PROGRAM)
    if result == INTERRUPTED:  # what Typer makes of Ctrl-C, without a word
        return report(KeyboardInterrupt(), PROGRAM)
    return result if isinstance(result, int) else DONE
