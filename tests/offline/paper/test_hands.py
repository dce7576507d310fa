from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.human import PERTURBATIONS, human_takes  # noqa: E402  # after the check for torch
from offline.paper.deciding import RULES  # noqa: E402
from offline.paper.hands import label_takes, under_hands  # noqa: E402
from offline.paper.mlp import MLPNetwork  # noqa: E402
from offline.paper.music import Music  # noqa: E402
from offline.take import NOBODY, take_of  # noqa: E402


@pytest.fixture
def pieces(made_up):
    return [made_up(seed, chords=6) for seed in range(4)]


def test_what_knows_every_part_is_right_under_all_hands(pieces):
    found = under_hands(lambda told: [piece.part.clip(0) for piece in told], pieces, ("s", "a", "t", "b"))
    assert list(found) == ["written", *PERTURBATIONS, "all"]
    assert set(found.values()) == {1.0}


def test_labels_are_in_the_order_of_the_take_not_of_the_ticks(pieces):
    takes = human_takes(list(map(take_of, pieces)), list(PERTURBATIONS))
    labels = label_takes(lambda told: [piece.pitch for piece in told], takes)
    for take, label in zip(takes, labels, strict=True):
        assert (label == take.pitch).all()


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_gives_parts_to_notes_that_are_nobody_s(rule, pieces):
    part = pieces[0].part.copy()
    part[[0, 7]] = NOBODY
    strange = replace(pieces[0], part=part)
    music = Music(("s", "a", "t", "b"), pieces[1:], [], [strange])
    (found,) = RULES[rule](music)([strange])
    assert found.shape == part.shape
    assert set(found.tolist()) <= {0, 1, 2, 3}


def test_the_oracle_of_the_mlp_decides_notes_that_are_nobody_s_by_itself(pieces):
    torch.manual_seed(0)
    model, part = MLPNetwork(4), pieces[0].part.copy()
    own = model.decide([pieces[0]], oracle=True)[0]
    part[5] = NOBODY
    (found,) = model.decide([replace(pieces[0], part=part)], oracle=True)
    assert (found[:6] == own[:6]).all()
    # What comes after hears the note as the part's that was decided, not as the first part's.
    told = pieces[0].part.copy()
    told[5] = own[5]
    assert (found == model.decide([replace(pieces[0], part=told)], oracle=True)[0]).all()
    assert not np.isnan(found).any()
