import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from realtime.contract.plugin import load_plugin
from tests.contract.test_plugin import put, refusal
from tests.contract.tiny import make_any_parts, make_graph, make_manifest, write_plugin


def set_type(value: onnx.ValueInfoProto, element: int, shape: list[int | str] | None) -> None:
    value.type.CopyFrom(helper.make_tensor_type_proto(element, shape))


def make_external(tensor: onnx.TensorProto, location: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location


def test_an_opset_other_than_the_manifest_says_is_refused(tiny):
    assert "graph.opset: 17 declared, 16 in the graph" in refusal(tiny(opset=16))


def test_an_opset_that_onnx_runtime_does_not_take_is_refused(tiny):
    text = refusal(tiny(put("graph", "opset", value=60), opset=60))
    assert "graph.opset: ONNX Runtime does not take opset 60" in text


def test_an_ir_version_that_onnx_runtime_does_not_take_is_refused(tiny):
    assert "with IR version 99" in refusal(tiny(ir_version=99))


def test_an_opset_below_the_contract_is_refused(tiny):
    assert "graph.opset" in refusal(tiny(put("graph", "opset", value=6), opset=6))


def test_a_graph_without_an_opset_is_refused(tiny):
    assert "17 declared, none in the graph" in refusal(
        tiny(edit_graph=lambda m: m.ClearField("opset_import"))
    )


def test_an_input_that_the_graph_does_not_have_is_refused(tiny):
    text = refusal(tiny(put("inputs", 0, "name", value="key")))
    assert "inputs 'key': not in the graph, which has pitch, last, bias, memory" in text


def test_an_input_that_the_manifest_does_not_declare_is_refused(tiny):
    assert "inputs: the graph's 'bias'" in refusal(tiny(lambda manifest: manifest["inputs"].pop(2)))


def test_an_output_that_the_graph_does_not_have_is_refused(tiny):
    assert "outputs 'marks': not in the graph" in refusal(tiny(put("outputs", 0, "name", value="marks")))


def test_an_output_that_the_manifest_does_not_declare_is_refused(tiny):
    def edit_graph(model: onnx.ModelProto) -> None:
        model.graph.output.append(helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 4]))

    assert "outputs: the graph's 'sum'" in refusal(tiny(edit_graph=edit_graph))


def test_a_name_that_is_no_text_is_refused(tmp_path):
    data = make_graph().SerializeToString().replace(b"pitch", b"pi\xff\xfeh")
    assert "is not UTF-8" in refusal(write_plugin(tmp_path / "tiny", make_manifest(), data))


@pytest.mark.parametrize("element", [TensorProto.INT32, TensorProto.DOUBLE])
def test_a_dtype_other_than_the_graph_has_is_refused(tiny, element):
    text = refusal(tiny(edit_graph=lambda model: set_type(model.graph.input[0], element, [1])))
    assert "inputs 'pitch' dtype: int64 declared" in text


@pytest.mark.parametrize("shape", [[2], [1, 1], [], ["n"], None])
def test_a_shape_other_than_the_graph_has_is_refused(tiny, shape):
    text = refusal(tiny(edit_graph=lambda model: set_type(model.graph.input[0], TensorProto.INT64, shape)))
    assert "inputs 'pitch' shape: [1] declared" in text


def test_a_number_of_parts_other_than_the_graph_has_is_refused(tiny):
    text = refusal(tiny(edit_graph=lambda model: set_type(model.graph.output[0], TensorProto.FLOAT, [1, 5])))
    assert "outputs 'scores' shape: [1, parts] declared, [1, 5] in the graph" in text


def test_parts_may_be_a_dynamic_dimension_of_the_graph(tiny):
    folder = tiny(edit_graph=lambda model: set_type(model.graph.output[0], TensorProto.FLOAT, [1, "n"]))
    assert load_plugin(folder).manifest.parts


def test_a_fixed_number_of_parts_is_refused_where_the_manifest_takes_any(any_parts):
    model, manifest = make_any_parts()
    for value in (*model.graph.input, *model.graph.output):
        set_type(value, TensorProto.FLOAT, [4])
    folder = write_plugin(any_parts, manifest, model.SerializeToString())
    assert "inputs 'last' shape: [parts] declared, [4] in the graph" in refusal(folder)


def test_weights_listed_among_the_inputs_are_no_inputs(tiny):
    def edit_graph(model: onnx.ModelProto) -> None:
        model.graph.input.append(helper.make_tensor_value_info("half", TensorProto.FLOAT, [1]))

    assert load_plugin(tiny(edit_graph=edit_graph)).manifest.name == "tiny"


@pytest.mark.parametrize("location", ["../../secret", "/etc/passwd", "weights.bin"])
def test_weights_outside_the_graph_are_refused(tiny, location):
    text = refusal(tiny(edit_graph=lambda model: make_external(model.graph.initializer[2], location)))
    assert "graph.file: tensor 'half' keeps its data in another file" in text


def test_weights_outside_the_graph_are_found_in_nested_graphs(tiny):
    def edit_graph(model: onnx.ModelProto) -> None:
        hidden = numpy_helper.from_array(np.ones(3, np.float32), "hidden")
        make_external(hidden, "../../secret")
        inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=hidden)], "inner", [], [])
        model.graph.node.append(helper.make_node("If", ["x"], [], then_branch=inner, else_branch=inner))

    assert "tensor 'hidden' keeps its data" in refusal(tiny(edit_graph=edit_graph))
