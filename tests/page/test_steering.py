from collections.abc import Callable

import psutil
from playwright.sync_api import Page

from tests.live import Host
from tests.page.browser import needs_chromium, open_page
from tests.page.playing import host_value, strike, wait_for_host, wait_for_note, wait_for_value

pytestmark = needs_chromium


def test_a_slider_moved_by_keys_changes_the_host_and_every_page_and_is_found_after_a_reload(
    page: Page, new_page: Callable[[], Page]
):
    other = new_page()
    before = host_value(page, "parts/2/volume")
    page.focus("[data-control='parts/2/volume']")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    wait_for_host(page, "parts/2/volume", before - 3)
    for each in (page, other):
        wait_for_value(each, "parts/2/volume", before - 3)
    assert other.input_value("[data-control='parts/2/volume']") == str(before - 3)
    open_page(other, page.url)
    wait_for_value(other, "parts/2/volume", before - 3)
    assert other.input_value("[data-control='parts/2/volume']") == str(before - 3)


def test_mute_solo_and_instrument_reach_the_host(page: Page):
    for name in ("parts/1/mute", "parts/1/solo"):
        for value in (True, False):
            page.click(f"[data-control='{name}']")
            wait_for_host(page, name, value)
            assert page.get_attribute(f"[data-control='{name}']", "aria-pressed") == str(value).lower()
    page.select_option("[data-control='parts/3/program']", label="Violin")
    wait_for_host(page, "parts/3/program", 40)


def test_a_held_note_sounds_on_through_a_change_of_ensemble(page: Page):
    strike(page, 72)
    wait_for_note(page, 72, "sounding")
    page.select_option("[data-control='ensemble']", value="string-quartet")
    page.wait_for_selector("[data-strip='1'] >> text='Violin I'")
    assert wait_for_note(page, 72, "sounding")
    page.mouse.up()
    wait_for_note(page, 72, "ended")
    page.select_option("[data-control='ensemble']", value="bach-chorale")
    page.wait_for_selector("[data-strip='1'] >> text='Soprano'")


def test_what_the_host_refuses_is_said_and_put_back(page: Page):
    tempo = host_value(page, "tempo")
    page.evaluate("() => concertino.host.store.set('tempo', 5000)")
    page.wait_for_selector("#toast.alarm:has-text('tempo')")
    assert host_value(page, "tempo") == tempo
    wait_for_value(page, "tempo", tempo)


def test_taps_set_the_tempo(page: Page):
    page.evaluate("() => concertino.host.store.set('tempo', 400)")
    wait_for_host(page, "tempo", 400)
    for _ in range(4):
        page.keyboard.press("Backquote")
        page.wait_for_timeout(250)  # at least: the tempo is 240 at most
    page.wait_for_function("() => concertino.host.store.get('tempo') < 300")


def test_the_page_comes_back_by_itself_after_the_server_was_killed(page: Page, served: tuple[Host, str]):
    strike(page, 60)
    wait_for_note(page, 60, "sounding")
    for child in psutil.Process(served[0].process.pid).children():
        if "realtime.control.server" in " ".join(child.cmdline()):
            child.kill()
    page.wait_for_selector("body[data-connection=closed]")
    wait_for_note(page, 60, "ended")
    page.mouse.up()
    page.wait_for_selector("body[data-connection=open]")
    strike(page, 62)
    wait_for_note(page, 62, "sounding")
    page.mouse.up()
    wait_for_note(page, 62, "ended")
