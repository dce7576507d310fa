"""``offline.asked``: a separator and its values, as they are asked for."""

import pytest

from offline.asked import find_asked
from realtime.contract.kinds import SEQUENCE_SEPARATOR
from tests.contract.tiny import make_sequence, write_plugin


def test_values_behind_a_name_are_its_parameter_and_the_defaults_end_them():
    asked = find_asked("split:64")
    assert asked.name == "split:64"
    assert asked.parameters(3) == {"lower": [64.0, 0.0]}
    assert asked.told(3) == {"lower": {"values": [64.0, 0.0, 0.0], "default": False}}
    assert asked.left(3) == ""


def test_defaults_are_told_and_how_to_give_others():
    assert find_asked("split").left(2) == (
        "split is measured with its default lower 60,0; split:VALUE,VALUE... gives others"
    )
    assert find_asked("closest-mono").left(4).endswith(" and lean 40")  # of two, none can be given by a colon
    assert find_asked("bach-chorale").left(4) == ""


def test_a_model_of_whole_pieces_takes_values_too(tmp_path, monkeypatch):
    model, manifest = make_sequence()
    write_plugin(tmp_path / "whole", manifest, model.SerializeToString())
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path))
    asked = find_asked("whole:1,-2")
    assert asked.manifest.kind == SEQUENCE_SEPARATOR
    assert asked.told(4) == {"bias": {"values": [1.0, -2.0, 0.0, 0.0], "default": False}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("channel", "nothing to measure of channel: each MIDI channel plays the part of its number"),
        ("nobody:1", "nobody.*not found"),
        ("split:1,2,3,4,5", "takes 1 to 4 values, not 5"),
        ("split:loud", "give numbers with commas"),
        ("bach-chorale:1", "takes no value after a colon"),
    ],
)
def test_what_can_not_be_measured_is_refused_in_one_sentence(text, reason):
    with pytest.raises(ValueError, match=reason):
        find_asked(text).told(4)
