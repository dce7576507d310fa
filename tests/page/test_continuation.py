from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.continuation.tiny import NAME, tiny_plugin
from tests.page.browser import needs_chromium, open_page, serving_host
from tests.page.playing import notes, strike, wait_for_host, wait_for_note, wait_for_silence

pytestmark = needs_chromium


@pytest.fixture
def continued(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of a host whose ensemble can go on alone."""
    folder = tmp_path_factory.mktemp("continued")
    tiny_plugin(folder / "models", variants=("int8",))
    options = ("--midi-in", "virtual", "--continue", NAME)
    with serving_host(folder, *options, CONCERTINO_MODELS=str(folder / "models")) as (_, address):
        page = browser.new_page()
        open_page(page, address)
        yield page
        page.close()


def test_the_ensemble_plays_on_when_told_to_until_it_is_taken_back(continued: Page):
    page = continued
    page.click("#tab-continue")
    page.click("[data-control='continuation/mode'] [data-value='trade']")
    wait_for_host(page, "continuation/mode", "trade")
    page.click("[data-control='continuation/mode'] [data-value='continue']")
    wait_for_host(page, "continuation/mode", "continue")
    for pitch in (60, 64, 67):
        strike(page, pitch)
        wait_for_note(page, pitch, "sounding")
        page.mouse.up()
    page.wait_for_selector("#sheet-continue >> text=Listening")
    page.click("[data-control='continuation/trigger']")
    page.wait_for_selector("#log li:has-text('played by the model')", state="attached")
    page.wait_for_selector("#sheet-continue >> text=Playing")
    page.click("[data-control='continuation/take_back']")
    wait_for_silence(page)
    count = len(notes(page))
    page.wait_for_timeout(1000)
    assert len(notes(page)) == count
