"""Options of the continuation, for ``play`` and ``continue``; None: as the ensemble says."""

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


def given(**values: Any) -> dict[str, Any]:
    """Return the settings that were given, by name."""
    return {name: value for name, value in values.items() if value is not None}
