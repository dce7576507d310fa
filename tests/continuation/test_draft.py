"""What is drawn, whatever the model is sure of."""

from collections import Counter

import numpy as np
import pytest

from realtime.continuation.cast import cast_of, instruments
from realtime.continuation.draft import RECENT, RESERVED, Draft
from realtime.continuation.score import Score
from realtime.ensembles.library import find_ensemble
from realtime.music.mmt.representation import BEAT, INSTRUMENT, POSITION, TYPE
from realtime.music.mmt.sampling import SCORES, SPANS, Sampling

NOTES = 400


@pytest.mark.parametrize(("name", "favourite"), [("brass-quartet", 2), ("bach-chorale", 0)])
def test_no_part_falls_silent_for_long_though_the_model_is_sure_of_one(name, favourite):
    cast = cast_of(find_ensemble(name))
    score = Score()
    score.announce(instruments(cast, range(4)))
    draft = Draft(score, Sampling(), [1], 0)
    sure = np.zeros(SCORES, np.float32)
    sure[SPANS[INSTRUMENT]][cast[favourite].instrument] = 40.0
    sure[SPANS[TYPE]][3] = 40.0
    for _ in range(NOTES):
        scores = sure.copy()
        scores[SPANS[BEAT]][draft.low // 12 + 1] = scores[SPANS[POSITION]][(draft.low + 3) % 12 + 1] = 40.0
        draft.last = draft.last or [-1] * 4
        draft.draw(scores, 0, cast, [0, 1, 2, 3], 80)
        if draft.low > 12 * 200:
            break
    played = Counter(note.part for note in score.notes)
    most = played[favourite] / len(score.notes)
    assert 0.5 < most < 1 - RESERVED / 2
    for place in range(0, len(score.notes) - RECENT, RECENT):
        assert {note.part for note in score.notes[place : place + RECENT]} == {0, 1, 2, 3}
