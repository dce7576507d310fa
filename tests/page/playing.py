"""What a test does on the page, and reads from it."""

from typing import Any

from playwright.sync_api import Page

from tests.live import wait_until

NOTES = "#log li"
STUB_MIDI = """
navigator.requestMIDIAccess = async () => {
  const input = { id: "stub", name: "Stub keys", state: "connected" };
  window.midi = (...data) => input.onmidimessage({ data: new Uint8Array(data) });
  return { inputs: new Map([["stub", input]]) };
};
"""
"""Web MIDI as browsers have it, with one keyboard that ``midi(status, data1, data2)`` plays."""


def key_place(page: Page, pitch: int) -> tuple[float, float]:
    """Return where to strike a key of the keyboard on the screen."""
    box = page.locator(f".key[data-pitch='{pitch}']").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.9


def strike(page: Page, pitch: int) -> None:
    """Press a key with the mouse and keep it down."""
    page.mouse.move(*key_place(page, pitch))
    page.mouse.down()


def notes(page: Page) -> list[dict[str, Any]]:
    """Return what the page says of the notes it has shown, oldest first."""
    return page.locator(NOTES).evaluate_all("items => items.map((item) => ({ ...item.dataset }))")


def wait_for_note(page: Page, pitch: int, state: str) -> dict[str, Any]:
    """Wait until the last note of a pitch is ``sounding`` or ``ended``; return what is said of it."""
    page.wait_for_function(
        "([pitch, state]) => [...document.querySelectorAll(`#log li[data-pitch='${pitch}']`)].at(-1)"
        "?.dataset.state === state",
        arg=[pitch, state],
    )
    return [note for note in notes(page) if note["pitch"] == str(pitch)][-1]


def wait_for_silence(page: Page) -> None:
    """Wait until no note of the page sounds."""
    page.wait_for_function("() => concertino.host.notes.sounding.size === 0")


def wait_for_value(page: Page, name: str, value: Any) -> None:
    """Wait until the page knows that a control has a value."""
    page.wait_for_function(
        "([name, value]) => JSON.stringify(concertino.host.store.get(name)) === JSON.stringify(value)",
        arg=[name, value],
    )


def wait_for_host(page: Page, name: str, value: Any) -> None:
    """Wait until a control of the host itself has a value."""
    wait_until(lambda: host_value(page, name) == value)


def host_value(page: Page, name: str) -> Any:
    """Ask the host itself, past the page."""
    return page.request.get(f"{page.url.rstrip(chr(47))}/api/{name}").json()["value"]
