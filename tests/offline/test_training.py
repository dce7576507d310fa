import pickle
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.lstm import measure  # noqa: E402  # after the check for torch
from offline.training import Recipe, Run, schedule, train  # noqa: E402  # after the check for torch

torch.set_num_threads(1)  # more only get in each other's way on a model this small

TINY = Recipe(epochs=6, batch=4, units=8, layers=2, patience=99, average=0.5, rate=1e-2)


def _pieces(made_up):
    return [made_up(seed) for seed in range(10)], [made_up(seed) for seed in range(10, 13)]


def _weights(run):
    return {
        f"{kind} {name}": value
        for kind, weights in (
            ("model", run.model.state_dict()),
            ("average", run.average.state_dict()),
            ("best", run.best_weights),
        )
        for name, value in weights.items()
    }


def test_a_stopped_run_goes_on_exactly_where_it_was(tmp_path, made_up):
    training, validation = _pieces(made_up)
    whole = Run(TINY, 4)
    train(whole, training, validation, tmp_path / "whole.pt", progress=False)

    def stop(run, loss, accuracy):
        if run.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Run(TINY, 4), training, validation, tmp_path / "half.pt", progress=False, on_epoch=stop)
    torch.manual_seed(99)  # whatever happened in between
    resumed = Run(TINY, 4)
    resumed.resume(tmp_path / "half.pt")
    assert resumed.epoch == 3
    train(resumed, training, validation, tmp_path / "half.pt", progress=False)
    assert (resumed.best_epoch, resumed.best_loss) == (whole.best_epoch, whole.best_loss)
    for name, value in _weights(whole).items():
        assert torch.equal(value, _weights(resumed)[name]), name


DYING = """
import os, pickle, signal, sys
from pathlib import Path
import torch
from offline import training
torch.set_num_threads(1)
run, pieces, validation = pickle.loads(Path(sys.argv[1]).read_bytes())
drawn, real = 0, training.excerpt
def excerpt(*arguments):
    global drawn
    drawn += 1
    if drawn == 35:  # of ten in each epoch
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
training.excerpt = excerpt
training.train(training.Run(run, 4), pieces, validation, Path(sys.argv[2]), progress=False)
"""


def test_a_run_killed_in_the_middle_of_an_epoch_loses_that_epoch_only(tmp_path, made_up):
    training, validation = _pieces(made_up)
    data, checkpoint = tmp_path / "data", tmp_path / "c.pt"
    data.write_bytes(pickle.dumps((TINY, training, validation)))
    killed = subprocess.run([sys.executable, "-c", DYING, data, checkpoint], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    whole = Run(TINY, 4)
    train(whole, training, validation, tmp_path / "whole.pt", progress=False)
    resumed = Run(TINY, 4)
    resumed.resume(checkpoint)
    assert resumed.epoch == 3
    train(resumed, training, validation, checkpoint, progress=False)
    assert all(torch.equal(value, _weights(resumed)[name]) for name, value in _weights(whole).items())


def test_a_tiny_run_learns(tmp_path, made_up):
    training, validation = _pieces(made_up)
    run = Run(replace(TINY, epochs=40, units=16, dropout=0.1, rate=2e-2), 4)
    before = measure(run.model, validation)[1]
    model = train(run, training, validation, tmp_path / "c.pt", progress=False)
    assert measure(model, validation)[1] > max(0.6, before)


def test_training_stops_when_validation_gets_no_better(tmp_path, made_up):
    training, _ = _pieces(made_up)
    wrong = [replace(p, part=3 - p.part) for p in training]  # the better it learns, the worse it does here
    run = Run(replace(TINY, epochs=50, patience=3), 4)
    train(run, training, wrong, tmp_path / "c.pt", progress=False)
    assert run.epoch == run.best_epoch + 3 < 50


def test_a_checkpoint_of_another_recipe_is_refused_by_name(tmp_path):
    Run(TINY, 4).save(tmp_path / "c.pt")
    with pytest.raises(ValueError, match="made with another seed"):
        Run(replace(TINY, seed=2), 4).resume(tmp_path / "c.pt")


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path):
    (tmp_path / "c.pt").write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match=r"c\.pt can't be read"):
        Run(TINY, 4).resume(tmp_path / "c.pt")


def test_the_learning_rate_rises_and_then_falls_to_zero():
    rates = [schedule(epoch / 10, TINY) for epoch in range(61)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] < 0.1
    assert rates[-1] == pytest.approx(0.0)
