from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.training import Run, train  # noqa: E402  # after the check for torch
from offline.whole.model import IGNORED, WholeSeparator, measure  # noqa: E402
from offline.whole.training import (  # noqa: E402
    WholeRecipe,
    by_hand,
    new_whole_model,
    past_of,
    train_whole_epoch,
    written_and_by_hand,
)

torch.set_num_threads(1)  # more only get in each other's way on a model this small

TINY = WholeRecipe(
    epochs=6,
    batch=4,
    width=24,
    units=8,
    hidden=16,
    patience=99,
    average=0.5,
    rate=2e-2,
    dropout=0.1,
    hiding=0.05,
    own_from=0.0,
)


@pytest.mark.parametrize("change", [{}, {"members": 2, "human": 0.5}])
def test_it_learns_what_voices_are_and_a_stopped_run_goes_on_where_it_was(change, made_up, tmp_path):
    recipe = replace(TINY, **change)
    training = [made_up(seed) for seed in range(12)]
    validation = [made_up(seed) for seed in range(20, 24)]
    options = {"progress": False, "epoch": train_whole_epoch}
    whole = Run(recipe, 4, new_whole_model)
    first = measure(whole.model, validation)
    model = train(whole, training, validation, tmp_path / "a.pt", measure=measure, **options)
    last = measure(model, validation)
    assert last[0] < first[0]
    assert last[1] > first[1]
    half = Run(recipe, 4, new_whole_model)
    with pytest.raises(KeyboardInterrupt):
        train(half, training, validation, tmp_path / "b.pt", measure=_stopping(3), **options)
    resumed = Run(recipe, 4, new_whole_model)
    resumed.resume(tmp_path / "b.pt")
    assert resumed.epoch == 3
    again = train(resumed, training, validation, tmp_path / "b.pt", measure=measure, **options)
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def _stopping(at):
    calls = []

    def measure_and_stop(model, pieces):
        calls.append(1)
        if len(calls) > at:
            raise KeyboardInterrupt
        return measure(model, pieces)

    return measure_and_stop


def test_a_damaged_past_is_someones_everywhere():
    part = np.array([[0, 1, 2, 3] * 50 + [IGNORED] * 8])
    draws = np.random.default_rng(0)
    assert (past_of(part, 4, 0.0, draws)[part >= 0] == part[part >= 0]).all()
    damaged = past_of(part, 4, 0.2, draws)
    assert damaged.min() >= 0
    assert 0.1 < (damaged != part)[part >= 0].mean() < 0.2  # a fourth of what is damaged stays right


def test_members_begin_with_other_weights_and_learn_each_on_its_own(made_up):
    run = Run(replace(TINY, members=2), 4, new_whole_model)
    train_whole_epoch(run, [made_up(seed) for seed in range(4)], 1)
    one, other = (member.table.weight for member in run.model.members)
    assert not torch.equal(one, other)
    assert one.grad is not None
    assert other.grad is not None


def test_what_is_played_by_hand_is_written_down_as_a_host_counts_it(made_up):
    pieces = [made_up(seed) for seed in range(3)]
    both = written_and_by_hand(pieces)
    assert both[:3] == pieces
    for written, played in zip(pieces, both[3:], strict=True):
        assert not np.array_equal(written.onset, played.onset[: len(written)])
        assert set(played.part) <= {IGNORED, 0, 1, 2, 3}
        assert played.duration.min() > 0
        assert (np.diff(played.onset) >= 0).all()
    draws = np.random.default_rng(0)
    assert by_hand(pieces[0], TINY, draws) is pieces[0]
    assert by_hand(pieces[0], replace(TINY, human=1.0), draws) is not pieces[0]


@pytest.mark.parametrize("change", [{"told": False}, {"both_ways": False}])
def test_what_an_ablation_takes_away_no_longer_matters(change, made_up):
    torch.manual_seed(0)
    model = new_whole_model(replace(TINY, **change), 4).eval()
    assert isinstance(model, WholeSeparator)
    before = measure(model, [made_up(0)])
    with torch.no_grad():
        unused = model.past.weight if "told" in change else model.back.weight_hh_l0
        unused += 1.0
    assert measure(model, [made_up(0)]) == before
