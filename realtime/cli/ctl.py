"""``concertino ctl``: tell a running host something, or ask it."""

import fnmatch
import json
from typing import Annotated, Any

import msgspec
import typer

from realtime.control.client import Remote
from realtime.control.table import CONTROLS, find
from realtime.ensembles.schema import Switch

app = typer.Typer(rich_markup_mode="markdown")
NEGATIVE = {"ignore_unknown_options": True}
"""-12 is a number, not an option."""
WORDS = {"on": True, "off": False}

Address = Annotated[
    str | None,
    typer.Option(help="PORT or ADDRESS:PORT of the host. Default: the one that was started last here."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _names(incomplete: str) -> list[str]:
    return [control.named(0) for control in CONTROLS if control.named(0).startswith(incomplete)]


Name = Annotated[
    str, typer.Argument(help="A control, as `ctl list` tells them.", autocompletion=_names, metavar="NAME")
]


@app.callback(invoke_without_command=True)
def ctl(context: typer.Context) -> None:
    """Ask a running host, or tell it something: everything that can be steered, by name.

    Examples: `concertino ctl list`, `concertino ctl set parts/1/volume 80`, `concertino ctl watch 'parts/*'`,
    `concertino ctl panic`.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def get(name: Name, address: Address = None, as_json: AsJson = False) -> None:
    """Print the value of a control.

    Example: `concertino ctl get tempo`
    """
    print(_shown(Remote(address).get(name), as_json))


@app.command("set", context_settings=NEGATIVE)
def set_(
    name: Name,
    values: Annotated[list[str], typer.Argument(help="Its value; more than one where it is a list.")],
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Change a control, and print the value that it has then.

    Examples: `concertino ctl set tempo 96`, `concertino ctl set parts/2/mute on`,
    `concertino ctl set parts/1/range 48 84`, `concertino ctl set parts/4/transpose -12`
    """
    value = _parsed(name, values)
    print(_shown(Remote(address).set(name, value), as_json))


@app.command(context_settings=NEGATIVE)
def call(
    name: Name,
    values: Annotated[list[str] | None, typer.Argument(help="What it takes, if anything.")] = None,
    address: Address = None,
) -> None:
    """Have something done.

    Examples: `concertino ctl call tap`, `concertino ctl call continuation/trigger`
    """
    Remote(address).set(name, _parsed(name, values) if values else None, call=True)


@app.command()
def panic(address: Address = None) -> None:
    """Silence everything at once; the host plays on."""
    Remote(address).set("panic", None, call=True)


@app.command()
def watch(
    patterns: Annotated[list[str] | None, typer.Argument(help="Names or patterns, as 'parts/*'.")] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Print all values, and then each change as it happens, until Ctrl-C or the end of the host.

    Example: `concertino ctl watch tempo 'parts/*/volume'`
    """
    for name, value in Remote(address).changes():
        if not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            line = _shown({"name": name, "value": value}, True) if as_json else f"{name} {_shown(value)}"
            print(line, flush=True)


@app.command("list")
def list_(address: Address = None, as_json: AsJson = False) -> None:
    """List all controls of the running host, with values and what may be set."""
    from realtime.control.openapi import describe

    everything = Remote(address).everything()
    if as_json:
        print(_shown({"controls": describe(), **everything}, True))
        return
    values, choices = everything["values"], everything["choices"]
    for control in CONTROLS:
        parts = range(len(values["parts"])) if control.each_part else (0,)
        for place in parts:
            name = control.named(place)
            kind = "call" if control.call else "" if control.write else "read only"
            value = "" if control.call else _shown(values[name]) if name in values else "..."
            told = ", ".join(filter(None, (kind, " ".join(choices.get(name, ())))))
            print(f"{name:28} {value:24} {control.help}" + (f" ({told})" if told else ""))


def _parsed(name: str, texts: list[str]) -> Any:
    """Return what was typed as JSON has it; what is no JSON is a text."""
    try:
        control = find(name)[0]
    except LookupError as error:
        raise ValueError(f"{name}: {error.args[0]}") from None
    values: list[Any] = []
    for text in texts:
        if control.type is Switch and text.lower() in WORDS:
            values.append(WORDS[text.lower()])
            continue
        try:
            values.append(msgspec.json.decode(text))
        except msgspec.MsgspecError:
            values.append(text)
    return values if len(values) > 1 else values[0]


def _shown(value: Any, as_json: bool = False) -> str:
    if isinstance(value, str) and not as_json:
        return value
    return json.dumps(value, ensure_ascii=False)
