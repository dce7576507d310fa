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
from realtime.music.mmt.midi import write_notes  # noqa: E402

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


def command(*arguments: str, ranks: dict[str, Path], data: Path) -> dict[str, tuple[int, str, str]]:
    """Run ``concertino train continuation`` in a process for each rank, each with a folder of its own.

    Return for each: exit status, standard output, standard error.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"WORLD_SIZE": str(len(ranks)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    told |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(data / "cache")}
    words = [sys.executable, "-m", "realtime.cli.main", "train", "continuation", "--size", "tiny"]
    words += ["--music", "lmd", "--data", str(data), "--batch", "2", "--quiet", *arguments]
    started = {
        rank: subprocess.Popen(
            [*words, "--folder", str(folder)],
            env=os.environ | told | {"RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, folder in ranks.items()
    }
    try:
        said = {rank: process.communicate(timeout=200) for rank, process in started.items()}
    finally:
        for process in started.values():
            process.kill()
    return {rank: (started[rank].returncode, *said[rank]) for rank in ranks}


@pytest.fixture
def data(tmp_path, made_up) -> Path:
    where = tmp_path / "data" / "lmd_full"
    where.mkdir(parents=True)
    for number, side in enumerate(("train", "train", "valid", "test")):
        write_notes(where / f"{number}.mid", made_up(number))
        with (where / f"{side}-names.txt").open("a") as names:
            names.write(f"{number}\n")
    return tmp_path / "data"


def test_hosts_without_a_shared_folder_go_on_from_the_run_of_the_first(tmp_path, data):
    here = tmp_path / "here"
    assert command("--steps", "2", ranks={"0": here}, data=data)["0"][0] == 0
    both = {"0": here, "1": tmp_path / "there"}
    said = command("--steps", "4", "--resume", ranks=both, data=data)
    assert [status for status, _, _ in said.values()] == [0, 0], said
    assert said["0"][1] == f"weights: {here / 'weights.npz'}\n"
    assert said["1"][1] == ""
    assert torch.load(here / "checkpoint.pt")["step"] == 4
    assert not list((tmp_path / "there").glob("*.pt"))


def test_what_is_wrong_in_one_process_ends_all_with_one_sentence(tmp_path, data):
    both = {"0": tmp_path / "none", "1": tmp_path / "none"}
    said = command("--resume", ranks=both, data=data)
    assert all(status > 0 for status, _, _ in said.values()), said
    assert "there is no run in" in said["0"][2]
    assert "Traceback" not in said["0"][2] + said["1"][2]
    assert "there is no run in" not in said["1"][2]


if __name__ == "__main__":
    run_together(Path(sys.argv[1]))
