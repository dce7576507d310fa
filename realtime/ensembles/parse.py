"""One ensemble file: from TOML to an ``Ensemble``, or to one sentence about what is wrong with it."""

import math
import stat
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from realtime.ensembles.schema import MAX_PARTS, Ensemble, GoingOn, Part, allowed
from realtime.music.pitch import parse_pitch

MAX_BYTES = 1 << 20


class EnsembleError(ValueError):
    """An ensemble that can't be used; the message names file, key, reason and what is allowed."""


class _FaultError(Exception):
    """What is wrong at one key; becomes an EnsembleError once the file is known."""


def load_ensemble(path: Path) -> Ensemble:
    """Return the ensemble in the TOML file at ``path``.

    Raises:
        EnsembleError: the file is not TOML, or a key or value in it is wrong.
        OSError: it can't be opened.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for whoever writes into it
        raise EnsembleError(f"{path}: this is no file but a folder, pipe or device; give a TOML file")
    if status.st_size > MAX_BYTES:
        raise EnsembleError(f"{path}: larger than an ensemble file can be ({MAX_BYTES >> 20} MiB)")
    try:
        return _ensemble(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise EnsembleError(f"{path}: byte {error.start} is not UTF-8 text") from None
    except _FaultError as fault:
        raise EnsembleError(f"{path}: {fault}") from None
    except RecursionError:
        raise EnsembleError(f"{path}: not valid TOML: nested too deeply") from None
    except ValueError as error:  # tomllib's own error, and Python's for a number of thousands of digits
        raise EnsembleError(f"{path}: not valid TOML: {error}") from None


def _ensemble(raw: dict[str, Any]) -> Ensemble:
    parts = raw.get("parts")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_PARTS:
        raise _FaultError(f"parts: there must be {allowed(Ensemble, 'parts')}")
    for index, part in enumerate(parts):
        if not isinstance(part, dict):
            raise _wrong(f"parts[{index}]", part, "a table [[parts]]")
        part.setdefault("channel", index + 1)
        _number_keys(part, f"parts[{index}].")
        _check(part, Part, f"parts[{index}].")
    going_on = raw.get("continuation")
    if isinstance(going_on, dict):
        _check(going_on, GoingOn, "continuation.")
    _check(raw, Ensemble, "")
    ensemble = msgspec.convert(raw, Ensemble)
    _check_together(ensemble)
    return ensemble


def _number_keys(part: dict[str, Any], place: str) -> None:
    """Replace note names in ``part`` by MIDI key numbers."""
    for field in ("lowest", "highest"):
        if isinstance(part.get(field), str):
            try:
                part[field] = parse_pitch(part[field])
            except ValueError:
                raise _wrong(f"{place}{field}", part[field], allowed(Part, field)) from None


def _check(table: dict[str, Any], struct: type[msgspec.Struct], place: str) -> None:
    """Refuse an unknown key, a wrong value or a missing key in ``table``, in this order."""
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    for key, value in table.items():
        if key not in fields:
            near = get_close_matches(key, fields, 1)
            advice = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(fields)}"
            raise _FaultError(f"{place}{key}: there is no such key; {advice}")
        try:
            msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError:
            raise _wrong(f"{place}{key}", value, allowed(struct, key)) from None
    for name, field in fields.items():
        if field.required and name not in table:
            raise _FaultError(f"{place}{name} is missing; it must be {allowed(struct, name)}")


def _wrong(place: str, value: object, what: str) -> _FaultError:
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    return _FaultError(f"{place} is {shown}; it must be {what}")


def _check_together(ensemble: Ensemble) -> None:
    """Refuse what no single value shows."""
    for name, values in ensemble.parameters.items():
        if not all(map(math.isfinite, values)):
            raise _FaultError(f"parameters.{name} is {list(values)}; it must hold finite numbers")
    for field in ("name", "channel", "label"):
        first: dict[object, int] = {}
        for index, part in enumerate(ensemble.parts):
            value = getattr(part, field)
            if value != "" and first.setdefault(value, index) != index:
                raise _FaultError(
                    f"parts[{index}].{field} is {value!r}, as is parts[{first[value]}].{field}; "
                    "each part needs its own"
                )
    for index, part in enumerate(ensemble.parts):
        if part.lowest > part.highest:
            raise _FaultError(
                f"parts[{index}].lowest is {part.lowest}, above parts[{index}].highest ({part.highest}); "
                "it must be at most that"
            )
