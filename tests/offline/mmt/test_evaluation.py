"""Evaluation: the graph and PyTorch measure alike, losses are those of training, samples keep their seeds."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")
pytest.importorskip("onnxruntime", reason="graphs need it: pip install 'concertino[cpu]'")

from typer.testing import CliRunner  # noqa: E402  # after the checks

from offline.cli import evaluate as app  # noqa: E402
from offline.corpora import cache as corpora_cache  # noqa: E402
from offline.mmt import choosing  # noqa: E402
from offline.mmt.data import beginning, collate  # noqa: E402
from offline.mmt.evaluation import compare, field_losses, sample  # noqa: E402
from offline.mmt.export import About, export_continuation  # noqa: E402
from offline.mmt.model import MODEL_SIZES, MultitrackTransformer  # noqa: E402
from offline.mmt.model import field_losses as torch_losses  # noqa: E402
from offline.mmt.readers import TorchModel, open_model  # noqa: E402
from offline.mmt.recipe import RECIPES  # noqa: E402
from offline.mmt.report import MODES  # noqa: E402
from offline.mmt.settings import in_words, said, settings_in, settings_of  # noqa: E402
from offline.weights import model_weights, save_weights  # noqa: E402
from realtime.contract.manifest import Training  # noqa: E402
from realtime.music.mmt.midi import read_notes, write_notes  # noqa: E402
from realtime.music.mmt.prompts import continuation  # noqa: E402
from realtime.music.mmt.representation import decode, encode  # noqa: E402
from realtime.music.mmt.sampling import Sampling  # noqa: E402

TRUTH = (2.9, 0.9, 0.93)
ANYTHING = Sampling(threshold=0.0, ends=False)


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The same weights of chance as a plugin and as a file of weights."""
    torch.manual_seed(5)
    torch.set_num_threads(1)
    size = MODEL_SIZES["tiny"]
    weights = model_weights(MultitrackTransformer(size).eval())
    metrics = {"parameters": 1.0} | said({"threshold": 0.8})
    about = About(
        "some-music", "Weights of chance", Training("none", "none", "none", "none"), metrics=metrics
    )
    export_continuation(weights, size, about, tmp_path / "models", variants=("fp32",))
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path / "models"))
    facts = {"recipe": asdict(replace(RECIPES["tiny"]))}
    save_weights(tmp_path / "weights.npz", weights, facts)
    return open_model("some-music", "fp32"), open_model(str(tmp_path / "weights.npz"))


def test_a_graph_and_its_weights_have_the_same_losses_and_samples(models, made_up):
    graph, weights = models
    pieces = [made_up(seed, beats=20 * (seed + 1)) for seed in range(3)]
    (graph_losses, rows), (torch_ones, same_rows) = (field_losses(model, pieces) for model in models)
    assert rows == same_rows == sum(min(len(beginning(notes, 128)) - 1, 128) for notes in pieces)
    assert graph_losses == pytest.approx(torch_ones, abs=1e-4)
    assert isinstance(weights, TorchModel)
    trained = torch_losses(*_scored(weights, pieces[1]))
    assert field_losses(weights, pieces[1:2])[0] == pytest.approx(
        dict(zip(torch_ones, trained.tolist(), strict=True)), abs=1e-4
    )
    first, again = (sample(model, 2, ANYTHING, beats=16).notes for model in models)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])
    assert (graph.parameters, graph.settings) == (1, {"threshold": (0.8,) * 6})


def _scored(model, notes):
    rows, targets = collate([beginning(notes, 128)])
    return model.model(rows), targets


def test_gaps_stand_beside_the_papers(models):
    truth = {"pitch_class_entropy": 2.9, "scale_consistency": 0.9, "groove_consistency": 0.93}
    found = compare(truth | {"scale_consistency": 0.95, "groove_consistency": 0.935}, truth)
    assert {name: value["closer"] for name, value in found.items()} == {
        "pitch_class_entropy": True,
        "scale_consistency": False,
        "groove_consistency": True,
    }
    assert found["scale_consistency"]["paper_gap"] == pytest.approx(0.0248)


def test_pitch_and_rhythm_are_chosen_each_by_what_it_decides(models, monkeypatch, made_up):
    measures = iter(
        [(3.2, 0.90, 0.93), (2.9, 0.90, 0.90), (3.3, 0.90, 0.91), (3.1, 0.80, 0.92)] + [(3.0, 0.9, 0.9)] * 3
    )
    made = []

    def measure(model, sampling, truth, samples):
        made.append(sampling)
        ours = dict(zip(truth, next(measures), strict=True))
        return ours, compare(ours, dict(zip(truth, TRUTH, strict=True)))

    monkeypatch.setattr(choosing, "_measure", measure)
    found = choosing.choose(models[0], [made_up(1)], 2)
    assert len(found) == 7
    assert found[0]["temperature"][3] == choosing.PITCHES[1][0]
    assert found[0]["threshold"][3] == choosing.PITCHES[1][1]
    assert found[0]["temperature"][1:3] == (choosing.RHYTHMS[0],) * 2
    assert made[-1] == Sampling(found[0]["temperature"], found[0]["threshold"]), "what was chosen is measured"
    words = in_words(settings_in(said(settings_of(choosing.settings((1.1, 0.8), 0.7)))))
    assert words == "temperature 1 (beat 0.7, position 0.7, pitch 1.1), threshold 0.9 (pitch 0.8)"


def _command(tmp_path, monkeypatch, made_up) -> list[str]:
    """Return the command for a folder of music with four pieces, two of them to test."""
    monkeypatch.setattr(corpora_cache, "cache_folder", lambda: tmp_path / "cache")
    where = tmp_path / "data" / "lmd_full"
    where.mkdir(parents=True)
    for number, side in enumerate(("train", "valid", "test", "test")):
        write_notes(where / f"{number}.mid", made_up(number))
        with (where / f"{side}-names.txt").open("a") as names:
            names.write(f"{number}\n")
    command = ["continuation", "some-music", "--variant", "fp32", "--music", "lmd", "--samples", "2"]
    return [*command, "--data", str(tmp_path / "data"), "--quiet", "--json", "-"]


def test_the_command_measures_on_the_pieces_of_a_side(tmp_path, monkeypatch, models, made_up):
    command = _command(tmp_path, monkeypatch, made_up)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["pieces"], found["samples"], found["rows"]) == (2, 2, 2 * 84)
    assert found["loss"] == pytest.approx(sum(found["losses"].values()))
    assert found["sampling"] == {"temperature": 1.0, "threshold": [0.8] * 6}
    assert found["metrics"].keys() == {"pitch_class_entropy", "scale_consistency", "groove_consistency"}
    assert found["sample_seconds"] >= 0
    done = CliRunner().invoke(app, [*command, "--mode", "beats", "--temperature", "0"])
    assert json.loads(done.stdout)["sampling"]["temperature"] == 0
    assert not json.loads(done.stdout)["announced"]
    done = CliRunner().invoke(app, [*command, "--mode", "instruments", "--announced"])
    assert json.loads(done.stdout)["announced"]
    assert isinstance(CliRunner().invoke(app, ["continuation"]).exception, ValueError)


def test_the_samples_that_are_measured_are_kept_as_midi_files_of_their_mode(
    tmp_path, monkeypatch, models, made_up
):
    command, folder = _command(tmp_path, monkeypatch, made_up), tmp_path / "samples"
    kept = [*command, "--midi", str(folder), "--seed", "3"]
    for mode in MODES:
        done = CliRunner().invoke(app, [*kept, "--mode", mode])
        assert done.exit_code == 0, done.output
    named = {path.name for path in folder.iterdir()}
    assert named == {f"{mode}-seed3-{number}.mid" for mode in MODES for number in (1, 2)}
    given, found = encode(made_up(2)), read_notes(folder / "beats-seed3-1.mid")
    prompt = decode(continuation(given, 4))
    assert {(onset, key) for onset, key, *_ in prompt.tolist()} <= {
        (on, key) for on, key, *_ in found.tolist()
    }
    for refused, reason in (("--choose", "leave --choose"), ("--table", "leave --choose")):
        with pytest.raises(ValueError, match=reason):
            CliRunner().invoke(app, [*kept, refused], catch_exceptions=False)
    with pytest.raises(NotADirectoryError, match=re.escape(str(tmp_path / "weights.npz"))):
        CliRunner().invoke(app, [*command, "--midi", str(tmp_path / "weights.npz")], catch_exceptions=False)
