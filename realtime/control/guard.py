"""Who is let in: the check in front of every HTTP request and WebSocket.

A page of another site can't reach the host through the player's browser: its Origin is refused (no cross-site
WebSocket or form), and so is a name that it had point here (DNS rebinding): only names of this machine and
bare addresses are ours. Beyond loopback every request needs the token; a browser that has none gets a form.
"""

import ipaddress
import secrets
import socket
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from realtime.control.limits import Buckets
from realtime.control.token_form import ADDRESS, token_form, token_sent, wants_page

COOKIE = "concertino"
REQUESTS, BURST = 400.0, 2000.0
"""HTTP requests of one address: a second, and at once."""
GUESSES, GUESS_BURST = 1.0, 10.0
"""Wrong tokens of one address."""
YEAR = 365 * 86400
WRONG = "That is not the token."
SLOWLY = "too many wrong tokens: wait a little"
ASKED = "the token is missing or wrong: open the address that was shown when it was made"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def own_names() -> set[str]:
    """Return the names under which this machine may be asked for, in lower case."""
    name = socket.gethostname().lower()
    return {
        *LOOPBACK_NAMES,
        name,
        name.split(".")[0],
        f"{name.split('.')[0]}.local",
        socket.getfqdn().lower(),
    }


def is_right(given: str, token: str) -> bool:
    """Return whether a token was given, in a time that does not tell how much of it is right."""
    return secrets.compare_digest(given.encode(errors="replace"), token.encode())


def guess_limit() -> Buckets:
    """Return what bounds the wrong tokens of an address, however it gives them."""
    return Buckets(GUESSES, GUESS_BURST)


class Guard:
    """Wraps the application.

    Args:
        app: what is guarded.
        token: asked for if not None.
        guesses: how many wrong tokens an address may give.
    """

    def __init__(self, app: ASGIApp, token: str | None, guesses: Buckets) -> None:
        self.app, self.token = app, token
        self._names = own_names() if token else set(LOOPBACK_NAMES)
        self._requests = Buckets(REQUESTS, BURST)
        self._guesses = guesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] not in ("http", "websocket"):
            return
        headers = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in scope["headers"]]
        refusal = self._refusal(scope, headers)
        if not refusal and self._is_form(scope):
            await (await self._enter(scope, receive))(scope, receive, send)
            return
        if refusal := refusal or self._tokenless(scope, headers):
            await self._refuse(*refusal, scope, headers)(scope, receive, send)
            return
        if scope["type"] == "http" and self.token and "token" in self._query(scope):
            # the token stays out of the history
            await self._admit(scope["path"], YEAR)(scope, receive, send)
            return

        async def send_on(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self.app(scope, receive, send_on)

    def _refusal(self, scope: Scope, headers: list[tuple[str, str]]) -> tuple[int, str] | None:
        if not self._requests.take(_peer(scope)):
            return 429, "too many requests: wait a little"
        hosts = [value for key, value in headers if key == "host"]
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 403, "this host is not called so: open it by its address"
        for origin in (value for key, value in headers if key == "origin"):
            if urlsplit_netloc(origin) != hosts[0].lower():
                return 403, "pages of other sites are refused"
        return None

    def _tokenless(self, scope: Scope, headers: list[tuple[str, str]]) -> tuple[int, str] | None:
        if self.token is None:
            return None
        given = self._given(scope, headers)
        if any(is_right(text, self.token) for text in given):
            return None
        if given and not self._guesses.take(_peer(scope)):
            return 429, SLOWLY
        return 401, ASKED

    def _refuse(self, status: int, sentence: str, scope: Scope, headers: list[tuple[str, str]]) -> ASGIApp:
        """Return the answer to what is not let in: to a browser that lacks the token, the form."""
        if scope["type"] == "websocket":
            return WebSocketClose(1008, sentence)
        added = HEADERS | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
        accepts = ",".join(value for key, value in headers if key == "accept")
        form = None
        if sentence in (ASKED, SLOWLY) and wants_page(scope["method"], accepts):
            wrong = WRONG if "token" in self._query(scope) else ""
            form = token_form(status, SLOWLY.capitalize() if sentence == SLOWLY else wrong, added)
        return form or JSONResponse({"error": sentence}, status, added)

    def _is_form(self, scope: Scope) -> bool:
        return (
            self.token is not None
            and scope["type"] == "http"
            and (scope["method"], scope["path"]) == ("POST", ADDRESS)
        )

    async def _enter(self, scope: Scope, receive: Receive) -> ASGIApp:
        """Return the answer to the form: the page, or the form again."""
        if is_right(await token_sent(receive), self.token or ""):
            return self._admit("/", None)
        slowly = not self._guesses.take(_peer(scope))
        status, sentence = (429, SLOWLY.capitalize()) if slowly else (401, WRONG)
        return token_form(status, sentence, HEADERS) or JSONResponse({"error": sentence}, status, HEADERS)

    def _admit(self, path: str, seconds: int | None) -> ASGIApp:
        """Return what leads a browser on to ``path`` with a cookie for so long; None: until it is closed."""
        response = RedirectResponse(path, 303, HEADERS)
        response.set_cookie(COOKIE, self.token or "", httponly=True, samesite="strict", max_age=seconds)
        return response

    def _is_ours(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name = name.rpartition(":")[0] or name
        if name in self._names:
            return True
        if self.token is None:
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    def _given(self, scope: Scope, headers: Iterable[tuple[str, str]]) -> list[str]:
        """Return all that a request gives as tokens."""
        given = list(self._query(scope).get("token", ()))
        for key, value in headers:
            if key == "authorization" and value.lower().startswith("bearer "):
                given.append(value[7:].strip())
            if key == "cookie":
                try:
                    cookies = SimpleCookie(value)
                except CookieError:
                    continue
                given += [cookies[COOKIE].value] if COOKIE in cookies else []
        return given

    @staticmethod
    def _query(scope: Scope) -> Mapping[str, list[str]]:
        try:
            return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=16)
        except ValueError:
            return {}


def _peer(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def urlsplit_netloc(origin: str) -> str | None:
    """Return host and port of an origin in lower case; None where it is none of the web's."""
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") else None
