"""The form by which a browser without the token is asked for it, beyond loopback.

Nothing else is shown to whoever has no token, so it needs no other file of the page, and no script.
"""

from html import escape
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse
from starlette.types import Receive

FORM = Path(__file__).parent.parent / "page" / "static" / "token.html"
PLACE = "<!-- what was refused -->"
ADDRESS = "/token"
"""Where the form is sent to."""
LONGEST = 4096
"""Bytes of a form that is sent."""
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with none at all, browsers send the form with Origin: null
}


def wants_page(method: str, accepts: str) -> bool:
    """Return whether a request is a browser's for a page to show."""
    return method == "GET" and "text/html" in accepts.lower()


def token_form(status: int, refused: str, headers: dict[str, str]) -> HTMLResponse | None:
    """Return the form; None where the installation leaves the page out.

    Args:
        status: HTTP's.
        refused: what was wrong with the token that was given, in a sentence; empty where none was.
        headers: of every response.
    """
    try:
        text = FORM.read_text()
    except OSError:
        return None
    alarm = f'<p class="alarm" id="refused" role="alert">{escape(refused)}</p>' if refused else ""
    return HTMLResponse(text.replace(PLACE, alarm), status, {**headers, **HEADERS})


async def token_sent(receive: Receive) -> str:
    """Return the token in the form that is being sent; empty where there is none, or too much is sent."""
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if message["type"] != "http.request" or len(data) > LONGEST:
            return ""
        if not message.get("more_body"):
            break
    try:
        fields = parse_qs(data.decode(), max_num_fields=4)
    except ValueError:
        return ""
    return fields.get("token", [""])[0].strip()
