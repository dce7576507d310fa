"""Preset files: TOML with one line for each control, written whole or not at all."""

import json
import os
import re
import tempfile
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from msgspec import Struct

from realtime.control.table import find
from realtime.control.values import MAX_NAME, check

VARIABLE = "CONCERTINO_PRESETS"
"""Environment variable with the folder of presets."""
SET_LIST = "set-list.toml"
MAX_BYTES = 1 << 20


class PresetError(ValueError):
    """A preset that can't be used; the message names file, key and reason."""


class Preset(Struct, frozen=True):
    """A name, and values of controls by the names of the control table."""

    name: str
    controls: dict[str, Any]
    program: int | None = None
    """Program change of the keyboard that recalls it."""


def presets_folder() -> Path:
    """Return the folder of presets; it need not exist."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else platformdirs.user_config_path("concertino") / "presets"


def file_name(name: str) -> str:
    """Return the name of the file of a preset.

    Raises:
        PresetError: the name is empty or too long, or holds nothing that a file's name can hold.
    """
    slug = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name).lower()).strip("-")
    if not slug or len(name) > MAX_NAME or f"{slug}.toml" == SET_LIST:
        raise PresetError(f"a preset can't be called {name!r}: give letters or digits, at most {MAX_NAME}")
    return f"{slug}.toml"


def read_preset(path: Path) -> Preset:
    """Return the preset in a file.

    Raises:
        PresetError: it is not TOML, or a key or value in it is wrong.
        OSError: it can't be opened.
    """
    raw = read_table(path)
    name, program, controls = raw.get("name"), raw.get("program"), raw.get("controls")
    if not isinstance(name, str) or not isinstance(controls, dict):
        raise PresetError(f"{path}: a preset has a name and a table [controls]")
    if program is not None and (type(program) is not int or not 0 <= program <= 127):
        raise PresetError(f"{path}: program is {program!r}; it must be a whole number from 0 to 127")
    for key, value in controls.items():
        try:
            check(key, find(key)[0], value)
        except LookupError as error:
            raise PresetError(f"{path}: {key}: {error.args[0]}") from None
        except ValueError as error:  # it begins with the name
            raise PresetError(f"{path}: {error}") from None
    return Preset(name, controls, program)


def write_preset(path: Path, preset: Preset) -> None:
    """Write a preset.

    Raises:
        OSError: it can't be written; what was there is still there then.
    """
    lines = [f"name = {_value(preset.name)}"]
    if preset.program is not None:
        lines.append(f"program = {preset.program}  # program change of the keyboard that recalls it")
    lines += ["", "[controls]"]
    said = {name: value for name, value in preset.controls.items() if value not in (None, "")}
    lines += [f"{json.dumps(name)} = {_value(value)}" for name, value in said.items()]
    write_whole(path, "\n".join(lines) + "\n")


def read_table(path: Path) -> Mapping[str, Any]:
    """Return what is in a TOML file.

    Raises:
        PresetError: it is not TOML, or far too large.
        OSError: it can't be opened.
    """
    if path.stat().st_size > MAX_BYTES:
        raise PresetError(f"{path}: larger than such a file can be ({MAX_BYTES >> 20} MiB)")
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise PresetError(f"{path}: not valid TOML: {error}") from None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole, or as it was before, whatever happens meanwhile.

    Raises:
        OSError: it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value)  # a JSON text, number or truth value is one of TOML's


def write_mappings(path: Path, mappings: list[dict[str, Any]]) -> None:
    """Write MIDI mappings, a table ``[[mappings]]`` for each.

    Raises:
        OSError: they can't be written; what was there is still there then.
    """
    tables = ["[[mappings]]\n" + "".join(f"{k} = {_value(v)}\n" for k, v in row.items()) for row in mappings]
    write_whole(path, "\n".join(tables))
