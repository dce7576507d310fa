"""The table: names, what each control takes, and that every transport speaks of the same controls."""

import math

import pytest

from realtime.control.openapi import describe, openapi
from realtime.control.table import CONTROLS, find
from realtime.control.values import WrongValueError, bounds, check, options

WRONG = {
    "tempo": [9, 481, math.nan, math.inf, "fast", None, [90], {}, True],
    "chord_window": [-1, 101, 0.5, "short", None],
    "ensemble": ["", "x" * 81, "a\n", 3, None],
    "parts/1/volume": [-1, 128, 1.5, "loud", None, [1]],
    "parts/1/mute": [2, "on", None, -1, 0.5],
    "parts/1/range": [[60], [60, 50], [0, 128], 60, [1, 2, 3], ["C4", "C5"], None],
    "clock": ["sun", 1, None],
    "panic": [1, "now", []],
    "title": ["Other"],
    "latency": [{}],
}

NO_NAMES = [
    *("", "nothing", "/tempo", "tempo/", "TEMPO", "parts/1", "parts/1/tempo", "parts/1/volume/x"),
    *("parts/0/volume", "parts/17/volume", "parts/01/volume", "parts/{part}/volume", "parts/٣/volume"),
    "parts/999999999999/mute",
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_wrong_value_is_refused_in_a_sentence_with_the_name(name, value):
    control, _ = find(name)
    with pytest.raises(WrongValueError, match=f"^{name} (is|takes|can)"):
        check(name, control, value)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("tempo", 90, 90.0),
        ("parts/1/volume", 80.0, 80),
        ("parts/16/mute", 1, True),
        ("parts/1/mute", 0.0, False),
        ("parts/1/range", [48.0, 84], [48, 84]),
        ("panic", None, None),
        ("clock", "jack", "jack"),
    ],
)
def test_a_value_is_taken_as_the_controls_type(name, value, taken):
    found = check(name, find(name)[0], value)
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_none_is_not_found(name):
    with pytest.raises(LookupError):
        find(name)


def test_every_control_can_be_found_read_or_written_and_says_what_it_is():
    for control in CONTROLS:
        assert find(control.named(0))[0] is control
        assert control.read or control.write
        assert control.help.endswith(".")
        assert control.call == (control.read is None)
        assert not (control.saved and (control.volatile or control.write is None))


def test_the_descriptions_know_exactly_the_controls_of_the_table():
    names = {control.name for control in CONTROLS}
    assert {control["name"] for control in describe()} == names
    paths = openapi()["paths"]
    assert {path.removeprefix("/api/") for path in paths if path.startswith("/api/")} == names | {"controls"}
    for control in CONTROLS:
        methods = {"get"} if control.read else set()
        methods |= ({"post"} if control.call else {"put"}) if control.write else set()
        assert methods == paths[f"/api/{control.name}"].keys() - {"parameters"}


def test_bounds_and_words_are_those_of_the_types():
    assert bounds(find("parts/1/volume")[0]) == (0, 127)
    assert bounds(find("tempo")[0]) == (10, 480)
    assert bounds(find("chord_window")[0]) == (0, 100)
    assert bounds(find("ensemble")[0]) is None
    assert options(find("clock")[0]) == ("tap", "clock", "jack")
