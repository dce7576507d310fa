"""The separator that ships: what the repository says of it is true."""

import numpy as np
import pytest

from offline.chorales import PARTS
from offline.evaluation import WINDOWS_MS, labeller, measure_human, measure_labels, play_take
from offline.export import metrics_of
from offline.score import make_piece
from offline.take import take_of
from offline.weights import FOLDER, load_weights
from realtime.contract.library import shipped_folder
from realtime.contract.plugin import load_plugin
from realtime.contract.stepper import Stepper

PAPER = 0.9302
"""Accuracy of the paper's online LSTM on Bach (Dong et al., ISMIR 2021, table 2)."""


def _measured(label, takes):
    result = measure_labels(label(takes), [take.part for take in takes], PARTS)
    return metrics_of(result, measure_human(label, takes, PARTS, WINDOWS_MS))


@pytest.fixture(scope="module")
def plugin():
    return load_plugin(shipped_folder() / "bach-lstm")


@pytest.fixture(scope="module")
def one_thread():
    torch = pytest.importorskip(
        "torch", reason="the sequence model needs torch: pip install 'concertino[offline]'"
    )
    torch.set_num_threads(1)  # more only get in each other's way on a model this small


@pytest.fixture(scope="module")
def weights():
    return load_weights(FOLDER / "bach-lstm.npz")[0]


def test_the_step_graph_gives_the_scores_of_the_sequence_model_on_every_test_piece(
    plugin, weights, test_takes
):
    from offline.runs import check_parity
    from offline.scoring import lstm_scorer

    assert len(test_takes) == 41
    assert check_parity(lstm_scorer(weights), plugin, test_takes) < 1e-4


def test_the_graph_that_ships_is_the_one_that_the_code_makes(plugin, weights, made_up, tmp_path, one_thread):
    from offline.corpora.catalog import CORPORA
    from offline.drafts import lstm_draft
    from offline.export import Facts, export_plugin

    draft = lstm_draft("bach-lstm", CORPORA["bach"], weights, "")
    facts = Facts(CORPORA["bach"], 1, 48, (0, 0, 1))
    folder, _ = export_plugin(draft, facts, [take_of(made_up(0))], tmp_path)
    again, shipped = (Stepper(p, 4) for p in (load_plugin(folder), plugin))
    scores = [play_take(stepper.step, take_of(made_up(1)), 4) for stepper in (again, shipped)]
    np.testing.assert_allclose(*scores, atol=1e-5)


def test_a_graph_of_other_weights_is_refused(plugin, weights, test_takes, one_thread):
    from offline.runs import check_parity
    from offline.scoring import lstm_scorer

    other = weights | {"scores.bias": weights["scores.bias"] + np.float32([0.001, 0, 0, 0])}
    with pytest.raises(ValueError, match="differ on bwv"):
        check_parity(lstm_scorer(other), plugin, test_takes[:1])


def test_it_is_at_least_as_accurate_as_the_paper_and_as_its_manifest_says(
    plugin, weights, test_takes, one_thread
):
    """Measured by the sequence model, which was shown above to give what the graph gives."""
    from offline.scoring import lstm_labels

    metrics = _measured(lambda takes: lstm_labels(weights, takes), test_takes)
    assert metrics["accuracy"] >= PAPER
    assert metrics == pytest.approx(plugin.manifest.metrics, abs=2e-4)


@pytest.mark.parametrize("name", ["zone", "split", "closest", "closest-mono"])
def test_a_rule_is_as_accurate_as_its_manifest_says(name, test_takes):
    rule = load_plugin(shipped_folder() / name)
    label = labeller(rule, 4)
    if {tensor.source for tensor in rule.manifest.inputs} == {"pitch", "parameter"}:
        of_pitch = label(_every_key())  # nothing else counts: a part for each key
        found = _measured(lambda takes: [of_pitch[take.pitch] for take in takes], test_takes)
    else:
        found = _measured(lambda takes: [label(take) for take in takes], test_takes)
    assert found == pytest.approx(rule.manifest.metrics, abs=2e-4)


def _every_key():
    return take_of(make_piece("keys", [[(24 * pitch, pitch, 24) for pitch in range(128)]]))


def test_it_takes_nothing_that_a_host_does_not_know_when_a_key_goes_down(plugin):
    assert {tensor.source for tensor in plugin.manifest.inputs} == {"pitch", "position", "beat", "state"}
    assert plugin.manifest.parts == PARTS


def test_it_carries_its_state_and_forgets_it_on_reset(plugin):
    note = {"pitch": 60, "position": 0, "beat": 0}
    stepper = Stepper(plugin, 4)
    first, second = stepper.step(note), stepper.step(note)
    stepper.reset()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(stepper.step(note), first)


def test_every_key_and_any_time_gets_finite_scores(plugin):
    stepper = Stepper(plugin, 4)
    for pitch in range(128):
        scores = stepper.step({"pitch": pitch, "position": pitch % 24, "beat": pitch * 1000})
        assert np.isfinite(scores).all()


def test_it_is_small():
    assert (shipped_folder() / "bach-lstm" / "model.onnx").stat().st_size < 2_000_000
    assert (FOLDER / "bach-lstm.npz").stat().st_size < 2_000_000
