from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.live import Host
from tests.page.browser import CHROMIUM, chromium, open_page, serving_host
from tests.page.playing import STUB_MIDI, wait_for_silence

SIZE = {"width": 1280, "height": 800}
RESET = """() => {
  concertino.keys.first = 60;
  if (concertino.audio.on) concertino.audio.stop();
  concertino.host.notes.clear();
  document.getElementById("log").replaceChildren();
  document.getElementById("tab-ensemble").click();
  document.activeElement.blur();
}"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt: chromium)")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, str]]:
    """A host that nobody plays yet, and its page's address."""
    with serving_host(tmp_path_factory.mktemp("host"), "--midi-in", "virtual") as served:
        yield served


def load(browser: Browser, address: str, wrong: list[str]) -> Page:
    """Open a page of the host in a context of its own; what goes wrong in it is added to ``wrong``."""
    context = browser.new_context(viewport=SIZE)
    context.add_init_script(STUB_MIDI)
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.extend(abroad(request.url, address)))
    open_page(page, address)
    return page


@pytest.fixture
def new_page(browser: Browser, served: tuple[Host, str]) -> Iterator[Callable[..., Page]]:
    """Open pages of the host besides the first."""
    pages: list[Page] = []
    wrong: list[str] = []

    def open_one() -> Page:
        pages.append(load(browser, served[1], wrong))
        return pages[-1]

    yield open_one
    for page in pages:
        page.context.close()
    assert not wrong


def abroad(url: str, home: str) -> list[str]:
    """Return the address if it is not the host's: the page must work with no network."""
    own = home.partition("//")[2].partition("/")[0]
    return [] if url.partition("//")[2].startswith(own) or url.startswith(("data:", "blob:")) else [url]


@pytest.fixture(scope="session")
def first_page(browser: Browser, served: tuple[Host, str]) -> Iterator[tuple[Page, list[str]]]:
    wrong: list[str] = []
    page = load(browser, served[1], wrong)
    yield page, wrong
    page.context.close()


@pytest.fixture
def page(first_page: tuple[Page, list[str]]) -> Iterator[Page]:
    """The first page, with nothing sounding and nothing shown yet."""
    page, wrong = first_page
    page.set_viewport_size(SIZE)
    page.evaluate(RESET)
    yield page
    for key in "adgh":
        page.keyboard.up(key)
    page.mouse.up()
    wait_for_silence(page)
    assert not wrong
