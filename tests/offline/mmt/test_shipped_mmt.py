"""The continuation that ships: of its own weights, and its manifest says how close to true music it comes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")
pytest.importorskip("onnxruntime", reason="graphs need it: pip install 'concertino[cpu]'")

from offline.mmt.evaluation import PAPER, field_losses  # noqa: E402  # after the checks
from offline.mmt.export import file_of  # noqa: E402
from offline.mmt.model import parameter_count  # noqa: E402
from offline.mmt.readers import GraphModel, TorchModel  # noqa: E402
from offline.mmt.settings import settings_in  # noqa: E402
from offline.mmt.ship import KEPT, NAME, VARIANTS, check_parity  # noqa: E402
from offline.mmt.trained import build, read_kept, weights_of  # noqa: E402
from offline.weights import FOLDER  # noqa: E402
from realtime.contract.library import shipped_folder  # noqa: E402
from realtime.contract.plugin import load_plugin  # noqa: E402
from tests.live import ROOT  # noqa: E402

HALF = 0.1
"""Largest difference of a score that computing in 16-bit floats makes."""


@pytest.fixture(scope="module")
def shipped():
    return load_plugin(shipped_folder() / NAME)


def test_its_graphs_are_of_the_weights_that_ship(shipped, made_up):
    torch.set_num_threads(1)
    weights, facts = read_kept(shipped.folder / file_of(KEPT), FOLDER / f"{NAME}.json")
    model, form = build(weights, facts)
    graphs = [GraphModel(shipped, variant) for variant in VARIANTS]
    pieces = [made_up(seed, beats=60) for seed in range(2)]
    check_parity(TorchModel(model, form, NAME), graphs[0], pieces, HALF)
    first, last = (sum(field_losses(graph, pieces)[0].values()) for graph in graphs)
    assert last == pytest.approx(first, rel=0.02), "8 bits cost more than they may"
    assert graphs[0].parameters == parameter_count(model)
    assert graphs[0].settings == {name: tuple(values) for name, values in facts["sampling"].items()}


def test_its_weights_are_found_by_its_name(shipped):
    """As `concertino evaluate attention mmt` does."""
    weights, facts = weights_of(NAME)
    assert facts["recipe"]["size"] == "full"
    assert parameter_count(build(weights, facts)[0]) == 19_944_950
    with pytest.raises(ValueError, match="zone is no continuation"):
        weights_of("zone")
    with pytest.raises(ValueError, match="nobody"):
        weights_of("nobody")


def test_its_manifest_says_how_close_to_true_music_it_comes(shipped):
    metrics = shipped.manifest.metrics
    gaps = {name: abs(metrics[name] - metrics[f"{name}_test"]) for name in PAPER}
    farther = [name for name, (true, theirs) in PAPER.items() if gaps[name] >= abs(theirs - true)]
    assert not farther, gaps
    assert settings_in(metrics).keys() == {"temperature", "threshold"}
    assert metrics["loss_int8"] == pytest.approx(metrics["loss_fp16"], abs=0.05)


def test_what_it_knows_shows_in_its_scores(shipped):
    """A scale in C major, in quarters: it goes on with a note, soon, most likely in the key."""
    from realtime.music.mmt.representation import BEAT, NOTE, PITCH, TYPE, encode
    from realtime.music.mmt.sampling import SPANS

    keys = [60, 62, 64, 65, 67, 69, 71, 72] * 4
    notes = np.array([(12 * beat, key, 12, 40) for beat, key in enumerate(keys)])
    scores = GraphModel(shipped, "int8").read(encode(notes)[:-1])
    assert scores[SPANS[TYPE]].argmax() == NOTE
    assert abs(int(scores[SPANS[BEAT]].argmax()) - (len(keys) + 1)) <= 1
    pitch = np.exp(scores[SPANS[PITCH]].astype(float))
    white = [key + 1 for key in range(128) if key % 12 in (0, 2, 4, 5, 7, 9, 11)]
    assert pitch[white].sum() / pitch.sum() > 0.7


def test_for_minutes_every_part_plays_on_where_it_usually_plays():
    """What a model hears most is itself: without care, one part has all notes in the end, far up or down."""
    from realtime.continuation.cast import cast_of
    from realtime.continuation.settings import Settings
    from realtime.ensembles.library import find_ensemble
    from realtime.host.continuation import find_model
    from realtime.host.going_on import Going, go_on
    from realtime.music.smf import read_performance

    chorale = read_performance(ROOT / "realtime" / "demo" / "chorale.mid")
    ensemble = find_ensemble("string-quartet")
    model = find_model(NAME, threads=1)
    gone = go_on(
        Going(ensemble, chorale, model, Settings(), 240, "zone", rate=16000, period=160),
        None,
        None,
        None,
        print,
    )
    played = [(note.part, note.key) for note in gone.notes]
    for part, player in enumerate(cast_of(ensemble)):
        keys = [key for each, key in played if each == part]
        late = [key for each, key in played[len(played) // 2 :] if each == part]
        assert min(len(keys), 2 * len(late)) > len(played) / 20, f"part {part} falls silent"
        assert player.lowest <= min(keys) <= max(keys) <= player.highest
