from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.page.browser import needs_chromium
from tests.page.playing import (
    host_value,
    key_place,
    notes,
    strike,
    wait_for_note,
    wait_for_silence,
)

pytestmark = needs_chromium
PARTS = ["Soprano", "Alto", "Tenor", "Bass"]
TALL = 24
"""Pixels; the middle of a note that is as tall is far from its edges, whatever time goes by meanwhile."""


def colour_at(page: Page, pitch: int) -> list[int]:
    """Return the colour (RGBA) that is drawn at the middle of the last note of a pitch, once it has grown."""
    return page.wait_for_function(
        """([pitch, tall]) => {
          const { roll, host } = concertino;
          const note = host.notes.all.findLast((each) => each.pitch === pitch);
          if (!note) return null;
          roll.draw();
          const { x, y, height } = roll.box(note, roll.edge());
          const [top, bottom] = [Math.max(y, 0), Math.min(y + height, roll.height)];
          if (bottom - top < tall) return null;
          const ratio = roll.canvas.width / roll.width;
          return [...roll.context.getImageData((x + 3) * ratio, ((top + bottom) / 2) * ratio, 1, 1).data];
        }""",
        arg=[pitch, TALL],
    ).json_value()


def part_colour(page: Page, place: int) -> list[int]:
    """Return the colour of a part's strip."""
    return page.evaluate(
        """(place) => {
          const code = document.querySelector(`[data-strip='${place}']`).style.getPropertyValue("--part");
          return [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16));
        }""",
        place,
    )


def test_a_key_struck_with_the_mouse_sounds_until_it_is_let_go_and_is_drawn_in_its_parts_colour(page: Page):
    strike(page, 72)
    note = wait_for_note(page, 72, "sounding")
    assert note["partName"] in PARTS
    assert note["partName"] == PARTS[int(note["place"]) - 1]
    *drawn, opacity = colour_at(page, 72)
    assert drawn == pytest.approx(part_colour(page, int(note["place"])), abs=3)
    assert opacity / 255 == pytest.approx(0.22 + 0.78 * float(note["confidence"]), abs=0.03)
    page.mouse.up()
    wait_for_note(page, 72, "ended")


def test_high_and_low_keys_go_to_the_parts_that_the_host_says(page: Page):
    assert host_value(page, "parts") == PARTS
    counted = host_value(page, "counters")["notes_on"]
    for pitch in (79, 40):
        strike(page, pitch)
        wait_for_note(page, pitch, "sounding")
        page.mouse.up()
        wait_for_note(page, pitch, "ended")
    assert [note["partName"] for note in notes(page)][-2:] == ["Soprano", "Bass"]
    assert host_value(page, "counters")["notes_on"] == counted + 2


def test_gliding_over_the_keys_plays_one_after_the_other(page: Page):
    strike(page, 60)
    wait_for_note(page, 60, "sounding")
    page.mouse.move(*key_place(page, 62))
    wait_for_note(page, 62, "sounding")
    wait_for_note(page, 60, "ended")
    page.mouse.up()
    wait_for_silence(page)


def test_computer_keys_play_chords_and_are_let_go_when_the_page_loses_sight_of_them(page: Page):
    for key in "adg":
        page.keyboard.down(key)
    for pitch in (60, 64, 67):
        wait_for_note(page, pitch, "sounding")
    page.keyboard.up("d")
    wait_for_note(page, 64, "ended")
    page.evaluate("() => dispatchEvent(new Event('blur'))")
    wait_for_silence(page)
    page.keyboard.up("a")
    page.keyboard.press("x")
    page.keyboard.press("a")
    wait_for_note(page, 72, "ended")


def test_a_key_that_two_fingers_hold_sounds_until_the_last_leaves(page: Page):
    page.keyboard.down("a")
    wait_for_note(page, 60, "sounding")
    strike(page, 60)
    page.keyboard.up("a")
    page.keyboard.press("d")
    wait_for_note(page, 64, "ended")  # what was played before it has come
    assert [(note["pitch"], note["state"]) for note in notes(page)] == [("60", "sounding"), ("64", "ended")]
    page.mouse.up()
    wait_for_note(page, 60, "ended")


def test_the_keyboard_is_played_from_the_focus_alone(page: Page):
    page.focus(".key[tabindex='0']")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "C♯4"
    page.keyboard.down("Space")
    wait_for_note(page, 61, "sounding")
    page.keyboard.up("Space")
    wait_for_note(page, 61, "ended")


def test_several_touches_are_a_chord(page: Page):
    touch = page.context.new_cdp_session(page)
    points = [dict(zip("xy", key_place(page, pitch), strict=True)) for pitch in (60, 64)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    for pitch in (60, 64):
        wait_for_note(page, pitch, "sounding")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_for_silence(page)


def test_a_web_midi_keyboard_plays_with_its_pedal(page: Page):
    page.click("#tab-setup")
    page.click("[data-action='web-midi']")
    page.wait_for_selector("text=Stub keys")
    page.evaluate("() => { midi(0xB0, 64, 127); midi(0x90, 67, 88) }")
    assert wait_for_note(page, 67, "sounding")
    page.evaluate("() => { midi(0x90, 67, 0); midi(0x90, 72, 88) }")
    wait_for_note(page, 72, "sounding")  # what was played before it has come
    assert wait_for_note(page, 67, "sounding")
    page.evaluate("() => { midi(0xB0, 64, 0); midi(0x90, 72, 0) }")
    for pitch in (67, 72):
        wait_for_note(page, pitch, "ended")


def test_panic_ends_everything_that_sounds(page: Page):
    for key in "adg":
        page.keyboard.down(key)
    for pitch in (60, 64, 67):
        wait_for_note(page, pitch, "sounding")
    page.keyboard.press("Escape")
    wait_for_silence(page)
    for key in "adg":
        page.keyboard.up(key)
    assert not [note for note in notes(page) if note["state"] == "sounding"]


def test_a_page_that_vanishes_lets_go_of_its_keys(page: Page, new_page: Callable[[], Page]):
    gone, stays = new_page(), page
    strike(gone, 65)
    wait_for_note(gone, 65, "sounding")
    wait_for_note(stays, 65, "sounding")
    gone.context.close()
    wait_for_note(stays, 65, "ended")
