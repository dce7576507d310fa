"""The trained separators that ship: each is of its own weights, and as good as its manifest says."""

import os
from pathlib import Path

import numpy as np
import pytest

from offline.corpora.catalog import CORPORA
from offline.evaluation import measure_labels
from offline.score import TICKS, make_piece
from offline.shipped import TRAINABLE
from offline.take import take_of
from offline.weights import FOLDER, load_weights
from realtime.contract.kinds import KINDS
from realtime.contract.library import shipped_folder
from realtime.contract.plugin import load_plugin
from realtime.contract.stepper import Stepper
from realtime.ensembles.library import SHIPPED
from realtime.ensembles.parse import load_ensemble

DATA = Path(os.environ.get("CONCERTINO_DATA") or Path(__file__).parents[3] / "shared" / "data")
NAMES = [name for name in TRAINABLE if (FOLDER / f"{name}.npz").is_file()]
ELSEWHERE = (
    *("bach-lstm", "bach-chorale"),
    *("song", "song-offline", "string-quartet-offline", "orchestra-offline"),
)
"""The first two have tests of their own; the others' test pieces take too long."""


@pytest.fixture(scope="module", params=NAMES)
def plugin(request):
    return load_plugin(shipped_folder() / request.param)


def chordal_piece(parts: int, seed: int):
    """Parts that play one to three notes at a time, some of them held into the next chord."""
    draws = np.random.default_rng(seed)
    lines = []
    for part in range(parts):
        centre, line = 76 - 9 * part, []
        for beat in range(24):
            for pitch in draws.integers(centre - 6, centre + 6, draws.integers(1, 4)):
                line.append((beat * TICKS, int(pitch), int(draws.choice([12, 24, 36]))))
        lines.append(line)
    return make_piece(f"chords-{seed}", lines)


def test_weights_that_ship_have_a_plugin_and_the_other_way_round():
    exported = {path.name for path in shipped_folder().iterdir() if path.is_dir()}
    assert set(NAMES) == exported & set(TRAINABLE)


def test_an_ensemble_that_others_can_select_has_its_separators():
    for path in SHIPPED.glob("*.toml"):
        ensemble = load_ensemble(path)
        if ensemble.program is not None:
            assert ensemble.separator in NAMES, path.name
            assert not ensemble.offline or ensemble.offline in NAMES, path.name


def test_its_parts_are_those_of_its_corpus(plugin):
    assert plugin.manifest.parts == CORPORA[TRAINABLE[plugin.manifest.name]].parts


@pytest.fixture(scope="module")
def weights(plugin):
    torch = pytest.importorskip("torch", reason="models need torch: pip install 'concertino[offline]'")
    torch.set_num_threads(1)  # more only get in each other's way on models this small
    return load_weights(FOLDER / f"{plugin.manifest.name}.npz")[0]


def test_its_graph_is_of_the_weights_that_ship(plugin, weights):
    from offline.models import MODELS

    pieces = [chordal_piece(len(plugin.manifest.parts), seed) for seed in range(2)]
    assert MODELS[plugin.manifest.name].check(weights, plugin, pieces) < 1e-4


def test_its_card_tells_licence_split_figures_and_command(plugin):
    card = " ".join((plugin.folder / "README.md").read_text("utf-8").split())
    manifest = plugin.manifest
    assert f"{manifest.metrics['accuracy']:.2%}" in card
    assert f"{manifest.metrics['accuracy_human']:.2%}" in card
    assert f"concertino train separator {manifest.name}" in card
    assert "The split is by piece" in card


def test_live_it_needs_no_beat_unless_it_is_the_papers(plugin):
    if plugin.manifest.name != "bach-lstm" and not KINDS[plugin.manifest.kind].sequence:
        assert not {t.source for t in plugin.manifest.inputs} & {"position", "beat", "tick"}


def test_whatever_it_is_told_its_scores_are_finite(plugin):
    if KINDS[plugin.manifest.kind].sequence:
        pytest.skip("whole pieces have tests of their own")
    draws, parts = np.random.default_rng(0), len(plugin.manifest.parts)
    stepper = Stepper(plugin, parts)
    told = {tensor.source for tensor in plugin.manifest.inputs} - {"state", "parameter"}
    single = {"pitch", "chord_index", "since_note", "position", "beat", "tick", "velocity"}
    for pitch in range(0, 128, 3):
        facts = {
            source: 900
            if source in single
            else draws.integers(-1, 10**9, 4 if source == "chord_above" else parts)
            for source in told
        }
        assert np.isfinite(stepper.step(facts | {"pitch": pitch, "position": 3, "beat": 7})).all()


def test_on_its_test_pieces_it_is_as_good_as_its_manifest_says(plugin, weights):
    """All pieces are labelled by the sequence model; its graph gives what it gives, here on a piece."""
    from offline.models import MODELS
    from offline.runs import split_pieces

    name, corpus = plugin.manifest.name, CORPORA[TRAINABLE[plugin.manifest.name]]
    if name in ELSEWHERE:
        pytest.skip("has a test of its own, or is measured by the command in its card")
    if corpus.key != "bach" and not all((DATA / source.key).is_dir() for source in corpus.sources):
        pytest.skip("the corpora are not here: concertino data get, or the variable CONCERTINO_DATA")
    pieces = split_pieces(corpus.key, data=DATA, progress=False)
    shortest = min((piece for piece in pieces if len(piece) >= 150), key=len)
    assert MODELS[name].check(weights, plugin, [shortest]) < 1e-4
    takes = [take_of(piece) for piece in pieces]
    labels = MODELS[name].label(weights, takes)
    result = measure_labels(labels, [take.part for take in takes], corpus.parts)
    assert result.accuracy == pytest.approx(plugin.manifest.metrics["accuracy"], abs=3e-3)
    assert result.notes == plugin.manifest.metrics["notes"]
