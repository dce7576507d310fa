"""The same playing gives the same labels: twice, in periods of other lengths, live and offline."""

import numpy as np
import pytest

from realtime.engine.codes import FRAME
from realtime.host.link import Link
from tests.engine.playing import Playing, ensemble, off, on, rows

CHORDS, SPACING = 60, 1024


def chorale() -> np.ndarray:
    """Return chords whose notes lie within 32 frames, so that any period holds a chord whole."""
    rng = np.random.default_rng(7)
    events = []
    for chord in range(CHORDS):
        start = chord * SPACING
        for key in rng.choice(np.arange(40, 82), rng.integers(1, 6), replace=False):
            events += [on(start + int(rng.integers(0, 32)), int(key)), off(start + 900, int(key))]
    found = rows(events)
    return found[np.argsort(found[:, FRAME], kind="stable")]


@pytest.mark.parametrize(
    "separator", ["bach-chorale", "bach-lstm", "closest", "closest-mono", "zone", "none-such"]
)
def test_a_chord_within_one_period_gets_the_same_labels_whatever_the_period(separator):
    labels = []
    for period in (32, 64, 128, 256, 1024):
        playing = Playing(ensemble(4, separator=separator), period=period)
        playing.play(chorale(), CHORDS * SPACING)
        labels.append(playing.decided())
    assert len(labels[0]) > 100
    assert labels[1:] == labels[:1] * 4


def test_the_order_in_which_notes_of_a_period_arrive_changes_no_label():
    events = chorale()
    playing, shuffled = (Playing(ensemble(4, separator="bach-lstm"), period=SPACING) for _ in range(2))
    rng = np.random.default_rng(3)
    for start in range(0, CHORDS * SPACING, SPACING):
        block = events[(events[:, FRAME] >= start) & (events[:, FRAME] < start + SPACING)].copy()
        block[:, FRAME] -= start
        playing.step_rows(block)
        shuffled.step_rows(rng.permutation(block))
    assert shuffled.decided() == playing.decided()


def test_what_is_scheduled_live_gets_the_labels_of_offline():
    events = chorale()
    offline, live = (Playing(ensemble(4, separator="bach-lstm")) for _ in range(2))
    offline.play(events, CHORDS * SPACING)
    link: Link = live.engine.link
    taken = 0
    while taken < len(events) or link.scheduled():
        taken += link.schedule(events[taken : taken + 50])
        live.step()
    assert live.decided() == offline.decided()
    assert live.sent() == offline.sent()
