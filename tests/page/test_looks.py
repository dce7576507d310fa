from itertools import combinations

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.page.browser import needs_chromium

pytestmark = needs_chromium
NAMELESS = """() => [...document.querySelectorAll("button, input, select, a[href], audio, [role=img]")]
  .filter((each) => {
    const label = each.labels?.[0]?.textContent ?? "";
    const text = each.matches("select, input") ? "" : each.textContent;
    return !(each.getAttribute("aria-label") ?? "").trim() && !label.trim() && !text.trim();
  })
  .map((each) => each.outerHTML.slice(0, 120))"""
OUTSIDE = """() => [...document.querySelectorAll(".bar :is(button, input, select), .tabs button, .keyboard")]
  .filter((each) => each.offsetParent)
  .filter((each) => {
    const { left, right, top, bottom } = each.getBoundingClientRect();
    return left < -0.5 || right > innerWidth + 0.5 || top < -0.5 || bottom > innerHeight + 0.5;
  })
  .map((each) => each.textContent || each.dataset.control || each.id)"""
CONES = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""How such eyes see linear RGB (Machado, Oliveira and Fernandes 2009, table 1, severity 1)."""
APART = 9.0
"""CIE 1976 colour difference that is told apart at a glance on small areas."""


def test_everything_that_can_be_used_has_a_name(page: Page):
    assert page.evaluate(NAMELESS) == []
    for sheet in ("continue", "presets", "takes", "timing", "setup"):
        page.click(f"#tab-{sheet}")
        assert page.evaluate(NAMELESS) == []


SIZES = [(360, 640), (844, 390), (1024, 768), (3840, 2160)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_lies_outside_the_window(page: Page, width: int, height: int):
    page.set_viewport_size({"width": width, "height": height})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []


def test_notes_stand_over_their_keys(page: Page):
    places = page.evaluate(
        """() => [48, 61, 72].map((pitch) => {
          const key = document.querySelector(`.key[data-pitch='${pitch}']`).getBoundingClientRect();
          const { roll, keyboard } = concertino;
          const [left, width] = keyboard.range.place(pitch);
          const box = roll.canvas.getBoundingClientRect();
          return [key.left + key.width / 2, box.left + (left + width / 2) * box.width];
        })"""
    )
    for key, note in places:
        assert note == pytest.approx(key, abs=1.0)


def seen(code: str, cones: np.ndarray) -> np.ndarray:
    """Return a colour as CIE L*a*b*, as eyes of a kind see it."""
    encoded = np.array([int(code[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = to_xyz @ np.clip(cones @ linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_part_colours_stay_apart_for_every_kind_of_colour_vision(page: Page):
    colours = page.evaluate("async () => (await import('/js/palette.js')).COLOURS")
    for palette in colours.values():
        for cones in [np.eye(3), *(np.array(rows) for rows in CONES.values())]:
            labs = [seen(code, cones) for code in palette]
            assert min(np.linalg.norm(a - b) for a, b in combinations(labs, 2)) > APART


def test_nothing_moves_by_itself_where_motion_is_unwelcome(page: Page):
    page.emulate_media(reduced_motion="reduce")
    edges = page.evaluate(
        """async () => {
          const { roll } = concertino;
          const first = roll.edge();
          await new Promise((done) => setTimeout(done, 50));
          return [first, roll.edge()].map((edge) => edge % 2);
        }"""
    )
    page.emulate_media(reduced_motion="no-preference")
    assert edges == [0, 0]
