"""What the controls of the table read and change: fields of the engine, or what the session offers.

Each takes the session and, where the control is of a part, the part's place, counted from 0.
"""

from typing import TYPE_CHECKING, Any

from realtime.control.values import Control
from realtime.ensembles.schema import MAX_PARTS, Switch

if TYPE_CHECKING:
    from realtime.host.session import Session


def channel_of(session: "Session", place: int) -> int:
    """Return the engine channel of a part of the ensemble that plays."""
    return int(session.engine.state["slot"]) * MAX_PARTS + place


def slot_of(session: "Session") -> Any:
    """Return what is loaded of the ensemble that plays."""
    return session.engine.slots[int(session.engine.state["slot"])]


def parts_of(session: "Session") -> Any:
    """Return the parts of the ensemble that plays."""
    return slot_of(session).ensemble.parts


def of_part(name: str, kind: Any, about: str, **options: Any) -> Control:
    """Return a control that is a field ``part_NAME`` of the state and an argument of ``Session.set_part``."""
    turn = bool if kind is Switch else int

    def read(session: "Session", place: int) -> Any:
        field = f"part_{name}"
        if field not in (session.engine.state.dtype.names or ()):
            return turn(0)
        return turn(session.engine.state[field][channel_of(session, place)])

    def write(session: "Session", place: int, value: Any) -> None:
        session.set_part(place, **{name: value})

    return Control(f"parts/{{part}}/{name}", about, kind, read, write, saved=True, **options)


def in_thousandths(given: float) -> float:
    """Return a tempo as the engine is told it: in thousandths."""
    return round(float(given), 3)


def presets_of(session: "Session") -> Any:
    """Return the session's presets.

    Raises:
        ValueError: it has none.
    """
    if session.presets is None:
        raise ValueError("this host has no presets")
    return session.presets


def step_preset(session: "Session", places: int) -> None:
    """Recall the preset so many places after the one that plays."""
    presets_of(session).step(places)


def mapper_of(session: "Session") -> Any:
    """Return the session's mappings.

    Raises:
        ValueError: it has none.
    """
    if session.mappings is None:
        raise ValueError("this host has no mappings")
    return session.mappings


def in_full(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return mappings with what was left out."""
    from realtime.control.knobs import mappings_of, rows_of

    return rows_of(mappings_of(rows))


def range_of(session: "Session", place: int) -> list[int]:
    """Return the lowest and the highest key that a part may be given."""
    state, channel = session.engine.state, channel_of(session, place)
    return [int(state["part_lowest"][channel]), int(state["part_highest"][channel])]


def switch(session: "Session", place: int, value: bool) -> None:
    """Let a part have notes, or no more of them."""
    if bool(session.engine.state["part_plays"][channel_of(session, place)]) != value:
        session.switch(place)


def continuation_of(session: "Session") -> Any:
    """Return what plays on.

    Raises:
        ValueError: the session began without a model.
    """
    found = getattr(session, "continuation", None)
    if found is None:
        raise ValueError("nothing continues here: start with concertino play --continue MODEL")
    return found


def of_continuation(name: str, kind: Any, about: str) -> Control:
    """Return a control that is a setting of the continuation."""

    def read(session: "Session", place: int) -> Any:
        continuation = getattr(session, "continuation", None)
        return None if continuation is None else getattr(continuation.settings, name)

    def write(session: "Session", place: int, value: Any) -> None:
        continuation_of(session).set(**{name: value})

    return Control(f"continuation/{name}", about, kind, read, write, saved=True)


def devices_here(session: "Session", place: int) -> Any:
    """Return the MIDI ports and audio devices of this machine."""
    from realtime.host.devices import list_devices

    return list_devices()


def driver_of(session: "Session", place: int) -> dict[str, Any]:
    """Return what plays the sound, and how."""
    driver = session.driver
    return {"name": driver.name, "rate": session.engine.rate, "period": driver.period}
