import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime.contract import files
from realtime.contract.manifest import format_manifest, manifest_schema, parse_manifest
from realtime.contract.plugin import PluginError, load_plugin, resolve
from tests.contract.tiny import Json, make_graph, make_manifest, write_plugin


def refusal(folder: Path) -> str:
    with pytest.raises(PluginError) as caught:
        load_plugin(folder)
    text = str(caught.value)
    assert text.startswith("plugin ")
    assert "\n" not in text
    return text


def put(*path: str | int, value: Any) -> Callable[[Json], None]:
    """Return an edit that sets the field at ``path``."""

    def edit(manifest: Json) -> None:
        target: Any = manifest
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return edit


def test_a_valid_plugin_loads(tiny):
    plugin = load_plugin(tiny())
    assert plugin.manifest.name == "tiny"
    assert plugin.graph_path == plugin.folder / "model.onnx"


def test_a_plugin_for_any_number_of_parts_loads(any_parts):
    assert load_plugin(any_parts).manifest.parts == ()


def test_a_shape_is_resolved_by_the_number_of_parts():
    assert resolve((1, "parts", 3), 5) == (1, 5, 3)
    assert resolve((), 5) == ()


def test_a_truncated_graph_is_refused_by_name(tiny):
    folder = tiny()
    graph = folder / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-7])
    assert "plugin tiny: graph.sha256: model.onnx" in refusal(folder)


def test_a_truncated_graph_with_a_fitting_hash_is_refused(tmp_path):
    data = make_graph().SerializeToString()[:-7]
    assert "graph.file: not an ONNX model" in refusal(write_plugin(tmp_path / "tiny", make_manifest(), data))


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"not onnx at all"])
def test_a_graph_that_is_no_onnx_is_refused(tmp_path, data):
    assert "graph.file: not an ONNX model" in refusal(write_plugin(tmp_path / "tiny", make_manifest(), data))


def test_a_tampered_graph_is_refused_by_its_hash(tiny):
    folder = tiny()
    graph = folder / "model.onnx"
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(data)
    assert "graph.sha256" in refusal(folder)


def test_an_oversized_graph_is_refused_before_it_is_read(tiny, monkeypatch):
    folder = tiny()
    os.truncate(folder / "model.onnx", files.MAX_GRAPH_BYTES + 1)  # sparse: takes no room on the disk
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("opened"))
    with pytest.raises(PluginError, match=r"model\.onnx: larger than the 512 MiB allowed"):
        files.read_file(folder, "model.onnx", files.MAX_GRAPH_BYTES, "tiny")


def test_an_oversized_graph_is_refused_by_name(tiny):
    folder = tiny()
    os.truncate(folder / "model.onnx", files.MAX_GRAPH_BYTES + 1)
    assert "model.onnx: larger than the 512 MiB" in refusal(folder)


def test_an_oversized_manifest_is_refused(tiny):
    folder = tiny()
    os.truncate(folder / "manifest.json", files.MAX_MANIFEST_BYTES + 1)
    assert "manifest.json: larger than the 1 MiB" in refusal(folder)


def test_an_oversized_folder_is_refused(tiny):
    folder = tiny()
    (folder / "extra").touch()
    os.truncate(folder / "extra", files.MAX_FOLDER_BYTES)
    assert "folder: larger than" in refusal(folder)


def test_a_folder_of_too_many_files_is_refused(tiny):
    folder = tiny()
    for number in range(files.MAX_ENTRIES):
        (folder / f"extra{number}").touch()
    assert "folder: more than 64 files" in refusal(folder)


@pytest.mark.parametrize("file", ["manifest.json", "model.onnx"])
def test_a_missing_file_is_refused_by_name(tiny, file):
    folder = tiny()
    (folder / file).unlink()
    assert f"{file}: missing" in refusal(folder)


def test_a_missing_folder_is_refused(tmp_path):
    assert "plugin nowhere: folder" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("file", ["manifest.json", "model.onnx", "README.md"])
def test_a_link_in_the_folder_is_refused(tiny, tmp_path, file):
    folder = tiny()
    (folder / file).rename(tmp_path / "outside")
    (folder / file).symlink_to(tmp_path / "outside")
    assert f"{file}: a link" in refusal(folder)


def test_a_linked_subfolder_is_refused(tiny, tmp_path):
    folder = tiny()
    (folder / "weights").symlink_to(tmp_path, target_is_directory=True)
    assert "weights: a link" in refusal(folder)


def test_a_pipe_in_place_of_the_manifest_is_refused_and_not_waited_for(tiny):
    folder = tiny()
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    assert "manifest.json: not a plain file" in refusal(folder)


@pytest.mark.parametrize(
    "file", ["../model.onnx", "/etc/passwd", "sub/model.onnx", "..", "a\\b", "m.onnx\n", ""]
)
def test_a_graph_file_name_that_could_leave_the_folder_is_refused(tiny, file):
    assert "manifest.json graph.file" in refusal(tiny(put("graph", "file", value=file)))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100_000, b"null"])
def test_a_manifest_that_is_no_json_object_is_refused(tiny, text):
    folder = tiny()
    (folder / "manifest.json").write_bytes(text)
    assert "manifest.json: " in refusal(folder)


MANIFEST_FAULTS = {
    "unknown key": (put("colour", value="red"), "unknown field `colour`"),
    "unknown key of an input": (put("inputs", 0, "colour", value="red"), "manifest.json inputs"),
    "schema of the future": (put("schema", value=2), "manifest.json schema"),
    "wrong kind": (put("kind", value="cook"), "manifest.json kind"),
    "wrong role": (put("outputs", 0, "role", value="cook"), "role"),
    "wrong dtype": (put("inputs", 0, "dtype", value="float16"), "dtype"),
    "wrong source": (put("inputs", 0, "source", value="colour"), "source"),
    "name with capitals": (put("name", value="Tiny"), "manifest.json name"),
    "name with a line end": (put("name", value="tiny\n"), "manifest.json name"),
    "name that is a path": (put("name", value="../tiny"), "manifest.json name"),
    "size of zero": (put("inputs", 0, "shape", value=[0]), "shape"),
    "clip out of range": (put("inputs", 0, "clip", value=[0, 2**31]), "clip"),
    "infinite metric": (put("metrics", "accuracy", value=float("inf")), "manifest.json"),
    "clip upside down": (put("inputs", 0, "clip", value=[9, 3]), "inputs 'pitch' clip"),
    "clip of a state": (put("inputs", 3, "clip", value=[0, 1]), "inputs 'memory' clip"),
    "initial of a feature": (put("inputs", 0, "initial", value=1.0), "inputs 'pitch' initial"),
    "default of a feature": (put("inputs", 0, "default", value=[1.0]), "inputs 'pitch' default"),
    "initial too large": (put("inputs", 3, "initial", value=1e300), "inputs 'memory' initial"),
    "parameter without default": (put("inputs", 2, "default", value=[]), "inputs 'bias' default: missing"),
    "default too long": (put("inputs", 2, "default", value=[0.0] * 5), "inputs 'bias' default: 5 values"),
    "default too large": (put("inputs", 2, "default", value=[1e300]), "inputs 'bias' default"),
    "default outside its clip": (
        put("inputs", 2, "clip", value=[5, 9]),
        "inputs 'bias' default: 0.25 is outside",
    ),
    "clip of a parameter upside down": (put("inputs", 2, "clip", value=[9, 3]), "inputs 'bias' clip"),
    "parts twice": (put("parts", value=["A", "B", "C", "A"]), "parts: 'A' appears 2 times"),
    "input twice": (put("inputs", 0, "name", value="last"), "inputs: 'last' appears 2 times"),
    "output twice": (put("outputs", 0, "name", value="memory_next"), "outputs: 'memory_next' appears 2"),
    "feature of two elements": (put("inputs", 0, "shape", value=[2]), "inputs 'pitch' shape"),
    "part feature of one element": (put("inputs", 1, "shape", value=[1]), "inputs 'last' shape"),
    "state that feeds nothing": (put("outputs", 1, "feeds", value=None), "outputs 'memory_next' feeds"),
    "state that feeds a feature": (put("outputs", 1, "feeds", value="pitch"), "outputs 'memory_next' feeds"),
    "scores that feed": (put("outputs", 0, "feeds", value="memory"), "outputs 'scores' feeds"),
    "state of another shape": (put("outputs", 1, "shape", value=[4]), "shape: [4] feeds 'memory' of [1, 4]"),
    "state of another dtype": (
        put("outputs", 1, "dtype", value="int64"),
        "dtype: int64 feeds 'memory' of float32",
    ),
    "no scores": (lambda manifest: manifest["outputs"].pop(0), "outputs: 0 of role 'scores'"),
    "scores twice": (
        lambda manifest: manifest["outputs"].append(manifest["outputs"][0] | {"name": "more"}),
        "outputs: 2 of role 'scores'",
    ),
    "scores of another number": (put("outputs", 0, "shape", value=[1, 5]), "outputs 'scores' shape"),
    "scores in integers": (
        put("outputs", 0, "dtype", value="int64"),
        "outputs 'scores' dtype: scores are int64",
    ),
    "huge tensor": (put("inputs", 3, "shape", value=[10**6] * 8), "inputs 'memory' shape: more than"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_a_faulty_manifest_is_refused_by_field(tiny, fault):
    edit, field = MANIFEST_FAULTS[fault]
    assert field in refusal(tiny(edit))


def test_a_hash_of_the_wrong_form_is_refused(tiny):
    folder = tiny()
    manifest = folder / "manifest.json"
    data = json.loads(manifest.read_text())
    data["graph"]["sha256"] = data["graph"]["sha256"].upper()
    manifest.write_text(json.dumps(data))
    assert "manifest.json graph.sha256" in refusal(folder)


def test_a_state_that_nothing_feeds_is_refused(tiny):
    folder = tiny(lambda manifest: manifest["outputs"].pop())
    assert "inputs 'memory': fed by 0 outputs" in refusal(folder)


def test_a_state_that_is_fed_twice_is_refused(tiny):
    folder = tiny(lambda manifest: manifest["outputs"].append(manifest["outputs"][1] | {"name": "more"}))
    assert "inputs 'memory': fed by 2 outputs" in refusal(folder)


def test_a_fraction_as_the_initial_value_of_an_integer_state_is_refused(tiny):
    def edit(manifest: Json) -> None:
        manifest["inputs"][3] |= {"dtype": "int64", "initial": 0.5}
        manifest["outputs"][1]["dtype"] = "int64"

    assert "inputs 'memory' initial: 0.5 is no int64" in refusal(tiny(edit))


def test_a_manifest_that_is_no_text_is_named_as_such():
    with pytest.raises(ValueError, match=r"(?i)manifest\.json: .*utf-8"):
        parse_manifest(b'{"schema": 1, "name": "\xff"}')


@pytest.mark.parametrize("shape", [[1], [2], [], ["parts", "parts"]])
def test_scores_that_fit_one_number_of_parts_are_refused_where_any_is_taken(any_parts, shape):
    manifest = json.loads((any_parts / "manifest.json").read_text())
    manifest["outputs"][0]["shape"] = shape
    (any_parts / "manifest.json").write_text(json.dumps(manifest))
    assert "outputs 'scores' shape: scores need" in refusal(any_parts)


@pytest.mark.parametrize("path", [("inputs", 0, "name"), ("\x1b[2J\nkey",), ("graph", "\x1b[2J\nkey")])
def test_the_words_of_an_author_do_not_reach_the_terminal_as_commands(tiny, path):
    text = refusal(tiny(put(*path, value="\x1b[2J\npitch")))
    assert text.isprintable()


def test_a_long_name_does_not_make_a_long_message(tiny):
    assert len(refusal(tiny(put("inputs", 0, "name", value="x" * 100_000)))) <= 600


def test_the_shipped_form_of_a_manifest_is_read_back(tiny):
    manifest = load_plugin(tiny()).manifest
    assert parse_manifest(format_manifest(manifest)) == manifest


def test_the_json_schema_allows_what_the_parser_allows():
    schema = json.loads(json.dumps(manifest_schema()))
    properties = schema["$defs"]["Manifest"]["properties"]
    assert set(make_manifest()) <= set(properties)
    assert schema["$defs"]["Manifest"]["additionalProperties"] is False
