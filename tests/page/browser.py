"""Debian's Chromium, driven by Playwright, and the page of a real host in it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.live import Host

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt: chromium)")
HOMES = ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "MUSIC_DIR")
OPTIONS = ("--audio", "null", "--control", "0")
ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--autoplay-policy=user-gesture-required",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that is installed; none is downloaded."""
    assert CHROMIUM
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving_host(folder: Path, *options: str, **more: str) -> Iterator[tuple[Host, str]]:
    """Start ``concertino play`` with a page; yield it and the page's address."""
    homes = {f"XDG_{name}": str(folder / name) for name in HOMES}
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    with Host(folder, *OPTIONS, *options, **{**homes, "XDG_RUNTIME_DIR": str(runtime), **more}) as host:
        host.wait_for("the page: ")
        found = re.search(r"the page: (http://\S+)", host.said)
        assert found, host.said
        yield host, found[1]


def open_page(page: Page, address: str) -> None:
    """Load the page and wait until it knows the host."""
    page.set_default_timeout(60_000)
    page.goto(address)
    page.wait_for_selector("body[data-connection=open]")
    page.wait_for_selector("[data-strip]", state="attached")
    page.wait_for_function("() => concertino.host.clock.samples.length > 0")
