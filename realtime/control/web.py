"""HTTP: the page, the takes, and every control of the table as JSON."""

from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from realtime.control.guard import Guard
from realtime.control.hub import Hub, RefusedError
from realtime.control.limits import Buckets
from realtime.control.openapi import describe, docs, openapi
from realtime.control.takes import find
from realtime.control.websocket import Connections

PAGE = Path(__file__).parent.parent / "page" / "static"
LONGEST_BODY = 1 << 16
_encode = msgspec.json.Encoder().encode


class _Json(JSONResponse):
    def render(self, content: Any) -> bytes:
        return _encode(content)


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    value: Any


_decode = msgspec.json.Decoder(_Body).decode


class _Page(StaticFiles):
    """The page's files; a browser asks each time whether they have changed."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def _value(request: Request, takes_one: bool) -> Any:
    """Return the value in a request's body.

    Raises:
        RefusedError: it is too long, not JSON, or not what is taken.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LONGEST_BODY:
            raise RefusedError(413, f"at most {LONGEST_BODY} bytes are taken")
    if not data and not takes_one:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "send JSON, with Content-Type: application/json")
    try:
        return _decode(bytes(data)).value
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RefusedError(422, f'send {{"value": ...}}: {error}'[:300]) from None


def make_app(hub: Hub, token: str | None, takes: Path, guesses: Buckets) -> Guard:
    """Return the application.

    Args:
        hub: knows the values and the host.
        token: asked for if not None.
        takes: folder of the takes.
        guesses: how many wrong tokens an address may give.
    """
    described, specified, page_of_docs = _encode(describe()), _encode(openapi()), docs()

    async def everything(request: Request) -> Response:
        return _Json({"values": hub.values, "choices": hub.state.choices})

    async def controls(request: Request) -> Response:
        return Response(described, media_type="application/json")

    async def specification(request: Request) -> Response:
        return Response(specified, media_type="application/json")

    async def documentation(request: Request) -> Response:
        return HTMLResponse(page_of_docs)

    async def control(request: Request) -> Response:
        name = request.path_params["name"]
        found = hub.control(name)
        methods = [m for m, has in (("GET", found.read), ("PUT", found.write)) if has]
        methods = ["POST"] if found.call else methods
        if request.method not in methods:
            allowed = {"Allow": ", ".join(methods)}
            how = "can be called" if found.call else "can be changed" if found.write else "can only be read"
            return _Json({"error": f"{name} {how}: {' or '.join(methods)}"}, 405, allowed)
        if request.method == "GET":
            value = await hub.get(name)
        else:
            value = await hub.set(name, await _value(request, found.type is not None))
        return _Json({"name": name, "value": value})

    async def take(request: Request) -> Response:
        folder, file = request.path_params["take"], request.path_params["file"]
        path = find(takes, folder, file)
        if path is None:
            raise RefusedError(404, "there is no such take")
        return FileResponse(path, filename=f"{folder}-{file}", content_disposition_type="inline")

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        return _Json({"error": str(error)}, error.status)

    async def failed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _Json({"error": error.detail}, error.status_code, error.headers)

    async def home(request: Request) -> Response:
        return RedirectResponse("/docs")

    methods = ["GET", "PUT", "POST", "DELETE", "PATCH"]
    page = (
        Mount("/", _Page(directory=PAGE, html=True)) if PAGE.is_dir() else Route("/", home)
    )  # an installation may leave the page out
    app = Starlette(
        routes=[
            WebSocketRoute("/ws", Connections(hub).endpoint),
            Route("/api", everything),
            Route("/api/controls", controls),
            Route("/api/{name:path}", control, methods=methods),
            Route("/openapi.json", specification),
            Route("/docs", documentation),
            Route("/takes/{take}/{file}", take),
            page,
        ],
        exception_handlers={RefusedError: refused, HTTPException: failed},
    )
    return Guard(app, token, guesses)
