from itertools import combinations_with_replacement

import numpy as np
import pytest

from offline.rule_drafts import RULES
from offline.rules import best_zones, mean_pitches
from offline.score import make_piece
from realtime.contract.library import find_plugin
from realtime.contract.stepper import Stepper


def _part(rule, parts, pitch, parameters=None, **features):
    stepper = Stepper(find_plugin(rule), parts, parameters)
    silent = {"chord_last_pitch": [-1] * parts, "sounding": [0] * parts}
    return int(stepper.step({"pitch": pitch, **silent, **features}).argmax())


def _kept(piece, lower):
    zones = [next(i for i, low in enumerate(lower) if pitch >= low) for pitch in piece.pitch]
    return int((np.array(zones) == piece.part).sum())


@pytest.mark.parametrize("parts", [2, 3])
def test_the_zones_are_the_best_there_are(parts):
    draws = np.random.default_rng(parts)
    voices = [
        [(i, int(p), 1) for i, p in enumerate(draws.integers(8 - 3 * v, 16 - 3 * v, 30))]
        for v in range(parts)
    ]
    piece = make_piece("x", voices)
    choices = combinations_with_replacement(range(18, -1, -1), parts - 1)
    best = max(_kept(piece, (*boundaries, 0)) for boundaries in choices)
    zones = best_zones([piece], parts)
    assert _kept(piece, zones) == best
    assert list(zones) == sorted(zones, reverse=True)
    assert zones[-1] == 0


def test_the_zones_of_the_chorales_are_those_of_the_paper():
    # Dong et al. publish 69, 63 and 57 for Bach.
    (lower,) = (t for t in find_plugin("zone").manifest.inputs if t.name == "lower")
    assert lower.default == (69, 63, 57, 0)


@pytest.mark.parametrize(
    ("pitch", "part"), [(127, 0), (69, 0), (68, 1), (63, 1), (62, 2), (57, 2), (56, 3), (0, 3)]
)
def test_a_note_goes_to_the_first_zone_that_it_reaches(pitch, part):
    assert _part("zone", 4, pitch) == part


@pytest.mark.parametrize("parts", [1, 2, 5, 16])
def test_zones_serve_any_number_of_parts(parts):
    assert _part("zone", parts, 127) == 0
    assert _part("zone", parts, 0) == min(parts, 4) - 1


def test_a_note_below_every_zone_goes_to_the_nearest():
    assert _part("zone", 2, 30, {"lower": [60, 40]}) == 1


@pytest.mark.parametrize(("pitch", "part"), [(60, 0), (59, 1), (0, 1)])
def test_the_split_is_at_middle_c(pitch, part):
    assert _part("split", 2, pitch) == part


def test_the_split_can_be_moved():
    assert [_part("split", 2, pitch, {"lower": [48, 0]}) for pitch in (48, 47)] == [0, 1]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_rules_that_ship_are_those_that_the_code_makes(rule, made_up):
    assert find_plugin(rule).graph_path.read_bytes() == RULES[rule](rule, [made_up(0)]).graph


def test_closest_takes_the_part_with_the_nearest_last_note():
    assert _part("closest", 3, 61, chord_last_pitch=[72, 64, 50]) == 1


def test_closest_begins_at_each_part_s_start():
    assert [_part("closest", 4, pitch) for pitch in (71, 65, 60, 51)] == [0, 1, 2, 3]
    assert _part("closest", 2, 40, {"start": [40, 80]}) == 0


@pytest.mark.parametrize("parts", [1, 2, 5, 16])
def test_mono_takes_a_silent_part_while_there_is_one(parts):
    for silent in range(parts):
        sounding = [int(part != silent) for part in range(parts)]
        for pitch in (0, 60, 127):
            last = list(range(80, 80 - parts, -1))
            assert _part("closest-mono", parts, pitch, chord_last_pitch=last, sounding=sounding) == silent


def test_mono_leaves_the_high_parts_to_the_high_notes_of_a_chord():
    # The low note is as near to the upper part as to the lower.
    assert _part("closest-mono", 2, 65, chord_last_pitch=[70, 60]) == 1


def test_mono_keeps_a_melody_alone_in_its_part():
    assert _part("closest-mono", 4, 72, chord_last_pitch=[72, 64, 57, 48]) == 0


def test_the_mean_pitch_of_a_part_is_over_all_pieces():
    pieces = [make_piece("a", [[(0, 70, 1)], [(0, 50, 1)]]), make_piece("b", [[(0, 73, 1)], [(0, 51, 1)]])]
    assert mean_pitches(pieces, 2) == (71.5, 50.5)
