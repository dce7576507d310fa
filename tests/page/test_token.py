"""Beyond loopback the page asks for the token, and then works as ever."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.page.browser import needs_chromium, open_page, serving_host
from tests.page.playing import host_value, strike, wait_for_note, wait_for_value

pytestmark = needs_chromium
KEPT = "() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })"
HIDDEN = "() => getComputedStyle(document.getElementById('token')).webkitTextSecurity"
SIZES = [(360, 640), (1280, 800)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a host that serves the network, and its token."""
    folder = tmp_path_factory.mktemp("network")
    with serving_host(folder, "--midi-in", "virtual", "--control", "0.0.0.0:0") as (_, address):
        parts = urlsplit(address)
        yield f"http://127.0.0.1:{parts.port}/", parse_qs(parts.query)["token"][0]


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page of a browser that was never here."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def test_without_the_token_only_the_form_is_shown_and_with_it_the_page_plays(
    stranger: Page, network: tuple[str, str]
):
    address, token = network
    answer = stranger.goto(address)
    assert answer is not None
    assert answer.status == 401
    assert stranger.locator("#keyboard").count() == 0
    assert stranger.evaluate("() => document.activeElement.id") == "token"
    stranger.keyboard.type(token)
    stranger.keyboard.press("Enter")
    stranger.wait_for_selector("body[data-connection=open]")  # WebSocket
    stranger.wait_for_selector("[data-strip]", state="attached")  # HTTP
    assert token not in stranger.url
    strike(stranger, 60)
    wait_for_note(stranger, 60, "sounding")
    stranger.mouse.up()
    wait_for_note(stranger, 60, "ended")
    open_page(stranger, address)  # as long as the browser is open it isn't asked again
    stored = stranger.evaluate(
        "() => [document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage })]"
    )
    assert token not in "".join(stored)
    (cookie,) = stranger.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["expires"] == -1  # it ends with the browser


def test_a_wrong_token_is_said_and_can_be_mended(stranger: Page, network: tuple[str, str]):
    address, token = network
    stranger.goto(address)
    stranger.fill("#token", "wrong <b>")
    stranger.click("button")
    assert "not the token" in stranger.inner_text("[role=alert]")
    assert stranger.context.cookies() == []
    stranger.fill("#token", f" {token} ")  # as it is copied from a terminal
    stranger.click("button")
    stranger.wait_for_selector("body[data-connection=open]")


def test_an_open_page_asks_again_where_its_token_is_taken_no_more(stranger: Page, network: tuple[str, str]):
    address, token = network
    open_page(stranger, f"{address}?token={token}")
    wait_for_value(stranger, "tempo", host_value(stranger, "tempo"))
    stranger.context.clear_cookies()
    stranger.evaluate("() => concertino.host.connection.socket.close()")
    stranger.wait_for_selector("#token")


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_and_can_be_read(
    stranger: Page, network: tuple[str, str], width: int, height: int, scheme: str
):
    stranger.set_viewport_size({"width": width, "height": height})
    stranger.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    stranger.goto(network[0])
    assert stranger.evaluate("() => document.documentElement.scrollWidth") <= width
    assert stranger.evaluate("() => document.documentElement.scrollHeight") <= height
    assert stranger.get_by_label("Token", exact=True).get_attribute("id") == "token"
    assert stranger.evaluate(HIDDEN) == "disc"
    stranger.get_by_label("Show it").check()
    assert stranger.evaluate(HIDDEN) == "none"
