"""The separator that the ensembles of four voices play with: what the repository says of it is true."""

import numpy as np
import pytest

from offline.chorales import PARTS
from offline.evaluation import WINDOWS_MS, labeller, measure_human, measure_labels
from offline.export import metrics_of
from offline.weights import FOLDER, load_weights
from realtime.contract.library import shipped_folder
from realtime.contract.plugin import load_plugin
from realtime.contract.stepper import Stepper

OFFLINE = 0.9713
"""Accuracy of the paper's offline LSTM on Bach (Dong et al., ISMIR 2021); its online one reaches 0.9302."""


@pytest.fixture(scope="module")
def plugin():
    return load_plugin(shipped_folder() / "bach-chorale")


@pytest.fixture(scope="module")
def weights():
    torch = pytest.importorskip(
        "torch", reason="the sequence model needs torch: pip install 'concertino[offline]'"
    )
    torch.set_num_threads(1)  # more only get in each other's way on models this small
    return load_weights(FOLDER / "bach-chorale.npz")[0]


def test_the_step_graph_gives_the_scores_of_the_sequence_model_on_every_test_piece(
    plugin, weights, test_takes
):
    from offline.human import PERTURBATIONS, human_takes
    from offline.runs import check_parity
    from offline.scoring import history_scorer

    takes = test_takes + human_takes(test_takes, list(PERTURBATIONS))
    assert check_parity(history_scorer(weights), plugin, takes) < 1e-4


def test_side_by_side_takes_get_the_labels_that_the_step_graph_gives_them(plugin, weights, test_takes):
    from offline.human import PERTURBATIONS, human_takes
    from offline.scoring import history_labels

    label = labeller(plugin, 4)
    takes = test_takes[:2] + human_takes(test_takes[2:4], list(PERTURBATIONS))
    for take, labels in zip(takes, history_labels(weights, takes), strict=True):
        np.testing.assert_array_equal(labels, label(take))


def test_it_is_as_accurate_as_the_papers_offline_model_and_as_its_manifest_says(plugin, weights, test_takes):
    """Measured by the sequence model, which was shown above to give what the graph gives."""
    from offline.scoring import history_labels

    result = measure_labels(history_labels(weights, test_takes), [take.part for take in test_takes], PARTS)
    assert result.accuracy >= OFFLINE
    human = measure_human(lambda takes: history_labels(weights, takes), test_takes, PARTS, WINDOWS_MS)
    assert metrics_of(result, human) == pytest.approx(plugin.manifest.metrics, abs=2e-4)


def test_it_knows_no_beat(plugin):
    assert not {t.source for t in plugin.manifest.inputs} & {"position", "beat", "tick"}


def test_whatever_it_is_told_its_scores_are_finite(plugin):
    draws = np.random.default_rng(0)
    stepper = Stepper(plugin, 4)
    for pitch in range(128):
        facts = {
            name: draws.integers(-1, 10**9, 4)
            for name in ("chord_above", "last_pitch", "down", "since_onset", "since_release")
        }
        scores = stepper.step({"pitch": pitch, "chord_index": 900, "since_note": -1, **facts})
        assert np.isfinite(scores).all()


def test_it_is_small():
    assert (shipped_folder() / "bach-chorale" / "model.onnx").stat().st_size < 2_000_000
