"""The HTTP interface in words for machines (OpenAPI 3.1) and for people, both from the table."""

import html
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from realtime.control.table import CONTROLS
from realtime.control.takes import FILES, NAME
from realtime.control.values import Control, described, options
from realtime.ensembles.schema import MAX_PARTS

ERROR = {"$ref": "#/components/responses/Error"}
PART = {
    "name": "part",
    "in": "path",
    "required": True,
    "description": "Number of the part, counted from 1.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PARTS},
}
REFUSALS = ("401", "403", "404", "409", "413", "415", "422", "429")


def access(control: Control) -> str:
    """Return ``read``, ``write`` or ``call``."""
    return "call" if control.call else "write" if control.write else "read"


def schema(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a value."""
    if kind is None:
        return {"type": "null"}
    found, components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    assert not components
    return found[0]


def describe() -> list[dict[str, Any]]:
    """Return every control of the table, for whoever builds an interface from it."""
    return [
        {
            "name": control.name,
            "help": control.help,
            "access": access(control),
            "schema": schema(control.type),
            "saved": control.saved,
            "volatile": control.volatile,
        }
        for control in CONTROLS
    ]


def _answer(control: Control) -> dict[str, Any]:
    value = {"type": ["null"]} if control.call else {"anyOf": [schema(control.type), {"type": "null"}]}
    content = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "value": value},
        "required": ["name", "value"],
    }
    return {"description": "Its value now.", "content": {"application/json": {"schema": content}}}


def _operations(control: Control) -> Iterator[tuple[str, dict[str, Any]]]:
    refusals = dict.fromkeys(REFUSALS, ERROR)
    common = {"responses": {"200": _answer(control), **refusals}}
    tag = {"tags": [control.name.partition("/")[0]]}
    if control.read:
        yield "get", {"summary": control.help, **tag, **common}
    if control.write:
        operation = {"summary": control.help, **tag, **common}
        if control.type is not None:
            body = {
                "type": "object",
                "properties": {"value": schema(control.type)},
                "required": ["value"],
                "additionalProperties": False,
            }
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        yield "post" if control.call else "put", operation


def openapi() -> dict[str, Any]:
    """Return the description of the HTTP interface."""
    paths: dict[str, Any] = {}
    for control in CONTROLS:
        path = paths.setdefault(f"/api/{control.name}", {})
        path.update(_operations(control))
        if control.each_part:
            path["parameters"] = [PART]
    refusals = dict.fromkeys(("401", "403", "429"), ERROR)
    whole = {"application/json": {"schema": {"type": "object"}}}
    for path, summary in (
        ("/api", "All values, and what may be chosen."),
        ("/api/controls", "Every control: name, help, access, schema."),
    ):
        kind = {"type": "array"} if path.endswith("controls") else {"type": "object"}
        whole = {"application/json": {"schema": kind}}
        answer = {"description": summary, "content": whole}
        paths[path] = {"get": {"summary": summary, "responses": {"200": answer, **refusals}}}
    take = {"name": "take", "in": "path", "required": True, "schema": {"type": "string", "pattern": NAME}}
    file = {"name": "file", "in": "path", "required": True, "schema": {"enum": list(FILES)}}
    contents = {"description": "The file, or the range of it that was asked for."}
    paths["/takes/{take}/{file}"] = {
        "parameters": [take, file],
        "get": {
            "summary": "A file of a take.",
            "responses": {
                "200": contents,
                "206": contents,
                "304": {"description": "Not modified."},
                "400": {"description": "A wrong range."},
                "416": {"description": "A range that the file does not have."},
                "404": ERROR,
                **refusals,
            },
        },
    }
    error = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Concertino",
            "version": _version(),
            "description": "Everything that can be read and changed while Concertino plays.",
        },
        "paths": paths,
        "components": {
            "responses": {
                "Error": {
                    "description": "Refused: nothing was changed. One sentence says why.",
                    "content": {"application/json": {"schema": error}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _version() -> str:
    try:
        return version("concertino")
    except PackageNotFoundError:
        return "0"


def docs() -> str:
    """Return the description as a page that needs nothing else."""
    rows = []
    for control in CONTROLS:
        name, kind = html.escape(control.name), access(control)
        method = {"read": "GET", "write": "GET, PUT", "call": "POST"}[kind]
        takes = "" if control.type is None else described(control.type)
        takes = ", ".join(options(control)) or takes
        cells = (f"<code>/api/{name}</code>", method, html.escape(control.help), html.escape(takes))
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return _PAGE.format(rows="\n".join(rows), parts=MAX_PARTS)


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Concertino: control interface</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0 }}
td {{ border-top: 1px solid #8884 }}
</style>
<h1>Control interface</h1>
<p>A value is read with GET, and changed with PUT and <code>{{"value": ...}}</code> as JSON; POST calls. The
answer is <code>{{"name": ..., "value": ...}}</code>, or <code>{{"error": ...}}</code>: then nothing was
changed.
<code>{{part}}</code> is the number of a part, 1 to {parts}. The same names are OSC addresses (without
<code>/api</code>) and those of <code>concertino ctl</code>. For machines:
<a href="/openapi.json">/openapi.json</a>, <a href="/api/controls">/api/controls</a>,
<a href="/api">/api</a> (all values).</p>
<table>
<tr><th>path</th><th>methods</th><th>what it is</th><th>value</th></tr>
{rows}
</table>
"""
