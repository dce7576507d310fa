"""Plugins to load and to spoil, and a library of the test's own."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from tests.contract.tiny import (
    Json,
    make_any_parts,
    make_graph,
    make_manifest,
    make_sequence,
    write_plugin,
)


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of the tiny plugin: ``edit`` changes its manifest, ``edit_graph`` its model."""

    def write(
        edit: Callable[[Json], object] | None = None,
        edit_graph: Callable[[onnx.ModelProto], object] | None = None,
        **graph: int,
    ) -> Path:
        manifest, model = make_manifest(), make_graph(**graph)
        if edit:
            edit(manifest)
        if edit_graph:
            edit_graph(model)
        return write_plugin(tmp_path / "made" / "tiny", manifest, model.SerializeToString())

    return write


@pytest.fixture
def whole(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of the tiny sequence separator, as ``tiny`` is of the other kind."""

    def write(
        edit: Callable[[Json], object] | None = None,
        edit_graph: Callable[[onnx.ModelProto], object] | None = None,
        **graph: int | str,
    ) -> Path:
        model, manifest = make_sequence(**graph)
        if edit:
            edit(manifest)
        if edit_graph:
            edit_graph(model)
        return write_plugin(tmp_path / "made" / "whole", manifest, model.SerializeToString())

    return write


@pytest.fixture
def any_parts(tmp_path: Path) -> Path:
    model, manifest = make_any_parts()
    return write_plugin(tmp_path / "made" / "any", manifest, model.SerializeToString())


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty user's folder, which is all there is to find plugins in."""
    monkeypatch.delenv("CONCERTINO_MODELS", raising=False)
    monkeypatch.setattr("realtime.contract.library.user_folder", lambda: tmp_path / "user")
    monkeypatch.setattr("realtime.contract.library.shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "user"
