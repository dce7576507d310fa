"""Training: it learns, stops when nothing gets better, and a killed run ends where it would have ended."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")
pytest.importorskip("tensorboard", reason="curves are TensorBoard's: pip install 'concertino[offline]'")

from typer.testing import CliRunner  # noqa: E402  # after the checks

from offline.cli import train as app  # noqa: E402
from offline.cli.continuation import MUSIC as MUSIC_NAMES  # noqa: E402
from offline.corpora import cache as corpora_cache  # noqa: E402
from offline.mmt import runs  # noqa: E402
from offline.mmt.curves import curves_to, log_to, piano_roll  # noqa: E402
from offline.mmt.data import Share, validation_batches  # noqa: E402
from offline.mmt.muon import orthogonal  # noqa: E402
from offline.mmt.music import MUSIC  # noqa: E402
from offline.mmt.recipe import RECIPES  # noqa: E402
from offline.mmt.runs import Tables  # noqa: E402
from offline.mmt.training import Run, train  # noqa: E402
from offline.weights import load_weights  # noqa: E402
from realtime.music.mmt.midi import write_notes  # noqa: E402

QUICK = replace(RECIPES["tiny"], steps=12, every=4, batch=2)


class KilledError(Exception):
    pass


@pytest.fixture(autouse=True)
def one_core():
    torch.set_num_threads(1)


@pytest.fixture
def pieces(made_up):
    return [made_up(seed, beats=20) for seed in range(4)]


def kill_at(step):
    def watch(run, figures):
        if run.step == step:
            raise KilledError

    return watch


def test_a_killed_run_ends_with_the_weights_that_it_would_have_had(tmp_path, pieces):
    whole = Run(QUICK)
    train(whole, pieces, pieces[:1], tmp_path / "whole.pt", progress=False)
    with pytest.raises(KilledError):
        train(Run(QUICK), pieces, pieces[:1], tmp_path / "run.pt", progress=False, watchers=[kill_at(4)])
    torch.manual_seed(99)
    again = Run(QUICK)
    again.resume(tmp_path / "run.pt")
    assert again.step == 4
    train(again, pieces, pieces[:1], tmp_path / "run.pt", progress=False)
    assert again.step == whole.step == 12
    assert (again.best_loss, again.best_step) == (whole.best_loss, whole.best_step)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name


def test_it_learns_and_keeps_the_best_weights(tmp_path, pieces):
    recipe = replace(QUICK, steps=60, every=20, warmup=5, fall=60, dropout=0.0)
    found = []
    model = train(
        run := Run(recipe),
        pieces,
        pieces,
        tmp_path / "c.pt",
        progress=False,
        watchers=[lambda _, f: found.append(f)],
    )
    assert found[-1]["loss"] < found[0]["loss"] - 0.5
    run.model.load_state_dict(model.state_dict())
    held = validation_batches(pieces, QUICK, 128, Share())
    assert sum(run.measure(held)) == pytest.approx(run.best_loss, abs=1e-4)


def test_excerpts_and_muon_go_on_exactly_too_and_may_go_on_for_longer(tmp_path, pieces):
    recipe = replace(QUICK, rows=(64, 128), muon=0.02, cooling=0.5, held=2)
    whole = Run(recipe)
    train(whole, pieces, pieces, tmp_path / "whole.pt", progress=False)
    with pytest.raises(KilledError):
        train(Run(recipe), pieces, pieces, tmp_path / "run.pt", progress=False, watchers=[kill_at(8)])
    again = Run(recipe)
    again.resume(tmp_path / "run.pt")
    train(again, pieces, pieces, tmp_path / "run.pt", progress=False)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name
    longer = Run(replace(recipe, steps=16))
    longer.resume(tmp_path / "run.pt")
    assert not longer.finished


def test_muon_makes_matrices_orthogonal():
    torch.manual_seed(1)
    for shape in ((3, 8, 20), (2, 20, 8)):
        found = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert ((found > 0.5) & (found < 1.4)).all(), found


def test_it_stops_after_more_rounds_without_better_than_its_patience(tmp_path, pieces):
    recipe = replace(QUICK, rate=0.0, steps=100, every=2, patience=3)
    run = Run(recipe)
    train(run, pieces, pieces[:1], tmp_path / "c.pt", progress=False)
    assert (run.best_step, run.step) == (2, 2 + 2 * 4)


def test_bfloat16_trains_near_float32(tmp_path, pieces):
    losses = []
    for bfloat16 in (False, True):
        run = Run(replace(QUICK, steps=4, bfloat16=bfloat16))
        train(run, pieces, pieces[:1], tmp_path / f"{bfloat16}.pt", progress=False)
        losses.append(run.best_loss)
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


@pytest.mark.skipif(not shutil.which("g++"), reason="what is compiled is C++ on a processor")
def test_a_compiled_model_learns_what_another_learns(tmp_path, pieces):
    recipe = replace(QUICK, steps=2, every=2, dropout=0.0)
    plain, compiled = Run(recipe), Run(recipe, compiled=True)
    for name, run in (("plain", plain), ("compiled", compiled)):
        train(run, pieces, pieces[:1], tmp_path / f"{name}.pt", progress=False)
    assert compiled.best_loss == pytest.approx(plain.best_loss, abs=1e-4)
    again = Run(recipe)
    again.resume(tmp_path / "compiled.pt")
    assert again.step == 2


def test_curves_log_and_samples_are_written(tmp_path, pieces):
    watchers = [log_to(tmp_path / "log.jsonl"), curves_to(tmp_path / "curves", sample_every=1)]
    train(Run(replace(QUICK, steps=4)), pieces, pieces, tmp_path / "c.pt", progress=False, watchers=watchers)
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert {"step", "loss", "loss_pitch", "training_loss", "rate"} <= json.loads(line).keys()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "curves"))
    events.Reload()
    assert {"loss", "loss/beat", "training/loss", "rate"} <= set(events.Tags()["scalars"])
    assert events.Tags()["images"] == ["sample"]
    assert (tmp_path / "samples" / "0000004.mid").is_file()
    assert np.count_nonzero(piano_roll(pieces[0])) == 2 * 20 * 12


def test_another_recipe_or_a_damaged_checkpoint_is_refused(tmp_path, pieces):
    run = Run(QUICK)
    run.save(tmp_path / "c.pt")
    with pytest.raises(ValueError, match="made with another seed, batch"):
        Run(replace(QUICK, seed=5, batch=4)).resume(tmp_path / "c.pt")
    (tmp_path / "c.pt").write_bytes(b"no")
    with pytest.raises(ValueError, match="can't be read"):
        run.resume(tmp_path / "c.pt")
    with pytest.raises(ValueError, match="no music to train on"):
        train(run, [], pieces, tmp_path / "c.pt")


def test_the_command_trains_and_goes_on(tmp_path, monkeypatch, made_up):
    monkeypatch.setattr(corpora_cache, "cache_folder", lambda: tmp_path / "cache")
    where = tmp_path / "data" / "lmd_full"
    where.mkdir(parents=True)
    for number, side in enumerate(("train", "train", "valid", "test")):
        write_notes(where / f"{number}.mid", made_up(number))
        with (where / f"{side}-names.txt").open("a") as names:
            names.write(f"{number}\n")
    command = ["continuation", "--size", "tiny", "--music", "lmd", "--data", str(tmp_path / "data")]
    command += ["--folder", str(tmp_path / "run"), "--steps", "3", "--batch", "2", "--quiet"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    weights, facts = load_weights(tmp_path / "run" / "weights.npz")
    assert weights["positions.weight"].shape == (128, 32)
    assert facts["best_step"] == 3
    assert (tmp_path / "run" / "curves").is_dir()
    assert isinstance(CliRunner().invoke(app, command).exception, ValueError), "the run is there already"
    assert CliRunner().invoke(app, [*command, "--resume"]).exit_code == 0


def test_a_run_goes_on_in_the_precision_in_which_it_began(tmp_path, monkeypatch, made_up):
    side = Tables([made_up(1), made_up(2)])
    monkeypatch.setattr(runs, "load_sides", lambda *_, **__: (side, side))
    monkeypatch.setattr(runs.Tables, "__getitem__", lambda self, number: self.pieces[number])
    began = replace(QUICK, steps=4)

    def trained(steps: int, precision: str, resume: bool = True) -> None:
        recipe = replace(began, steps=steps)
        runs.train_continuation(
            recipe, tmp_path / "run", resume=resume, threads=1, precision=precision, progress=False
        )

    trained(4, "bfloat16", resume=False)
    trained(8, "auto")
    assert torch.load(tmp_path / "run" / "checkpoint.pt")["recipe"]["bfloat16"]
    with pytest.raises(ValueError, match="made with another bfloat16"):
        trained(12, "float32")


def test_the_command_knows_the_music():
    assert tuple(MUSIC) == MUSIC_NAMES


def test_the_recipe_for_a_large_gpu_is_of_the_published_size_alone():
    done = CliRunner().invoke(app, ["continuation", "--size", "small", "--quick"])
    assert isinstance(done.exception, ValueError)
    assert "--quick is for the size full" in str(done.exception)
