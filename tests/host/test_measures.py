"""How well the continuation keeps up: what counts as ready."""

import pytest

from realtime.host.measures import SIXTEENTH, Measures


def test_before_the_bound_of_a_turn_nothing_has_to_be_drawn():
    measures = Measures(48000)
    measures.begin(None, 10.0, 10.0 + SIXTEENTH)
    measures.due(12.5)  # the sixteenth at 12, before the bound at 13
    assert (measures.isr, measures.staleness) == (1.0, 0.0)
    measures.due(15.5)  # that at 15, which has to be drawn, and is not
    assert measures.isr == 0.5
    assert measures.staleness == pytest.approx(2 / SIXTEENTH / 2)
    measures.reach(30.0)
    measures.due(18.5)
    assert measures.isr == pytest.approx(2 / 3)


def test_a_turn_that_begins_at_once_has_to_be_drawn_from_its_beginning():
    measures = Measures(48000)
    measures.begin(0, 10.0)
    measures.due(12.5)
    assert measures.isr == 0.0


def test_a_plan_that_is_drawn_anew_is_not_there_until_it_is_again():
    measures = Measures(48000)
    measures.begin(None, 0.0)
    measures.reach(100.0)
    measures.due(6.5)
    assert measures.isr == 1.0
    measures.retract(9.0)  # the player played: all from there on is another
    measures.due(12.5)
    assert measures.isr == 3 / 4
    measures.reach(30.0)
    measures.due(15.5)
    assert measures.isr == 4 / 5
