import json
from dataclasses import replace

import numpy as np
import pytest

from offline.corpora.catalog import CORPORA
from offline.evaluation import evaluate_human
from offline.export import Facts, export_plugin, metrics_of
from offline.graph import OPSET
from offline.rule_drafts import RULES
from offline.take import take_of
from realtime.contract.plugin import load_plugin
from realtime.contract.verify import verify_plugin

CHORALES = Facts(CORPORA["bach"], 4, 192, (2, 1, 1))
PARTS = CORPORA["bach"].parts


@pytest.fixture
def pieces(made_up):
    return [made_up(seed) for seed in range(4)]


@pytest.fixture
def takes(pieces):
    return [take_of(piece) for piece in pieces]


@pytest.mark.parametrize("name", sorted(RULES))
def test_an_exported_rule_passes_verification(name, pieces, takes, tmp_path):
    folder, result = export_plugin(RULES[name](name, pieces), CHORALES, takes, tmp_path)
    assert verify_plugin(folder).name == name
    human = evaluate_human(load_plugin(folder), takes, PARTS)
    assert load_plugin(folder).manifest.metrics == metrics_of(result, human)
    assert load_plugin(folder).manifest.graph.opset == OPSET
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "manifest.json", "model.onnx"]


def test_the_model_card_tells_the_measured_accuracy_the_limits_and_the_command(pieces, takes, tmp_path):
    folder, result = export_plugin(RULES["zone"]("zone", pieces), CHORALES, takes, tmp_path)
    card = (folder / "README.md").read_text("utf-8")
    assert f"{result.accuracy:.2%}" in card
    assert "## Where it fails" in card
    assert "concertino export separator zone" in card


def test_a_plugin_that_fails_its_check_leaves_the_old_one(pieces, takes, tmp_path):
    draft = RULES["zone"]("zone", pieces)
    folder, _ = export_plugin(draft, CHORALES, takes, tmp_path)
    before = (folder / "manifest.json").read_bytes()

    def fail(plugin):
        raise ValueError("not the same")

    with pytest.raises(ValueError, match="not the same"):
        export_plugin(draft._replace(summary="new"), CHORALES, takes, tmp_path, fail)
    assert (folder / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["zone"]


def test_a_plugin_replaces_the_old_one_as_a_whole(pieces, takes, tmp_path):
    draft = RULES["zone"]("zone", pieces)
    folder, _ = export_plugin(draft, CHORALES, takes, tmp_path)
    (folder / "left-over").touch()
    export_plugin(draft._replace(summary="new"), CHORALES, takes, tmp_path)
    assert json.loads((folder / "manifest.json").read_bytes())["summary"] == "new"
    assert not (folder / "left-over").exists()


def test_the_metrics_are_those_of_the_pieces_that_were_given(pieces, takes, tmp_path):
    wrong = [replace(take, part=3 - take.part) for take in takes]
    _, right = export_plugin(RULES["closest"]("closest", pieces), CHORALES, takes, tmp_path)
    _, opposite = export_plugin(RULES["closest"]("closest", pieces), CHORALES, wrong, tmp_path)
    assert opposite.accuracy < 0.3 < right.accuracy
    assert np.isclose(right.notes, sum(map(len, pieces)))
