from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.paper import stacked  # noqa: E402  # after the check for torch
from offline.paper.excerpts import make_batch, whole  # noqa: E402
from offline.paper.flat import Plan, flatten, gather, plan, stack_batches  # noqa: E402
from offline.paper.learning import measure, prepare  # noqa: E402
from offline.paper.stacked import Wanted, train_stacked  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small
CPU = torch.device("cpu")


def _pieces(made_up):
    return [made_up(seed, chords=3) for seed in range(10)]


def test_excerpts_are_those_that_are_drawn_piece_by_piece(made_up):
    music = [[whole(p, 4) for p in _pieces(made_up)], [whole(p, 4) for p in _pieces(made_up)[:3]]]
    longest = 8
    drawn = plan(music, [True, False], 5, 4, longest, 1, CPU)
    flat = flatten(music, 5, CPU)
    everything = music[0] + music[1]
    for step in range(5):
        now = Plan(*(column[step] for column in drawn))
        batch = gather(flat, now, longest)
        assert not now.moved[1].any()
        cuts = [
            [
                everything[now.piece[s, e]]
                .cut(int(now.start[s, e]), int(now.start[s, e]) + longest)
                .transpose(int(now.moved[s, e]))
                for e in range(4)
            ]
            for s in range(2)
        ]
        for got, want in zip(batch, stack_batches(cuts, 5, longest), strict=True):
            assert torch.equal(got, want)
        assert torch.equal(batch.label[0], make_batch(cuts[0]).label)


def test_every_piece_is_drawn_before_one_comes_again(made_up):
    drawn = plan([[whole(p, 4) for p in _pieces(made_up)]], [True], 5, 4, 8, 1, CPU)
    counts = np.bincount(drawn.piece.flatten())
    assert counts.tolist() == [2] * 10
    assert -5 <= int(drawn.moved.min()) < int(drawn.moved.max()) <= 6


@pytest.mark.parametrize("keys", [["lstm", "lstm-strong", "lstm-none", "lstm-numbers"], ["bilstm-dur-ph"]])
def test_stacked_training_keeps_the_weights_that_were_best_on_validation(made_up, monkeypatch, keys):
    monkeypatch.setattr(stacked, "LOOK", 4)
    monkeypatch.setattr(stacked, "LONGEST", 40)
    pieces = _pieces(made_up)
    wanted = [Wanted(key, pieces[:7], pieces[7:], 4, "made-up") for key in keys]
    wanted[0] = replace(wanted[0], parts=5, corpus="another")
    found, seconds = train_stacked(wanted, steps=12, progress=False)
    assert seconds > 0
    for one, trained, network in zip(wanted, found, _untrained(wanted), strict=True):
        looked = stacked.choose(prepare(stacked.CellRecipe("lstm"), one.validation, one.parts))
        loss, accuracy = measure(trained.network, looked)
        assert trained.best_step in (4, 8, 12)
        assert accuracy == pytest.approx(trained.accuracy)
        assert loss < measure(network, looked)[0]


def _untrained(wanted):
    """Yield the networks as they were at first."""
    for one in wanted:
        torch.manual_seed(1)
        cell = stacked.CELLS[one.key]
        yield stacked.new_model(stacked.CellRecipe(cell.network or "", cell.inputs), one.parts)
