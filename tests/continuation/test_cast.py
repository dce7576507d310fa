"""The parts as the model sees them: it writes what each usually plays, within what the ensemble allows."""

import pytest

from realtime.continuation.cast import cast_of, choose, homes, player_of
from realtime.continuation.ranges import ANY, usual_range
from realtime.ensembles.library import find_ensemble
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


def test_parts_of_one_instrument_share_its_compass_in_their_order():
    """All four of a choir are voices: without a place of its own, the bass climbs above the soprano."""
    cast = cast_of(find_ensemble("choir"))
    assert list(homes(cast)) == sorted(homes(cast), reverse=True)
    low, high = usual_range(cast[0].instrument)
    assert low < homes(cast)[3] < homes(cast)[0] < high
    nothing = [-1] * len(cast)
    for part, home in enumerate(homes(cast)):
        assert choose(cast, range(4), cast[0].instrument, round(home), nothing, []) == (part, round(home))
    everyone_high = [75] * len(cast)
    found = choose(cast, range(4), cast[0].instrument, 46, everyone_high, [])
    assert found is not None
    assert found[0] == 3
