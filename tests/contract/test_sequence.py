"""The contract's second kind: one run over all notes of a piece."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from realtime.contract.features import MAX_BEAT, SEQUENCE_FEATURES
from realtime.contract.library import add_plugin
from realtime.contract.manifest import format_manifest, manifest_schema, parse_manifest
from realtime.contract.plugin import PluginError, load_plugin
from realtime.contract.scorer import SequenceScorer
from realtime.contract.sequence import sequence_features, sequence_order
from realtime.contract.stepper import Stepper
from realtime.contract.verify import verify_plugin
from realtime.ensembles.schema import Ensemble, Part
from realtime.host.engine import Engine
from tests.contract.test_graph import set_type
from tests.contract.test_plugin import put, refusal

TICK = np.array([0, 0, 0, 12, 24, 24])
PITCH = np.array([48, 52, 55, 57, 60, 60])
DURATION = np.array([24, 24, 12, 1, 6, 24])


def test_scores_are_a_row_for_each_note(whole):
    scorer = SequenceScorer(load_plugin(whole()), 4)
    scores = scorer.score(sequence_features(TICK, PITCH, DURATION))
    assert scores.dtype == np.float32
    expected = np.eye(4)[PITCH % 4] + (DURATION[:, None] - 1) / 100 + PITCH.mean()
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_pieces_of_any_length_are_scored(whole):
    scorer = SequenceScorer(load_plugin(whole()), 4)
    for notes in (0, 1, 2, 5000):
        ones = np.ones(notes, np.int64)
        assert scorer.score(sequence_features(np.arange(notes), ones, ones)).shape == (notes, 4)


def test_a_parameter_reaches_the_graph_and_an_unknown_one_is_refused(whole):
    plugin, features = load_plugin(whole()), sequence_features(TICK, PITCH, DURATION)
    biased = SequenceScorer(plugin, 4, {"bias": [5.0, 1.0]}).score(features)
    difference = biased - SequenceScorer(plugin, 4).score(features)
    np.testing.assert_allclose(difference, [[5, 1, 1, 1]] * len(TICK), atol=1e-4)
    with pytest.raises(ValueError, match="no parameter 'tempo'; it has: bias"):
        SequenceScorer(plugin, 4, {"tempo": [1.0]})


def test_each_kind_is_refused_where_the_other_belongs(whole, tiny):
    with pytest.raises(ValueError, match="whole takes all notes of a whole piece"):
        Stepper(load_plugin(whole()), 4)
    with pytest.raises(ValueError, match="tiny takes one note a run"):
        SequenceScorer(load_plugin(tiny()), 4)


def test_a_feature_that_is_missing_or_short_is_told_by_name(whole):
    scorer = SequenceScorer(load_plugin(whole()), 4)
    with pytest.raises(ValueError, match="needs the feature 'duration'"):
        scorer.score({"pitch": PITCH})
    with pytest.raises(ValueError, match="'duration' takes 6 numbers"):
        scorer.score({"pitch": PITCH, "duration": DURATION[:5]})


def test_features_are_those_of_the_table_for_notes_in_order():
    features = sequence_features(TICK, PITCH, DURATION)
    assert set(features) == set(SEQUENCE_FEATURES)
    assert all(column.dtype == np.int64 and column.shape == (6,) for column in features.values())
    assert features["position"].tolist() == [0, 0, 0, 12, 0, 0]
    assert features["beat"].tolist() == [0, 0, 0, 0, 1, 1]
    assert features["chord_index"].tolist() == [0, 1, 2, 0, 0, 1]
    assert features["chord_size"].tolist() == [3, 3, 3, 1, 2, 2]
    assert features["start_ms"].tolist() == [0, 0, 0, 250, 500, 500]
    assert sequence_features(np.array([24 * 9999]), PITCH[:1], DURATION[:1])["beat"].tolist() == [MAX_BEAT]


def test_notes_out_of_order_are_refused_and_can_be_put_in_order():
    draws = np.random.default_rng(0).permutation(len(TICK))
    with pytest.raises(ValueError, match="not sorted"):
        sequence_features(TICK[draws], PITCH[draws], DURATION[draws])
    order = draws[sequence_order(TICK[draws], PITCH[draws], DURATION[draws])]
    assert order.tolist() == list(range(len(TICK)))


STATE = {"name": "memory", "dtype": "float32", "shape": [1], "source": "state"}
MANIFEST_FAULTS = {
    "state": (lambda m: m["inputs"].append(STATE), "a sequence-separator is not told 'state'"),
    "feature of the other kind": (
        put("inputs", 0, "source", value="last_pitch"),
        "inputs 'pitch' source: a sequence-separator is not told 'last_pitch'",
    ),
    "state output": (
        lambda m: m["outputs"].append(
            {"name": "next", "dtype": "float32", "shape": [1], "role": "state", "feeds": "pitch"}
        ),
        "outputs 'next' role: a sequence-separator has no 'state'",
    ),
    "one note": (put("inputs", 0, "shape", value=[1]), "inputs 'pitch' shape: source 'pitch' is a number"),
    "notes last": (put("inputs", 1, "shape", value=[1, "notes"]), "declare [notes] or [notes, 1]"),
    "notes twice": (put("inputs", 1, "shape", value=["notes", "notes"]), "declare [notes] or [notes, 1]"),
    "wide feature": (put("inputs", 1, "shape", value=["notes", 10**6]), "inputs 'duration' shape"),
    "parameter of notes": (
        put("inputs", 2, "shape", value=["notes"]),
        "inputs 'bias' shape: it has no 'notes'",
    ),
    "scores of one note": (put("outputs", 0, "shape", value=[1, "parts"]), "declare [notes, parts]"),
    "scores turned": (put("outputs", 0, "shape", value=["parts", "notes"]), "declare [notes, parts]"),
    "scores squared": (put("outputs", 0, "shape", value=["notes", "notes"]), "declare [notes, parts]"),
    "scores of other parts": (put("outputs", 0, "shape", value=["notes", 5]), "scores need one element for"),
    "scores in integers": (put("outputs", 0, "dtype", value="int64"), "scores are int64"),
    "clip upside down": (put("inputs", 0, "clip", value=[9, 3]), "inputs 'pitch' clip"),
    "unknown kind": (put("kind", value="cook"), "manifest.json kind"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_a_faulty_manifest_is_refused_by_field(whole, fault):
    edit, says = MANIFEST_FAULTS[fault]
    assert says in refusal(whole(edit))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (put("inputs", 0, "shape", value=["notes"]), "inputs 'pitch' shape: it has no 'notes' here"),
        (put("outputs", 0, "shape", value=["notes", "parts"]), "outputs 'scores' shape: it has no 'notes'"),
        (put("inputs", 0, "source", value="duration"), "a separator is not told 'duration'"),
    ],
)
def test_a_separator_of_single_notes_knows_nothing_of_pieces(tiny, edit, says):
    assert says in refusal(tiny(edit))


def test_a_graph_of_a_fixed_number_of_notes_is_refused(whole):
    folder = whole(edit_graph=lambda m: set_type(m.graph.input[0], TensorProto.INT64, [6]))
    assert "inputs 'pitch' shape: [notes] declared, [6] in the graph" in refusal(folder)
    folder = whole(edit_graph=lambda m: set_type(m.graph.output[0], TensorProto.FLOAT, [6, 4]))
    assert "outputs 'scores' shape: [notes, parts] declared, [6, 4] in the graph" in refusal(folder)


def test_a_valid_one_is_verified_and_added(whole, library: Path):
    folder = whole()
    report = verify_plugin(folder)
    assert report.parts == (4,)
    assert 0 <= report.step_us["p50"] <= report.step_us["p99"]
    assert add_plugin(folder).folder == library / "whole"
    manifest = load_plugin(folder).manifest
    assert parse_manifest(format_manifest(manifest)) == manifest
    assert "sequence-separator" in manifest_schema()["$defs"]["Manifest"]["properties"]["kind"]["enum"]


@pytest.mark.parametrize(
    ("operator", "attributes", "says"),
    [
        ("Log", {}, "scores: not finite at note 0"),
        ("RandomUniformLike", {"high": 1e6}, "differ in another run"),
    ],
)
def test_scores_that_are_not_finite_or_random_are_refused(whole, operator, attributes, says):
    def edit_graph(model):
        inner = ["below"] if operator == "Log" else ["whole"]
        if operator == "Log":
            model.graph.node.insert(7, helper.make_node("Neg", ["whole"], ["below"]))
        model.graph.node[-1].input[0] = "spoilt"
        model.graph.node.insert(
            len(model.graph.node) - 1, helper.make_node(operator, inner, ["spoilt"], **attributes)
        )

    with pytest.raises(PluginError, match=says):
        verify_plugin(whole(edit_graph=edit_graph))


def test_scores_of_another_number_of_rows_are_refused(whole):
    def edit_graph(model):
        model.graph.node[-1].input[0] = "first"
        model.graph.node.insert(
            len(model.graph.node) - 1, helper.make_node("ReduceMax", ["whole"], ["first"], axes=[0])
        )

    with pytest.raises(PluginError, match=r"gives scores of shape \[1, 4\] for 7 notes"):
        verify_plugin(whole(edit_graph=edit_graph))


@pytest.mark.parametrize("chosen", ["whole", None])
def test_a_live_ensemble_that_names_one_is_refused_in_one_sentence(whole, library, chosen):
    add_plugin(whole())
    ensemble = Ensemble(
        "mine", "Mine", "zone" if chosen else "whole", tuple(Part(n, i + 1) for i, n in enumerate("SATB"))
    )
    engine = Engine(48000, None)
    with pytest.raises(
        ValueError, match="whole takes whole pieces only: use concertino render --mode offline"
    ):
        engine.load(ensemble, chosen)
    engine.close()
