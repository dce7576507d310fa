from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page

from tests.page.browser import needs_chromium
from tests.page.playing import wait_for_note, wait_for_silence

pytestmark = needs_chromium
CAPTURE = """async (seconds) => {
  const { context, gain } = concertino.audio;
  const tap = new AnalyserNode(context, { fftSize: 2048 });
  gain.connect(tap);
  const kept = [], frames = new Float32Array(tap.fftSize);
  for (let taken = 0; taken < seconds; taken += frames.length / context.sampleRate) {
    await new Promise((done) => setTimeout(done, 1000 * frames.length / context.sampleRate));
    tap.getFloatTimeDomainData(frames);
    kept.push(...frames);
  }
  gain.disconnect(tap);
  return { rate: context.sampleRate, frames: kept };
}"""


def captured(page: Page, seconds: float = 0.5) -> tuple[np.ndarray, float]:
    """Return what the page plays: float64, shape (frames,), in blocks of 2,048; and its rate."""
    heard = page.evaluate(CAPTURE, seconds)
    return np.array(heard["frames"]), heard["rate"]


def share_of_partials(sound: np.ndarray, rate: float, pitch: float) -> float:
    """Return how much of the power, up to ten times ``pitch`` (Hz), lies near its multiples."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    partial = np.fft.rfftfreq(len(sound), 1 / rate) / pitch
    near = np.abs(partial - np.round(partial)) * pitch < 2 * rate / len(sound)
    heard = (partial > 0.5) & (partial < 10.5)
    return power[heard & near].sum() / power[heard].sum()


def test_the_first_key_has_the_page_play_the_hosts_sound_at_its_pitch(page: Page):
    assert page.is_visible("[data-action='hear']")
    page.keyboard.press("Escape")  # panic: what rings from the test before is no A4
    page.keyboard.down("h")  # A4
    wait_for_note(page, 69, "sounding")
    page.wait_for_function("() => concertino.audio.heard > 0.001")
    assert page.is_hidden("[data-action='hear']")
    sound, rate = captured(page)
    blocks = sound.reshape(-1, 2048)
    loudest = blocks[np.argmax((blocks**2).sum(axis=1))]
    assert np.sqrt(np.mean(loudest**2)) > 0.001
    shares = {step: share_of_partials(loudest, rate, 440.0 * 2 ** (step / 12)) for step in range(-3, 4)}
    assert shares[0] > 0.6
    assert max(shares, key=shares.__getitem__) == 0  # no pitch nearby fits better
    page.keyboard.up("h")
    wait_for_silence(page)


def test_how_much_later_the_page_is_heard_is_measured_and_shown(page: Page):
    page.click("[data-action='hear']")
    page.wait_for_function("() => concertino.audio.measures.length >= 10")
    extra = page.evaluate("() => concertino.audio.latency")
    assert 0.0 < extra < 5.0
    page.click("#tab-timing")
    shown = page.locator("dt:has-text('Sound on this page') + dd")
    page.wait_for_function(
        "() => [...document.querySelectorAll('dd')].some((each) => /^[0-9]+ ms$/.test(each.textContent))"
    )
    assert shown.text_content().endswith(" ms")


def test_sound_can_be_ended_and_begun_again(page: Page):
    page.click("[data-action='hear']")
    page.wait_for_function("() => concertino.audio.report?.frame > 0")
    page.click("#tab-setup")
    page.click("[data-action='sound']")
    page.wait_for_function("() => !concertino.audio.on")
    page.click("[data-action='sound']")
    page.wait_for_function("() => concertino.audio.on && concertino.audio.context.state === 'running'")
    page.wait_for_function("() => concertino.audio.report.frame > 0")


def test_a_browser_that_keeps_worklets_from_the_page_is_heard_as_well(new_page: Callable[[], Page]):
    page = new_page()
    page.evaluate("() => Object.defineProperty(AudioContext.prototype, 'audioWorklet', { value: undefined })")
    page.keyboard.down("h")
    wait_for_note(page, 69, "sounding")
    page.wait_for_function("() => concertino.audio.heard > 0.001")
    page.keyboard.up("h")
    wait_for_silence(page)
