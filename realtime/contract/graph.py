"""The ONNX file of a plugin, checked against what the manifest says of it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from realtime.contract.error import PluginError, one_line
from realtime.contract.manifest import Dim, Dtype, Input, Manifest, Output

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

ELEMENT_TYPES: dict[Dtype, int] = {"float32": 1, "int8": 3, "int32": 6, "int64": 7, "float16": 10}
"""ONNX's numbers for the dtypes of the contract (``TensorProto.DataType``)."""

STANDARD_DOMAINS = ("", "ai.onnx")


def check_graph(manifest: Manifest, data: bytes) -> None:
    """Check that ``data`` is an ONNX model which is what ``manifest`` says.

    It parses the file but runs nothing. Weights in files of their own are refused wherever they are: the
    manifest's hash does not cover them, and at most 512 MiB fit in the model itself.

    Raises:
        PluginError: the first thing that does not fit, by its field.
    """
    # onnx takes about 90 ms to import: only those who load a plugin pay.
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    field = "graph.file"
    model = ModelProto()
    try:
        model.ParseFromString(data)
        if not model.HasField("graph"):
            raise PluginError(manifest.name, field, "not an ONNX model; export it again")
        _check_no_external_data(manifest, model)
        _check_opset(manifest, model)
        _check_tensors(manifest, model.graph)
    except (DecodeError, UnicodeDecodeError) as error:  # the second by protobuf's parser in Python only
        problem = f"not an ONNX model ({one_line(str(error))}); export it again"
        raise PluginError(manifest.name, field, problem) from error


def _check_no_external_data(manifest: Manifest, model: ModelProto) -> None:
    from onnx import TensorProto

    for message in _messages(model):
        if not isinstance(message, TensorProto):
            continue
        if message.data_location == TensorProto.EXTERNAL or message.external_data:
            raise PluginError(
                manifest.name,
                "graph.file",
                f"tensor {message.name!r} keeps its data in another file; export the graph with it inside",
            )


OLDEST_RUNTIME_OPSET, OLDEST_RUNTIME_IR = 21, 10
"""What ONNX Runtime 1.20, the oldest allowed, takes for sure. To ask costs the 20 MB of its Python module,
which playing does not need: the host talks to ONNX Runtime's library."""


def _messages(message: Any) -> Iterator[Any]:
    """Yield ``message`` and every message in it; the parser has bounded the depth."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for child in value if isinstance(value, Sequence) or hasattr(value, "add") else (value,):
            yield from _messages(child)


def _check_opset(manifest: Manifest, model: ModelProto) -> None:
    declared = manifest.graph.opset
    found = [entry.version for entry in model.opset_import if entry.domain in STANDARD_DOMAINS]
    if found != [declared]:
        versions = ", ".join(str(version) for version in found) or "none"
        raise PluginError(
            manifest.name, "graph.opset", f"{declared} declared, {versions} in the graph; make them equal"
        )
    if 1 <= declared <= OLDEST_RUNTIME_OPSET and 1 <= model.ir_version <= OLDEST_RUNTIME_IR:
        return
    refusal = _runtime_refusal(declared, model.ir_version)
    if refusal:
        raise PluginError(
            manifest.name,
            "graph.opset",
            f"ONNX Runtime does not take opset {declared} with IR version {model.ir_version}"
            f" ({refusal}); export the graph with an older opset or update ONNX Runtime",
        )


@functools.cache
def _runtime_refusal(opset: int, ir_version: int) -> str | None:
    """Return why the installed ONNX Runtime refuses a trivial graph of these versions; None: it does not.

    It has no call that lists what it takes. Where it is not installed there is nothing to refuse.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    from onnx import TensorProto, helper

    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "probe", tensors[:1], tensors[1:])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal only: the answer is the message
    options.intra_op_num_threads = 1
    try:
        # A negative or huge version does not fit the message: a graph cannot hold it either.
        probe = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
        )
        onnxruntime.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common base of their own
        return f"version {onnxruntime.__version__}: {type(error).__name__}"
    return None


def _check_tensors(manifest: Manifest, graph: GraphProto) -> None:
    weights = {tensor.name for tensor in graph.initializer}
    weights |= {tensor.values.name for tensor in graph.sparse_initializer}
    # Before IR version 4, weights were listed among the inputs.
    inputs = [value for value in graph.input if value.name not in weights]
    for value in (*inputs, *graph.output):
        if isinstance(value.name, bytes):  # how the parser hands over what is not UTF-8
            name = value.name.decode(errors="replace")
            raise PluginError(manifest.name, "graph.file", f"name {name!r} is not UTF-8; export it again")
    for kind, declared, found in (
        ("inputs", manifest.inputs, inputs),
        ("outputs", manifest.outputs, graph.output),
    ):
        _check_names(manifest, kind, declared, [value.name for value in found])
        values = {value.name: value for value in found}
        for tensor in declared:
            _check_tensor(manifest, f"{kind} {tensor.name!r}", tensor, values[tensor.name])


def _check_names(
    manifest: Manifest, kind: str, declared: Sequence[Input | Output], found: Sequence[str]
) -> None:
    names = [tensor.name for tensor in declared]
    for name in names:
        if found.count(name) != 1:
            there = ", ".join(found) or "none"
            raise PluginError(
                manifest.name,
                f"{kind} {name!r}",
                f"not in the graph, which has {there}; use the graph's names",
            )
    for name in found:
        if name not in names:
            raise PluginError(manifest.name, kind, f"the graph's {name!r} is not declared; declare it")


def _check_tensor(manifest: Manifest, field: str, tensor: Input | Output, value: ValueInfoProto) -> None:
    found = value.type.tensor_type
    if found.elem_type != ELEMENT_TYPES[tensor.dtype]:
        names = {number: name for name, number in ELEMENT_TYPES.items()}
        dtype = names.get(found.elem_type, f"ONNX type {found.elem_type}")
        raise PluginError(
            manifest.name, f"{field} dtype", f"{tensor.dtype} declared, {dtype} in the graph; make them equal"
        )
    shape = [dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?" for dim in found.shape.dim]
    known = found.HasField("shape") and len(shape) == len(tensor.shape)
    if not known or not all(map(functools.partial(_same_dim, manifest), tensor.shape, shape)):
        there = _shape_text(shape) if found.HasField("shape") else "no shape"
        raise PluginError(
            manifest.name,
            f"{field} shape",
            f"{_shape_text(tensor.shape)} declared, {there} in the graph; make them equal",
        )


def _same_dim(manifest: Manifest, declared: Dim, found: int | str) -> bool:
    if declared == "parts":
        return isinstance(found, str) or found == len(manifest.parts) > 0
    if declared in ("notes", "rows"):
        return isinstance(found, str)
    return declared == found


def _shape_text(shape: Sequence[int | str]) -> str:
    return "[" + ", ".join(str(dim) for dim in shape) + "]"
