"""An SF3 SoundFont, whose samples are compressed, takes the place of another while notes are held."""

from pathlib import Path

import numpy as np
import pytest

from realtime.host.loader import Loader, Wanted
from tests.engine.playing import Playing, ensemble, is_at_rest, off, on
from tests.live import ROOT, SOUNDFONT

ORGAN = 19
ALL, ONE_EACH = Path("/usr/share/sounds/sf3"), ROOT.parent / "shared" / "data" / "soundfonts-mit"
"""Folders of whole SoundFonts, and of such as hold one program each."""
FOUND = (*sorted(ALL.glob("*.sf3")), *sorted(ONE_EACH.rglob(f"{ORGAN:03}.sf3")))
PARTS = ({"program": ORGAN}, {"program": ORGAN})


@pytest.mark.skipif(not FOUND, reason="no SF3 file is here (apt: fluidr3mono-gm-soundfont)")
def test_held_notes_sound_on_and_end_on_the_old_font_and_new_ones_play_the_sf3():
    playing, alone = (Playing(ensemble(*PARTS), soundfont=SOUNDFONT) for _ in range(2))
    said: list[str] = []
    loader = Loader(playing.engine, said.append)
    try:
        for each in (playing, alone):
            each.step(on(0, 60))
            each.rest(20)
        change = loader.change(0, Wanted(soundfont=FOUND[0]))
        assert playing.state["slot"] == 0
        change.result()
        swapped, kept = playing.rest(100), alone.rest(100)
        assert playing.state["slot"] == loader.playing().index != 0
        assert np.abs(kept).max() > 0.01
        np.testing.assert_allclose(swapped, kept, atol=2e-5)  # no gap, no jump
        playing.step(off(0, 60))
        playing.rest(700)  # what was held has died away
        playing.step(on(0, 67))
        assert np.abs(playing.rest(50)).max() > 0.01
        playing.step(off(0, 67))
        assert is_at_rest(playing.state)
        assert said == []
    finally:
        loader.close()
        for each in (playing, alone):
            each.engine.close()
