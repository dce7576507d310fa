from playwright.sync_api import Page

from tests.page.browser import needs_chromium
from tests.page.playing import strike, wait_for_host, wait_for_note

pytestmark = needs_chromium
DURATION = """async (audio) => {
  audio.load();
  await new Promise((done, failed) => {
    audio.onloadedmetadata = done;
    audio.onerror = () => failed(new Error(audio.error.message));
  });
  return audio.duration;
}"""


def test_a_take_is_recorded_listed_listened_to_and_downloaded(page: Page):
    before = page.locator(".take").count()
    page.click("[data-control='record']")
    wait_for_host(page, "record", True)
    strike(page, 67)
    wait_for_note(page, 67, "sounding")
    page.wait_for_timeout(300)
    page.mouse.up()
    wait_for_note(page, 67, "ended")
    page.click("[data-control='record']")
    wait_for_host(page, "record", False)
    page.click("#tab-takes")
    page.wait_for_selector(".take audio")
    assert page.locator(".take").count() == before + 1
    page.locator(".take audio").first.evaluate("(audio) => audio.preload = 'metadata'")
    assert page.locator(".take audio").first.evaluate(DURATION) > 0.3
    with page.expect_download() as parts:
        page.locator(".take a", has_text="Parts").first.click()
    assert parts.value.path().read_bytes()[:4] == b"MThd"
