"""Options of the continuation, for ``play`` and ``continue``; None: as the ensemble says."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

Mode = Annotated[
    str | None,
    typer.Option(
        "--turns",
        help="Who plays when: `continue` (the ensemble goes on alone until you play), `trade` (bars by "
        "turns) or `accompany` (your keys play one part, that "
        "which they played most before; the model plays the others). [default: continue]",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=10,
        help="How daring it is: times the temperature that was chosen for the model, field by field; 0 takes "
        "what is likeliest. [default: 1]",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Share of the codes of each field, the unlikeliest, that is never drawn: 0 draws from all of "
        "them, 1 takes what is likeliest. [default: as chosen for the model]",
    ),
]
Bars = Annotated[int | None, typer.Option(min=1, max=64, help="Bars of a call and its answer. [default: 4]")]
Silence = Annotated[
    float | None,
    typer.Option(
        min=0, max=64, metavar="BEATS", help="Silence after which it goes on; 0: never. [default: 0]"
    ),
]
Trigger = Annotated[
    int | None,
    typer.Option(
        min=-1,
        max=119,
        metavar="CC",
        help="Controller that begins and ends it; -1: none. [default: 67, the left pedal]",
    ),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Another one gives other music. [default: 0]")]


OPTIONS = {
    "mode": "--turns",
    "temperature": "--temperature",
    "threshold": "--threshold",
    "bars": "--bars",
    "silence_beats": "--silence",
    "controller": "--trigger",
    "seed": "--seed",
}
"""The option of each setting."""


def check(model: str | None, settings: Iterable[str]) -> None:
    """Check that there is a model, ``NAME`` or ``NAME:VARIANT``, for the settings that were given.

    Raises:
        ValueError: none was chosen, or there is none of its name.
    """
    from realtime.cli.complete import model_names

    if model is None:
        if names := ", ".join(OPTIONS[name] for name in settings):
            raise ValueError(f"{names}: for a model that goes on from what you play; choose it by --continue")
        return
    name = model.partition(":")[0]
    if name not in model_names(name):
        known = ", ".join(_continuations()) or "none"
        raise ValueError(
            f"--continue {model}: no model is called {name!r}; those that go on from music: {known}"
        )


def _continuations() -> list[str]:
    from realtime.contract.kinds import CONTINUATION
    from realtime.contract.library import list_plugins

    plugins = (listing.plugin for listing in list_plugins() if not listing.shadowed)
    return [each.manifest.name for each in plugins if each and each.manifest.kind == CONTINUATION]


def given(**values: Any) -> dict[str, Any]:
    """Return the settings that were given, by name."""
    return {name: value for name, value in values.items() if value is not None}
