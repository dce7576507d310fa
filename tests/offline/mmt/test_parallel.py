"""Processes that train together take the steps that one alone would take."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")

from offline.mmt.parallel import together  # noqa: E402  # after the check for torch
from offline.mmt.recipe import RECIPES  # noqa: E402
from offline.mmt.training import Run, train  # noqa: E402

ROOT = Path(__file__).parents[3]


def run_together(checkpoint: Path) -> Run:
    """Train on pieces of very different lengths: the shares of a batch do not weigh the same."""
    torch.set_num_threads(1)
    recipe = replace(RECIPES["tiny"], steps=3, every=3, warmup=2, batch=2, dropout=0.0)
    draws = np.random.default_rng(1)
    pieces = [
        np.stack([np.arange(n) * 12, draws.integers(50, 80, n), np.full(n, 12), np.full(n, 40)], 1)
        for n in (5, 60, 9)
    ]
    with together() as share:
        run = Run(recipe)
        train(run, pieces, pieces, checkpoint, share=share, progress=False)
    return run


def test_two_processes_end_with_the_weights_and_the_loss_of_one(tmp_path, monkeypatch):
    one = run_together(tmp_path / "one.pt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What torchrun tells each process.
    told = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    environment = os.environ | told | {"RANK": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    other = subprocess.Popen([sys.executable, __file__, str(tmp_path / "other.pt")], env=environment)
    try:
        for name, value in (told | {"RANK": "0"}).items():
            monkeypatch.setenv(name, value)
        two = run_together(tmp_path / "two.pt")
        assert other.wait(60) == 0
    finally:
        other.kill()
    assert not (tmp_path / "other.pt").exists(), "both processes wrote a checkpoint"
    assert two.best_loss == pytest.approx(one.best_loss, abs=1e-5)
    for name, value in one.model.state_dict().items():
        assert torch.allclose(value, two.model.state_dict()[name], atol=2e-5), name


if __name__ == "__main__":
    run_together(Path(sys.argv[1]))
