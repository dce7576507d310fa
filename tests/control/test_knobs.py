"""Knobs by what they send, without a device."""

from itertools import pairwise

import msgspec
import pytest

from realtime.control.knobs import Mapping, Positions, turned


def mapping(**more):
    return Mapping(**{"name": "tempo", "device": "knobs", "channel": 1, "number": 20} | more)


@pytest.mark.parametrize(
    ("mode", "value", "steps"),
    [
        ("relative", 1, 1),
        ("relative", 5, 5),
        ("relative", 63, 63),
        ("relative", 127, -1),
        ("relative", 123, -5),
        ("relative", 65, -63),
        ("relative", 0, 0),
        ("offset", 65, 1),
        ("offset", 69, 5),
        ("offset", 127, 63),
        ("offset", 63, -1),
        ("offset", 59, -5),
        ("offset", 0, -64),
        ("offset", 64, 0),
    ],
)
def test_an_endless_knob_says_how_far_it_was_turned(mode, value, steps):
    knob = mapping(mode=mode)
    assert knob.steps(value) == steps
    assert knob.is_pressed(value) == (steps > 0)


@pytest.mark.parametrize("size", [1, 4, 127, 300, 16383])
@pytest.mark.parametrize("step", [1, -1])
def test_every_step_of_an_endless_knob_moves_what_goes_by_whole_steps_and_none_leaves_the_range(size, step):
    standing = 0.0 if step > 0 else float(size)
    for _ in range(size):
        before, standing = standing, turned(standing, step, size, whole=True)
        assert standing == round(standing)
        assert (standing - before) * step > 0 or standing in (0, size)
    assert standing == (size if step > 0 else 0)


def test_all_of_a_range_is_a_turn_of_127_steps():
    assert turned(0, 127, 280, whole=False) == 280
    assert turned(140, -60, 280, whole=False) == pytest.approx(140 - 280 * 60 / 127)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "14bit", "number": 32},
        {"mode": "14bit", "number": 100},
        {"mode": "relative", "kind": "key"},
        {"mode": "14bit", "kind": "key"},
        {"mode": "circle"},
        {"number": 128},
    ],
)
def test_what_no_knob_can_be_is_refused(wrong):
    plain = msgspec.to_builtins(mapping()) | wrong
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, Mapping)


PLACE = (3, 0, "controller", 20)
FINE = (3, 0, "controller", 52)


def test_the_two_halves_of_a_14_bit_knob_make_one_place_in_the_range():
    knob, positions = mapping(mode="14bit", pickup=False), Positions()
    assert positions.share(PLACE, knob, 127, 0) == pytest.approx(127 * 128 / 16383)
    assert positions.share(FINE, knob, 127, 0) == 1
    assert positions.share(FINE, knob, 0, 0) == pytest.approx(127 * 128 / 16383)  # the coarse one holds
    assert positions.share(PLACE, knob, 0, 0) == 0
    assert positions.share(FINE, knob, 1, 0) == pytest.approx(1 / 16383)


def test_a_14_bit_knob_that_sweeps_goes_up_in_steps_finer_than_one_of_7_bits():
    knob, positions = mapping(mode="14bit", pickup=False), Positions()
    shares = []
    for position in range(8000, 8300):
        positions.share(PLACE, knob, position // 128, 0)
        shares.append(positions.share(FINE, knob, position % 128, 0))
    assert all(0 < b - a < 1 / 16000 for a, b in pairwise(shares))


def test_a_14_bit_knob_picks_its_control_up_with_either_half():
    knob, positions = mapping(mode="14bit"), Positions()
    assert positions.share(PLACE, knob, 10, 0.5) is None
    assert positions.share(FINE, knob, 100, 0.5) is None
    assert positions.share(PLACE, knob, 63, 0.5) == pytest.approx(63 * 128 / 16383)
    assert positions.share(FINE, knob, 5, 0.49) == pytest.approx((63 * 128 + 5) / 16383)


def test_a_knob_that_crosses_its_control_has_hold_of_it():
    knob, positions = mapping(), Positions()
    assert positions.share(PLACE, knob, 10, 0.5) is None
    assert positions.share(PLACE, knob, 100, 0.5) == pytest.approx(100 / 127)
    positions.forget()
    assert positions.share(PLACE, knob, 10, 0.5) is None
