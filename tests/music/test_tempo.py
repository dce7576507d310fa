import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.tempo import TempoMap

STRETCHES = st.lists(st.tuples(st.floats(0.01, 50.0), st.floats(10.0, 400.0)), max_size=8)


def tempo_map(first: float, stretches: list[tuple[float, float]]) -> TempoMap:
    quarters = np.concatenate([[0.0], np.cumsum([length for length, _ in stretches])])
    return TempoMap.from_quarters(quarters, [first, *(bpm for _, bpm in stretches)])


@given(st.floats(10.0, 400.0), STRETCHES, st.lists(st.floats(0.0, 1000.0), max_size=20))
def test_seconds_and_quarters_are_each_others_inverse(first, stretches, seconds):
    tempo = tempo_map(first, stretches)
    assert np.allclose(tempo.seconds_at(tempo.quarters_at(seconds)), seconds, atol=1e-6)


def test_a_tempo_change_counts_from_its_own_place():
    tempo = TempoMap.from_quarters([0.0, 4.0], [120.0, 60.0])
    assert tempo.quarters_at([0.0, 1.0, 2.0, 3.0]).tolist() == [0.0, 2.0, 4.0, 5.0]
    assert tempo.seconds_at([4.0, 6.0]).tolist() == [2.0, 4.0]


def test_the_last_of_several_tempi_at_one_place_counts():
    tempo = TempoMap.from_quarters([0.0, 0.0, 2.0, 2.0], [120.0, 90.0, 50.0, 60.0])
    assert tempo.bpm.tolist() == [90.0, 60.0]
    assert tempo.quarters.tolist() == [0.0, 2.0]
