import pytest
from onnx import TensorProto, helper

from realtime.contract.plugin import PluginError
from realtime.contract.verify import verify_plugin


def test_a_valid_plugin_is_verified_and_timed(tiny):
    report = verify_plugin(tiny())
    assert report.name == "tiny"
    assert report.parts == (4,)
    assert 0 < report.step_us["p50"] <= report.step_us["p99"]


def test_a_plugin_for_any_number_of_parts_is_tried_with_several(any_parts):
    assert verify_plugin(any_parts).parts == (1, 4, 16)


def test_scores_that_are_not_finite_are_refused(tiny):
    def edit_graph(model):
        model.graph.node[4].input[1] = "inverse"
        model.graph.node.insert(4, helper.make_node("Reciprocal", ["last"], ["inverse"]))

    with pytest.raises(PluginError, match="scores: not finite at note 0"):
        verify_plugin(tiny(edit_graph=edit_graph))


def test_scores_that_are_random_are_refused(tiny):
    def edit_graph(model):
        model.graph.node[4].input[1] = "noise"
        model.graph.node.insert(4, helper.make_node("RandomUniform", [], ["noise"], shape=[1, 4]))

    with pytest.raises(PluginError, match="differ after a reset"):
        verify_plugin(tiny(edit_graph=edit_graph))


def test_a_graph_against_the_rules_of_onnx_is_refused(tiny):
    def edit_graph(model):
        model.graph.node[0].op_type = "Nonsense"

    with pytest.raises(PluginError, match="ONNX's checker refuses it"):
        verify_plugin(tiny(edit_graph=edit_graph))


def test_a_graph_whose_inside_contradicts_its_outputs_is_refused(tiny):
    def edit_graph(model):
        model.graph.node.append(helper.make_node("Cast", ["part"], ["wide"], to=TensorProto.FLOAT))
        model.graph.node[4].output[0] = "unused"
        model.graph.node.append(helper.make_node("Concat", ["wide"] * 5, ["scores"], axis=0))

    with pytest.raises(PluginError, match=r"graph\.file"):
        verify_plugin(tiny(edit_graph=edit_graph))
