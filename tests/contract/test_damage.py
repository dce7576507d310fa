"""Random damage: a damaged plugin is refused by the one error of the contract, or is still valid."""

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.contract.archive import unpack
from realtime.contract.error import PluginError
from realtime.contract.plugin import Plugin, load_plugin
from tests.contract.test_archive import make_tar, make_zip
from tests.contract.tiny import make_graph, make_manifest, make_sequence, write_plugin

GRAPH = make_graph().SerializeToString()
MANIFEST = json.dumps(make_manifest()).encode()


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """Return ``data`` with bytes replaced, inserted and removed."""
    place = st.integers(0, len(data) - 1)
    change = st.tuples(place, st.integers(0, 3), st.binary(max_size=3))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        spoilt = bytearray(data)
        for at, removed, inserted in changes:
            spoilt[at : at + removed] = inserted
        return bytes(spoilt)

    return st.lists(change, min_size=1, max_size=4).map(apply)


def values() -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


def load(manifest: bytes, graph: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "manifest.json").write_bytes(manifest)
        (Path(folder) / "model.onnx").write_bytes(graph)
        with contextlib.suppress(PluginError):
            assert isinstance(load_plugin(Path(folder)), Plugin)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(damaged(MANIFEST))
def test_a_damaged_manifest_is_refused_or_valid(manifest):
    load(manifest, GRAPH)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(damaged(GRAPH))
def test_a_damaged_graph_with_a_fitting_hash_is_refused_or_valid(graph):
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(PluginError):
        assert load_plugin(write_plugin(Path(folder), make_manifest(), graph)).manifest.name == "tiny"


def make_whole() -> tuple[dict[str, Any], bytes]:
    model, manifest = make_sequence()
    return manifest, model.SerializeToString()


@pytest.mark.parametrize("make", [lambda: (make_manifest(), GRAPH), make_whole], ids=["note", "piece"])
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_manifest_with_any_value_in_any_field_is_refused_or_valid(make, data):
    manifest, graph = make()
    target: Any = manifest
    while True:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(target[key], (dict, list)) or not target[key] or data.draw(st.booleans()):
            break
        target = target[key]
    target[key] = data.draw(values())
    load(json.dumps(manifest).encode(), graph)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from([("a.zip", make_zip), ("a.tgz", make_tar)]))
def test_a_damaged_archive_is_refused_or_unpacked_inside(data, kind):
    name, make = kind
    with tempfile.TemporaryDirectory() as folder:
        source = make(Path(folder) / name, {"tiny/manifest.json": MANIFEST, "tiny/model.onnx": GRAPH})
        source.write_bytes(data.draw(damaged(source.read_bytes())))
        with contextlib.suppress(PluginError):
            unpack(source, Path(folder) / "target")
        assert {path.name for path in Path(folder).iterdir()} <= {name, "target"}
