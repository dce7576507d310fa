"""Weights of a Multitrack Music Transformer as a plugin: graphs in several precisions, manifest, card."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from offline.graph import OPSET
from offline.mmt.graph import Weights, step_graph
from offline.mmt.graph_weights import PRECISIONS
from offline.mmt.model import Size
from realtime.contract.continuation import CODES, SCORES, TOLD
from realtime.contract.kinds import CONTINUATION
from realtime.contract.manifest import (
    Continuation,
    Graph,
    Input,
    Manifest,
    Output,
    Training,
    Variant,
    format_manifest,
)
from realtime.contract.plugin import load_plugin
from realtime.contract.row_stepper import RowStepper
from realtime.contract.verify import verify_plugin
from realtime.music.mmt.instruments import NAMES
from realtime.music.mmt.representation import RESOLUTION, SIZES, Rows

REFERENCE = "fp32"
"""The variant that is compared with the PyTorch model, and from which ranges are measured."""
VARIANTS = ("fp32", "int8", "int4")
WORDS = {
    "fp32": "32-bit floats",
    "fp16": "16-bit floats, for GPUs",
    "int8": "8-bit weights, products and past",
    "int4": "4-bit weights, 8-bit products and past",
}
ROOM = 1.1
"""How much farther than what was measured the range of a channel goes."""
CALIBRATION_ROWS = 256


@dataclass(frozen=True)
class About:
    """What a plugin's manifest and card say besides its graphs."""

    name: str
    summary: str
    training: Training
    version: str = "1.0"
    licence: str = "MIT"
    metrics: Mapping[str, float] = field(default_factory=dict)
    card: str = ""
    """Markdown; the default says no more than the manifest."""


def export_continuation(
    weights: Weights,
    size: Size,
    about: About,
    into: Path,
    *,
    variants: Iterable[str] = VARIANTS,
    calibration: Iterable[Rows] = (),
) -> Path:
    """Write the plugin to ``into``/NAME, in place of what is there, and return that folder.

    ``variants`` are names of ``PRECISIONS``; the first is the manifest's own graph. ``calibration`` are rows
    of pieces, from which the range of the past's numbers is measured where they are kept in 8 bits; without
    any, made-up rows are used, which is good enough for weights that are made up too.

    Raises:
        PluginError: the plugin does not pass its own verification.
        KeyError: a weight is missing.
        ValueError: no variant, or one that there is not.
        OSError: the folder can't be written.
    """
    variants = list(variants)
    unknown = [name for name in variants if name not in PRECISIONS]
    if unknown or not variants:
        raise ValueError(f"no variant {unknown}: choose one or more of {', '.join(PRECISIONS)}")
    into.mkdir(parents=True, exist_ok=True)
    target = into / about.name
    with tempfile.TemporaryDirectory(dir=into, prefix=".exporting-") as work:
        ranges = None
        if any(PRECISIONS[name].cache == "int8" for name in variants):
            probe = _write(Path(work) / "probe", weights, size, about, [REFERENCE], None)
            ranges = measured_ranges(probe, calibration or [_made_up(size)])
        folder = _write(Path(work) / about.name, weights, size, about, variants, ranges)
        verify_plugin(folder)
        if target.exists():
            shutil.move(target, Path(work) / "old")
        shutil.move(folder, target)
    return target


def measured_ranges(folder: Path, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
    """Return the largest number of each channel of a plugin's past over pieces, as for ``step_graph``."""
    stepper = RowStepper(load_plugin(folder), REFERENCE)
    past = stepper.past()
    ranges: dict[str, np.ndarray] = {}
    for rows in pieces:
        rows = rows[: stepper.context]
        stepper.run(past, rows, 0)
        for name, value in past.values.items():
            reached = np.abs(value.numpy()[0, :, : len(rows)]).max(axis=1).reshape(-1)
            ranges[name] = np.maximum(ranges.get(name, 1e-6), ROOM * reached)
    return ranges


def make_manifest(about: About, size: Size, graphs: Mapping[str, bytes]) -> Manifest:
    """Return the manifest of a plugin with these graphs, by name of their variant; the first is its own."""
    variants = {
        name: Variant(
            hashlib.sha256(graph).hexdigest(), OPSET, file_of(name), WORDS[name], PRECISIONS[name].cache
        )
        for name, graph in graphs.items()
    }
    own = next(iter(variants.values()))
    state = (1, size.heads, size.context, size.head)
    names = [f"{kind}{layer}" for layer in range(size.layers) for kind in ("keys", "values")]
    return Manifest(
        schema=1,
        name=about.name,
        kind=CONTINUATION,
        summary=about.summary,
        version=about.version,
        licence=about.licence,
        graph=Graph(own.sha256, own.opset, own.file),
        inputs=(
            *(Input(source, dtype, shape, source) for source, (dtype, shape) in TOLD.items()),  # type: ignore[arg-type]
            *(Input(name, own.cache, state, "state") for name in names),
        ),
        outputs=(
            Output("scores", SCORES[0], SCORES[1], "scores"),  # type: ignore[arg-type]
            *(Output(f"next_{name}", own.cache, state, "state", name) for name in names),
        ),
        training=about.training,
        metrics=dict(about.metrics),
        resolution=RESOLUTION,
        continuation=Continuation(size.context, dict(CODES), tuple(NAMES[1:]), variants),
    )


def _write(
    folder: Path,
    weights: Weights,
    size: Size,
    about: About,
    variants: Sequence[str],
    ranges: Mapping[str, np.ndarray] | None,
) -> Path:
    folder.mkdir()
    graphs = {name: step_graph(weights, size, PRECISIONS[name], ranges) for name in variants}
    for name, graph in graphs.items():
        (folder / file_of(name)).write_bytes(graph)
    (folder / "manifest.json").write_bytes(format_manifest(make_manifest(about, size, graphs)))
    (folder / "README.md").write_text(about.card or f"# {about.name}\n\n{about.summary}.\n", "utf-8")
    return folder


def file_of(variant: str) -> str:
    """Return the name of the file of a variant's graph."""
    return f"model-{variant}.onnx"


def _made_up(size: Size) -> Rows:
    draws = np.random.default_rng(0)
    return np.stack(
        [draws.integers(0, codes, min(CALIBRATION_ROWS, size.context)) for codes in SIZES], axis=1
    )
