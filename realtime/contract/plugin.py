"""A plugin: a folder with a graph, its manifest and a model card, believed only once all of it is checked."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from realtime.contract.consistency import check_manifest
from realtime.contract.continuation import variant_of
from realtime.contract.error import PluginError
from realtime.contract.files import MANIFEST, MAX_GRAPH_BYTES, MAX_MANIFEST_BYTES, check_folder, read_file
from realtime.contract.graph import check_graph
from realtime.contract.manifest import Manifest, parse_manifest
from realtime.contract.tensors import parameter_values, resolve, state_values

__all__ = ["Plugin", "PluginError", "load_plugin", "parameter_values", "resolve", "state_values"]


@dataclass(frozen=True)
class Plugin:
    """A plugin that passed every check of ``load_plugin``."""

    manifest: Manifest
    folder: Path
    graph_path: Path


def load_plugin(folder: Path, *, called: str | None = None) -> Plugin:
    """Return the plugin in ``folder``; nothing is run and nothing is kept of a plugin that fails.

    ``called`` names it in messages for as long as its manifest is not known; else the folder's name does.

    Checked in this order: kinds and sizes of the files, the manifest's schema and its consistency, the
    graph's hash, opset, and its inputs and outputs by name, dtype and shape.

    Raises:
        PluginError: one sentence with the plugin, the field and what to do.
    """
    name = called or folder.resolve().name
    check_folder(folder, name)
    text = read_file(folder, MANIFEST, MAX_MANIFEST_BYTES, name)
    try:
        manifest = parse_manifest(text)
    except ValueError as error:
        raise _manifest_error(name, str(error)) from error
    check_manifest(manifest)
    _check_graph_file(manifest, folder)
    for variant in manifest.continuation.variants if manifest.continuation else ():
        told = variant_of(manifest, variant)[1]
        if told.graph != manifest.graph:
            _check_graph_file(told, folder)
    return Plugin(manifest, folder, folder / manifest.graph.file)


def _check_graph_file(manifest: Manifest, folder: Path) -> None:
    """Check that the graph's file is the one it was made for, and what the manifest says."""
    data = read_file(folder, manifest.graph.file, MAX_GRAPH_BYTES, manifest.name)
    if hashlib.sha256(data).hexdigest() != manifest.graph.sha256:
        raise PluginError(
            manifest.name,
            "graph.sha256",
            f"{manifest.graph.file} is not the file it was made for (truncated or changed);"
            " get the plugin again or export it again",
        )
    check_graph(manifest, data)


def _manifest_error(name: str, message: str) -> PluginError:
    problem, _, path = message.removeprefix(f"{MANIFEST}: ").partition(" - at `$.")
    field = " ".join(filter(None, (MANIFEST, path.rstrip("`"))))
    return PluginError(name, field, f"{problem}; correct it ('concertino models schema' tells the rules)")
