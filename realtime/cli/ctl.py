"""``concertino ctl``: tell a running host something, or ask it."""

import fnmatch
import json
from typing import Annotated, Any

import msgspec
import typer

from realtime.control.client import Remote
from realtime.control.table import CONTROLS, find
from realtime.control.values import Control
from realtime.ensembles.schema import MAX_PARTS, Switch

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
def ctl(context: typer.Context, address: Address = None) -> None:
    """Ask a running host, or tell it something: everything that can be steered, by name.

    Examples: `concertino ctl list`, `concertino ctl set parts/1/volume 80`, `concertino ctl watch 'parts/*'`,
    `concertino ctl panic`.
    """
    context.obj = address
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _host(context: typer.Context, address: str | None) -> Remote:
    """Return the host at an address, given before the command or after it."""
    return Remote(address or context.obj)


@app.command()
def get(context: typer.Context, name: Name, address: Address = None, as_json: AsJson = False) -> None:
    """Print the value of a control.

    Example: `concertino ctl get tempo`
    """
    _control(name)
    print(_shown(_host(context, address).get(name), as_json))


@app.command("set", context_settings=NEGATIVE)
def set_(
    context: typer.Context,
    name: Name,
    values: Annotated[list[str], typer.Argument(help="Its value; more than one where it is a list.")],
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Change a control, and print the value that it has then.

    Examples: `concertino ctl set tempo 96`, `concertino ctl set parts/2/mute on`,
    `concertino ctl set parts/1/range 48 84`, `concertino ctl set parts/4/transpose -12`
    """
    control = _control(name)
    if control.call:
        raise ValueError(f"{name} has no value: concertino ctl call {name}")
    if not control.write:
        raise ValueError(f"{name} can't be set, only read: concertino ctl get {name}")
    print(_shown(_host(context, address).set(name, _parsed(control, values)), as_json))


@app.command(context_settings=NEGATIVE)
def call(
    context: typer.Context,
    name: Name,
    values: Annotated[list[str] | None, typer.Argument(help="What it takes, if anything.")] = None,
    address: Address = None,
) -> None:
    """Have something done.

    Examples: `concertino ctl call tap`, `concertino ctl call continuation/trigger`
    """
    control = _control(name)
    if not control.call:
        how = "set" if control.write else "get"
        raise ValueError(f"{name} can't be called, it has a value: concertino ctl {how} {name}")
    _host(context, address).set(name, _parsed(control, values) if values else None, call=True)


@app.command()
def panic(context: typer.Context, address: Address = None) -> None:
    """Silence everything at once; the host plays on."""
    _host(context, address).set("panic", None, call=True)


@app.command()
def watch(
    context: typer.Context,
    patterns: Annotated[list[str] | None, typer.Argument(help="Names or patterns, as 'parts/*'.")] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Print all values, and then each change as it happens, until Ctrl-C or the end of the host.

    Example: `concertino ctl watch tempo 'parts/*/volume'`
    """
    for pattern in patterns or ():
        _check_watched(pattern)
    for name, value in _host(context, address).changes():
        if not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            line = _shown({"name": name, "value": value}, True) if as_json else f"{name} {_shown(value)}"
            print(line, flush=True)


@app.command("list")
def list_(context: typer.Context, address: Address = None, as_json: AsJson = False) -> None:
    """List all controls of the running host, with values and what may be set."""
    from realtime.control.openapi import describe

    everything = _host(context, address).everything()
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


def _control(name: str) -> Control:
    try:
        return find(name)[0]
    except LookupError as error:
        raise ValueError(f"{name}: {error.args[0]}") from None


def _check_watched(pattern: str) -> None:
    """Check that something that a pattern fits is told of, so that it is not waited for in vain.

    Raises:
        ValueError: nothing is.
    """
    fitting = [
        (control, name)
        for control in CONTROLS
        for name in {control.named(place): None for place in range(MAX_PARTS)}
        if fnmatch.fnmatchcase(name, pattern)
    ]
    if not fitting:
        raise ValueError(f"no control's name fits {pattern!r}; concertino ctl list tells all names")
    if not any(control.read and not control.volatile for control, _ in fitting):
        control, name = fitting[0]
        why = "changes all the time" if control.read else "has no value"
        advice = f": concertino ctl {'get' if control.read else 'call'} {name}"
        raise ValueError(f"{name} can't be watched, it {why}{advice}")


def _parsed(control: Control, texts: list[str]) -> Any:
    """Return what was typed as JSON has it; what is no JSON is a text."""
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
