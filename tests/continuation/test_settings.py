"""What the player sets, on top of what was chosen for the model."""

import pytest

from realtime.continuation.settings import Settings
from realtime.music.mmt.sampling import Sampling

OWN = Sampling((1.0, 1.0, 0.9, 1.1, 1.0, 0.8), (0.9, 0.9, 0.9, 0.875, 0.9, 0.8))


def test_where_the_player_sets_nothing_it_is_drawn_as_was_chosen_for_the_model():
    drawn = Settings().sampling(OWN)
    assert (drawn.temperatures, drawn.threshold) == (OWN.temperatures, OWN.threshold)
    assert drawn.announced
    assert drawn.strict
    assert not drawn.ends


def test_a_temperature_scales_the_models_own_and_a_threshold_takes_their_place():
    drawn = Settings(temperature=0.5, threshold=0.7).sampling(OWN)
    assert drawn.temperatures == (0.5, 0.5, 0.45, 0.55, 0.5, 0.4)
    assert drawn.kept == Sampling(threshold=0.7).kept
    assert Settings(temperature=0).sampling(OWN).temperatures == (0.0,) * 6
    assert Settings(threshold=0.7).changed(threshold=None).sampling(OWN).threshold == OWN.threshold


def test_a_temperature_is_not_left_out():
    with pytest.raises(ValueError, match="temperature is None; it must be a number from 0 to 10"):
        Settings(temperature=None)  # type: ignore[arg-type]
