"""A chord window on takes is the engine's, note for note."""

import numpy as np
import pytest

from offline.gather import gathered
from offline.human import PERTURBATIONS, human_takes
from offline.take import Take, take_of
from realtime.engine.codes import LOG_DATA1, LOG_DATA2, LOG_FRAME, LOG_STATUS, Log
from tests.engine.playing import OFF, ON, Playing, ensemble, off, on, rows

FRAMES_A_MS = 48


def take(*presses: tuple[float, float, int]) -> Take:
    start, end, pitch = (np.array(column) for column in zip(*presses, strict=True))
    start, end = start.astype(float), end.astype(float)
    return Take("made up", start, end, end.copy(), pitch, np.zeros(len(pitch), np.int64), 120.0)


def test_without_a_window_a_take_is_as_it_was():
    played = take((0, 100, 60), (20, 100, 64))
    assert gathered(played, 0.0) is played


def test_a_spread_chord_begins_at_once_and_low_to_high():
    chord = gathered(take((5, 300, 67), (20, 310, 60), (34, 320, 64), (66, 400, 72)), 30.0)
    assert chord.pitch.tolist() == [60, 64, 67, 72]
    assert chord.start.tolist() == [64, 64, 64, 96]
    assert chord.end.tolist() == [340, 350, 330, 430]


def test_a_key_that_came_up_meanwhile_is_up_when_the_chord_begins():
    again = gathered(take((0, 1010, 60), (1000, 1500, 64), (1012, 1500, 60)), 30.0)
    assert again.start.tolist() == [30, 1042, 1042]
    assert again.end.tolist() == [1040, 1530, 1530]
    legato = gathered(take((0, 1020, 60), (1000, 1500, 64)), 30.0)
    assert legato.end.tolist() == [1030, 1530]


@pytest.mark.parametrize("window", [15, 30, 60])
def test_the_engine_begins_each_note_when_the_take_says(made_up, window: int):
    played = human_takes([take_of(made_up(3))], list(PERTURBATIONS), seed=window)[0]
    whole = {name: np.rint(column * FRAMES_A_MS) / FRAMES_A_MS for name, column in played.columns.items()}
    played = Take(
        played.name, *(whole[n] for n in ("start", "end", "sound_end")), played.pitch, played.part, 120.0
    )
    events = [on(round(s * FRAMES_A_MS), int(p)) for s, p in zip(played.start, played.pitch, strict=True)]
    events += [off(round(e * FRAMES_A_MS), int(p)) for e, p in zip(played.end, played.pitch, strict=True)]
    events.sort(key=lambda event: (event[0], event[2]))
    playing = Playing(ensemble(4))
    playing.state["chord_window"] = window * FRAMES_A_MS
    playing.play(rows(events), events[-1][0] + 100 * FRAMES_A_MS)
    log = playing.log(Log.INPUT)
    struck = log[(log[:, LOG_STATUS] & 0xF0 == ON) & (log[:, LOG_DATA2] > 0)]
    found = sorted(zip(struck[:, LOG_FRAME].tolist(), struck[:, LOG_DATA1].tolist(), strict=True))
    through = gathered(played, float(window))
    frames = np.rint(through.start * FRAMES_A_MS).astype(int).tolist()
    assert found == sorted(zip(frames, through.pitch.tolist(), strict=True))
    ends = [(int(row[LOG_FRAME]), int(row[LOG_DATA1])) for row in log if row[LOG_STATUS] & 0xF0 == OFF]
    for pitch in set(through.pitch.tolist()):
        engine = np.array(sorted(frame for frame, key in ends if key == pitch))
        own = np.sort(through.end[through.pitch == pitch]) * FRAMES_A_MS
        assert np.abs(engine - own).max() <= 1  # a frame before the chord where the take says with it
    assert playing.state["note_count"] == 0
