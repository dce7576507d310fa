"""Who is let in beyond loopback, asked as a server asks: by ASGI."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.responses import PlainTextResponse

from realtime.control.guard import GUESS_BURST, Guard, guess_limit
from realtime.control.token_form import ADDRESS, LONGEST

TOKEN = "a-token-of-some-length"
HOST = "127.0.0.1:7780"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Asked:
    """A guard before an application that says ``in``, and its answers."""

    def __init__(self, token: str | None = TOKEN) -> None:
        self.guard = Guard(PlainTextResponse("in"), token, guess_limit())

    def __call__(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        path, _, query = path.partition("?")
        given = {"host": HOST, **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(key.encode(), value.encode()) for key, value in given.items()],
            "client": ("192.0.2.7", 5000),
        }
        waiting = [body[at : at + 1000] for at in range(0, len(body), 1000)] or [b""]
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.guard(scope, receive, send))
        answered = {key.decode().lower(): value.decode() for key, value in sent[0]["headers"]}
        return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:]).decode(), answered

    def send_form(self, token: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        return self("POST", ADDRESS, urlencode({"token": token}).encode(), **headers)


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_browsers_are_given_the_form_and_programs_a_sentence(asked: Asked):
    status, text, headers = asked("GET", "/", **BROWSER)
    assert (status, headers["cache-control"]) == (401, "no-store")
    assert "<form" in text
    assert "alert" not in text
    for method, path, given in [("GET", "/api", {}), ("PUT", "/api/tempo", BROWSER)]:
        status, text, headers = asked(method, path, **given)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert "token" in json.loads(text)["error"]


def test_the_form_leaves_a_cookie_that_is_taken_and_ends_with_the_browser(asked: Asked):
    status, _, headers = asked.send_form(TOKEN, origin=f"http://{HOST}")
    assert (status, headers["location"]) == (303, "/")
    cookie, _, rest = headers["set-cookie"].partition(";")
    assert "HttpOnly" in rest
    assert "strict" in rest
    assert "Max-Age" not in rest
    assert asked("GET", "/api", cookie=cookie)[:2] == (200, "in")


def test_a_form_of_another_site_is_refused_with_the_right_token_too(asked: Asked):
    for origin in ("http://evil.example", "null"):
        assert asked.send_form(TOKEN, origin=origin)[0] == 403
    assert asked.send_form(TOKEN, host="evil.example")[0] == 403


def test_browsers_say_where_the_form_comes_from(asked: Asked):
    assert asked("GET", "/", **BROWSER)[2]["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"token",
        b"token=",
        b"token=wrong",
        b"\xff\xfe=\xff",
        b"a=1&" * 100,
        b"token=" + b"x" * LONGEST,
        b"x=" + b"x" * LONGEST + b"&token=" + TOKEN.encode(),
    ],
)
def test_a_form_without_the_token_is_shown_again_and_lets_nobody_in(asked: Asked, body: bytes):
    status, text, headers = asked("POST", ADDRESS, body)
    assert status == 401
    assert "not the token" in text
    assert "set-cookie" not in headers


def test_what_was_given_is_never_shown(asked: Asked):
    assert "guessed" not in asked.send_form("guessed<script>")[1]


def test_only_wrong_tokens_are_counted_and_the_right_one_is_let_in_after_them(asked: Asked):
    for _ in range(int(2 * GUESS_BURST)):
        assert asked("GET", "/", **BROWSER)[0] == 401  # to look is no guess
    for _ in range(int(2 * GUESS_BURST)):
        status, text, _ = asked.send_form("guess")
    assert status == 429
    assert "wait a little" in text
    status, text, _ = asked("GET", "/", cookie="concertino=old", **BROWSER)
    assert status == 429
    assert "<form" in text
    assert asked.send_form(TOKEN)[0] == 303


def test_on_this_machine_alone_nothing_is_asked(asked: Asked):
    alone = Asked(None)
    assert alone("GET", "/", **BROWSER)[:2] == (200, "in")
    assert alone.send_form("x")[:2] == (200, "in")  # an address like any other
