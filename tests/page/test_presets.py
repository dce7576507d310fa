from playwright.sync_api import Page

from realtime.ensembles.library import find_ensemble
from tests.page.browser import needs_chromium
from tests.page.playing import host_value, strike, wait_for_host, wait_for_note, wait_for_value

pytestmark = needs_chromium


def save_preset(page: Page, name: str) -> None:
    """Save how everything is as a preset, and wait until it can be chosen."""
    page.fill("[aria-label='Name of the preset']", name)
    page.click("form button:has-text('Save')")
    page.wait_for_selector(f"[data-preset='{name}']")


def test_a_held_note_sounds_on_while_presets_are_switched(page: Page):
    page.click("#tab-presets")
    save_preset(page, "chorale")
    page.select_option("[data-control='ensemble']", value="string-quartet")
    page.wait_for_selector("[data-strip='1'] >> text='Violin I'", state="attached")
    save_preset(page, "quartet")
    strike(page, 72)
    wait_for_note(page, 72, "sounding")
    page.locator("[data-preset='chorale']").dispatch_event("click")
    page.wait_for_selector("[data-strip='1'] >> text='Soprano'", state="attached")
    assert host_value(page, "preset") == "chorale"  # all of it changes at once
    assert host_value(page, "ensemble") == "bach-chorale"
    assert wait_for_note(page, 72, "sounding")
    page.mouse.up()
    wait_for_note(page, 72, "ended")
    strike(page, 72)
    assert wait_for_note(page, 72, "sounding")["partName"] == "Soprano"
    page.mouse.up()


def parts_of(name: str) -> list[str]:
    return [part.name for part in find_ensemble(name).parts]


def test_an_ensemble_is_told_with_all_that_comes_with_it_when_it_is_loaded(page: Page):
    """No session loads this one by itself."""
    before = host_value(page, "ensemble")
    page.evaluate(
        """() => {
          window.seen = [];
          concertino.host.addEventListener("state", ({ detail }) => seen.push(detail.values));
        }"""
    )
    page.click("#tab-ensemble")
    page.select_option("[data-control='ensemble']", value="game-trio")
    page.wait_for_function("() => concertino.host.store.get('parts').length === 3")
    assert (host_value(page, "ensemble"), host_value(page, "parts")) == ("game-trio", parts_of("game-trio"))
    assert page.input_value("[data-control='ensemble']") == "game-trio"
    page.select_option("[data-control='ensemble']", value=before)
    page.wait_for_function("() => concertino.host.store.get('parts').length === 4")
    assert host_value(page, "ensemble") == before
    for values in page.evaluate("() => seen"):
        assert values["parts"] == parts_of(values["ensemble"])


def test_the_ensemble_that_is_chosen_while_another_one_is_loaded_plays(page: Page):
    before = host_value(page, "ensemble")
    for name in ("pop-band", "choir"):
        page.evaluate("(name) => void concertino.host.store.set('ensemble', name)", name)
    wait_for_host(page, "loading", 0)
    wait_for_host(page, "ensemble", "choir")
    wait_for_value(page, "ensemble", "choir")
    page.evaluate("(name) => void concertino.host.store.set('ensemble', name)", before)
    wait_for_host(page, "ensemble", before)


def test_a_control_that_was_touched_learns_the_knob_that_is_moved_and_follows_it(page: Page):
    before = host_value(page, "parts/1/volume")
    page.click("#tab-setup")
    page.click("[data-action='web-midi']")
    page.wait_for_selector("text=Stub keys")
    page.click("#tab-ensemble")
    page.click("[data-action='learn']")
    page.click("[data-control='parts/1/volume']")
    wait_for_host(page, "learn", "parts/1/volume")
    page.evaluate("() => midi(0xB0, 21, 64)")
    wait_for_host(page, "learn", "")
    page.click("[data-action='learn']")
    page.wait_for_selector("[data-control='parts/1/volume'][data-mapped='CC 21']")
    page.evaluate("() => midi(0xB0, 21, 0)")  # the knob passes the control's value, and takes it along
    page.evaluate("() => midi(0xB0, 21, 127)")
    page.evaluate("() => midi(0xB0, 21, 33)")
    wait_for_host(page, "parts/1/volume", 33)
    wait_for_value(page, "parts/1/volume", 33)
    page.click("#tab-presets")
    page.press("[data-knob='parts/1/volume'] >> text='Pickup'", "Enter")
    page.wait_for_selector("[data-knob='parts/1/volume'] >> [aria-pressed='false']")
    assert page.evaluate("() => document.activeElement.textContent") == "Pickup"  # the list was made anew
    page.click("[data-knob='parts/1/volume'] >> [aria-label^='Let go']")
    wait_for_host(page, "mappings", [])
    page.evaluate("(value) => void concertino.host.store.set('parts/1/volume', value)", before)
    wait_for_host(page, "parts/1/volume", before)
