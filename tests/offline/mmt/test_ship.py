"""What ships: one command from a run's checkpoint to a plugin that says what was measured of it."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")
pytest.importorskip("onnxruntime", reason="graphs need it: pip install 'concertino[cpu]'")

from typer.testing import CliRunner  # noqa: E402  # after the checks

from offline.cli import export as app  # noqa: E402
from offline.corpora import cache as corpora_cache  # noqa: E402
from offline.mmt import ship as ship_module  # noqa: E402
from offline.mmt.evaluation import field_losses  # noqa: E402
from offline.mmt.graph_reading import rounded, weights_in  # noqa: E402
from offline.mmt.readers import open_model  # noqa: E402
from offline.mmt.recipe import RECIPES  # noqa: E402
from offline.mmt.trained import read_kept, read_trained  # noqa: E402
from offline.mmt.training import Run, train  # noqa: E402
from realtime.contract.library import shipped_folder  # noqa: E402
from realtime.contract.plugin import load_plugin  # noqa: E402
from realtime.music.mmt.midi import write_notes  # noqa: E402


@pytest.fixture
def run(tmp_path, made_up):
    torch.set_num_threads(1)
    pieces = [made_up(seed, beats=20) for seed in range(2)]
    recipe = replace(RECIPES["tiny"], steps=2, every=2, batch=2, music=("lmd",))
    train(Run(recipe), pieces, pieces, tmp_path / "run" / "checkpoint.pt", progress=False)
    return tmp_path / "run" / "checkpoint.pt"


def test_a_checkpoint_becomes_the_plugin_that_ships(tmp_path, monkeypatch, run, made_up):
    monkeypatch.setattr(corpora_cache, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(ship_module, "FOLDER", tmp_path / "weights")
    monkeypatch.setattr(ship_module, "CHOOSING", 1)
    where = tmp_path / "data" / "lmd_full"
    where.mkdir(parents=True)
    for number, side in enumerate(("train", "valid", "test")):
        write_notes(where / f"{number}.mid", made_up(number))
        (where / f"{side}-names.txt").write_text(f"{number}\n")
    command = ["continuation", "--samples", "1", "--into", str(tmp_path / "models"), "--quiet"]
    command += ["--data", str(tmp_path / "data")]
    done = CliRunner().invoke(app, [*command, "--weights", str(run), "--keep"])
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path / "models"))
    manifest = load_plugin(tmp_path / "models" / "mmt").manifest
    assert manifest.training.split == "by work or lists: 1 pieces to train, 1 to validate, 1 to test"
    # What the manifest says is measured on the graph that ships, with weights rounded as they are kept.
    kept, facts = read_kept(
        tmp_path / "models" / "mmt" / "model-fp16.onnx", tmp_path / "weights" / "mmt.json"
    )
    trained = read_trained(run)[0]
    assert kept.keys() == trained.keys()
    for weight, value in rounded(trained).items():
        assert np.array_equal(kept[weight], value), weight
        assert np.allclose(value, trained[weight], rtol=2**-10, atol=1e-6), weight
    model = open_model("mmt", "fp16")
    loss = sum(field_losses(model, [made_up(2)])[0].values())
    assert manifest.metrics["loss_fp16"] == pytest.approx(loss, abs=1e-3)
    assert model.settings == {name: tuple(values) for name, values in facts["sampling"].items()}
    card = (tmp_path / "models" / "mmt" / "README.md").read_text()
    assert f"| sum | {loss:.3f}" in card
    assert "| the paper's gap | by `fp32` |" in card
    assert {"scale_consistency", "scale_consistency_fp32"} <= manifest.metrics.keys()
    assert "concertino train continuation && concertino export continuation" in card
    # From what was kept, the same plugin again.
    graph = (tmp_path / "models" / "mmt" / "model-fp16.onnx").read_bytes()
    assert CliRunner().invoke(app, command).exit_code == 0
    assert (tmp_path / "models" / "mmt" / "model-fp16.onnx").read_bytes() == graph


def test_what_keeps_no_weights_is_said(tmp_path):
    for graph in (b"", b"no", (shipped_folder() / "bach-lstm" / "model.onnx").read_bytes()):
        with pytest.raises(ValueError, match="no graph of a Multitrack Music Transformer in floats"):
            weights_in(graph)
    with pytest.raises(ValueError, match="does not exist; restore it"):
        read_kept(tmp_path / "none.onnx", tmp_path / "none.json")


def test_what_is_no_trained_model_is_said(tmp_path, run):
    assert read_trained(run)[1]["recipe"]["size"] == "tiny"
    (tmp_path / "a.pt").write_bytes(b"no")
    for name, said in (("a.pt", "is no checkpoint"), ("none.pt", "does not exist"), ("none.npz", "does not")):
        with pytest.raises(ValueError, match=said):
            read_trained(tmp_path / name)
    np.savez(tmp_path / "other.npz", facts='{"recipe": {}}')
    with pytest.raises(ValueError, match="no weights of a continuation"):
        read_trained(tmp_path / "other.npz")
