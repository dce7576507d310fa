import hashlib

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.corpora.catalog import CORPORA  # noqa: E402  # after the check for torch
from offline.graph import OPSET  # noqa: E402
from offline.score import make_piece  # noqa: E402
from offline.weights import model_weights  # noqa: E402
from offline.whole.members import Members  # noqa: E402
from offline.whole.model import WholeSeparator  # noqa: E402
from offline.whole.plugin import KIND, build_whole, check_whole_parity, whole_draft  # noqa: E402
from realtime.contract.manifest import Graph, Manifest, Training, format_manifest  # noqa: E402
from realtime.contract.plugin import load_plugin  # noqa: E402
from realtime.contract.scorer import SequenceScorer  # noqa: E402
from realtime.contract.sequence import sequence_features  # noqa: E402
from realtime.contract.verify import verify_plugin  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small


def _put(weights, folder):
    draft = whole_draft("tiny-whole", CORPORA["bach"], weights, "")
    manifest = Manifest(
        schema=1,
        name=draft.name,
        kind=KIND,
        summary=draft.summary,
        version="1.0.0",
        licence="MIT",
        graph=Graph(sha256=hashlib.sha256(draft.graph).hexdigest(), opset=OPSET),
        inputs=draft.inputs,
        outputs=draft.outputs,
        training=Training(corpus="none", licence="none", split="none", command=draft.command),
        metrics={},
        parts=draft.parts,
    )
    (folder / draft.name).mkdir()
    (folder / draft.name / "model.onnx").write_bytes(draft.graph)
    (folder / draft.name / "manifest.json").write_bytes(format_manifest(manifest))
    (folder / draft.name / "README.md").write_text("A test's.", "utf-8")
    return folder / draft.name


@pytest.fixture(scope="module", params=[1, 3], ids=["alone", "members"])
def weights(request):
    torch.manual_seed(0)
    each = [WholeSeparator(4, 24, 8, 16) for _ in range(request.param)]
    return model_weights(each[0] if len(each) == 1 else Members(each))


@pytest.fixture(scope="module")
def folder(weights, tmp_path_factory):
    return _put(weights, tmp_path_factory.mktemp("plugins"))


def _random_piece(seed: int):
    """Notes of any length and pitch, in chords of up to twenty, with unisons and long pedals."""
    draws = np.random.default_rng(seed)
    voices = [
        [(6 * int(draws.integers(0, 40)), int(draws.integers(0, 128)), int(draws.choice([1, 6, 24, 96, 900])))
         for _ in range(60)]
        for _ in range(4)
    ]  # fmt: skip
    return make_piece(f"random-{seed}", voices)


def test_the_graph_gives_labels_and_scores_of_the_search(folder, weights, made_up):
    pieces = [made_up(0, chords=30), *(_random_piece(seed) for seed in range(3)), made_up(2, chords=1)]
    assert check_whole_parity(build_whole(weights), load_plugin(folder), pieces) < 1e-4


def test_a_graph_of_other_weights_is_told_apart(folder, weights, made_up):
    model = build_whole(weights)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith("scores.bias"):
                value += torch.arange(4.0)
    with pytest.raises(ValueError, match="not of the same weights"):
        check_whole_parity(model, load_plugin(folder), [made_up(0)])


def test_it_passes_the_hosts_own_verification(folder):
    verify_plugin(folder)


def test_notes_that_no_piece_has_give_finite_scores(folder):
    scorer = SequenceScorer(load_plugin(folder), 4)
    far = np.array([0, 10**6, 2**30])
    scores = scorer.score(sequence_features(far, np.array([0, 127, 60]), np.array([1, 2**30, 1])))
    assert np.isfinite(scores).all()
