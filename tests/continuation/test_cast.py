"""The parts as the model sees them: it writes what each usually plays, within what the ensemble allows."""

import pytest

from realtime.continuation.cast import player_of
from realtime.continuation.ranges import ANY, usual_range
from realtime.music.mmt.instruments import DROPPED, INSTRUMENT_OF, INSTRUMENTS

BASSOON = int(INSTRUMENT_OF[70])


@pytest.mark.parametrize(
    ("allowed", "transpose", "written"),
    [
        ((0, 127), 0, (34, 70)),
        ((0, 127), -12, (46, 82)),
        ((40, 60), 0, (40, 60)),
        ((65, 127), 0, (65, 127)),
    ],
)
def test_a_part_is_written_for_where_it_usually_plays(allowed, transpose, written):
    """An ensemble may ask for other keys: where less than an octave is left, its word counts."""
    player = player_of(BASSOON, *allowed, transpose)
    assert (player.lowest, player.highest) == written


def test_every_instrument_has_a_range_of_more_than_an_octave():
    assert usual_range(DROPPED) == ANY
    for code in range(INSTRUMENTS + 1):
        low, high = usual_range(code)
        assert low >= 0
        assert high - low >= 12
