"""Pictures of the page on a phone, a laptop and a 4K screen: ``python -m tests.page.screenshots FOLDER``.

Dark and light. A real host plays the bundled performance, over and over. Pictures are made to be looked at.
"""

import argparse
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import mido
from playwright.sync_api import Browser, Page

from realtime.host.bundled import DEMO
from tests.page.browser import chromium, open_page, serving_host

SIZES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 3,
        "has_touch": True,
        "is_mobile": True,
    },
    "phone-on-its-side": {
        "viewport": {"width": 844, "height": 390},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
    "laptop": {"viewport": {"width": 1440, "height": 900}},
    "4k": {"viewport": {"width": 3840, "height": 2160}},
}
SHEETS = ("ensemble", "continue", "presets", "takes", "timing", "setup")
SLOWLY = """const soon = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => setTimeout(() => soon(draw), 300);"""
"""Without a graphics card, 60 pictures of a 4K screen a second are more than there is time for."""
TIMES = 20
LISTEN_MS = 5000
STILL = "() => { concertino.roll.ask = () => {}; concertino.roll.rest = () => {} }"
"""The picture is of one moment."""


def pictures(
    browser: Browser, address: str, size: str, scheme: str, sheets: bool
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the PNG of each picture of one size and scheme."""
    context = browser.new_context(color_scheme=scheme, **SIZES[size])
    context.add_init_script(SLOWLY)
    page = context.new_page()
    open_page(page, address)
    page.wait_for_timeout(LISTEN_MS)
    page.evaluate(STILL)
    yield f"{size}-{scheme}", picture(page)
    one_by_one = page.is_visible(f"#tab-{SHEETS[0]}")  # a large screen shows all of them at once
    for sheet in SHEETS if sheets and one_by_one else ():
        page.click(f"#tab-{sheet}")
        page.wait_for_timeout(700)
        yield f"{size}-{scheme}-{sheet}", picture(page)
    context.close()


def long_performance(folder: Path) -> Path:
    """Write the bundled performance many times in a row; return the file."""
    music = mido.MidiFile(DEMO)
    for track in music.tracks:
        played = [message for message in track if message.type != "end_of_track"]
        track[:] = played * TIMES
    music.save(folder / "long.mid")
    return folder / "long.mid"


def picture(page: Page) -> bytes:
    """Return a PNG of the window."""
    return page.screenshot(timeout=120_000)


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=SIZES, action="append", help="only this one; may be repeated")
    parser.add_argument("--ensemble", default="bach-chorale")
    parser.add_argument("--sheets", action="store_true", help="and one of each sheet of the panel")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        music = long_performance(Path(home))
        options = ("--ensemble", given.ensemble, "--midi-in", f"file:{music}")
        with serving_host(Path(home), *options) as (_, address):
            for size, scheme in product(given.size or SIZES, ("dark", "light")):
                for name, data in pictures(browser, address, size, scheme, given.sheets):
                    (given.folder / f"{name}.png").write_bytes(data)
                    print(given.folder / f"{name}.png", flush=True)


if __name__ == "__main__":
    main()
