import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="models need torch: pip install 'concertino[offline]'")

from offline.bound import bound, places  # noqa: E402  # after the check for torch
from offline.history import HistorySeparator  # noqa: E402
from offline.human import human_takes  # noqa: E402
from offline.take import take_of  # noqa: E402
from offline.weights import model_weights  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture
def weights():
    torch.manual_seed(0)
    return model_weights(HistorySeparator(4, 24, 16))


def test_a_chord_s_notes_are_counted_in_the_order_of_time(made_up):
    written = take_of(made_up(0, chords=5))
    np.testing.assert_array_equal(places(written), [0, 1, 2, 3] * 5)
    (spread,) = human_takes([written], ["spread"])
    for i in range(5):
        chord = np.argsort(spread.start)[4 * i : 4 * i + 4]
        np.testing.assert_array_equal(places(spread)[chord], [0, 1, 2, 3])


def test_a_model_that_only_knows_the_pitch_does_as_well_on_any_past(weights, made_up):
    weights["table.weight"][128:] = 0.0
    weights["lstm.weight_hh_l0"][:] = 0.0
    found = bound(weights, [take_of(made_up(seed)) for seed in range(3)])
    assert found.own == found.told
    np.testing.assert_array_equal(found.own_by_place, found.told_by_place)


def test_the_places_together_are_all_notes(weights, made_up):
    found = bound(weights, [take_of(made_up(seed)) for seed in range(3)])
    assert found.own == pytest.approx(found.own_by_place.mean())  # chords of four throughout
    assert found.told == pytest.approx(found.told_by_place.mean())
    assert found.own != found.told
