"""Plugins written as a whole: graph, measured manifest and model card, checked before they land."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from offline.card import model_card
from offline.corpora.catalog import Corpus
from offline.corpora.load import split_file
from offline.drafts import Draft
from offline.evaluation import (
    WINDOWS_MS,
    Label,
    Result,
    evaluate,
    evaluate_human,
    measure_human,
    measure_labels,
)
from offline.graph import OPSET
from offline.take import Take
from realtime.contract.kinds import KINDS
from realtime.contract.manifest import Graph, Manifest, Training, format_manifest
from realtime.contract.plugin import Plugin, load_plugin
from realtime.contract.verify import verify_plugin

VERSION = "1.0.0"


class Facts(NamedTuple):
    """What manifest and card say of the corpus that a separator is measured on."""

    corpus: Corpus
    pieces: int
    notes: int
    sides: tuple[int, int, int]
    """Pieces to train, to validate and to test."""

    @property
    def size(self) -> str:
        """The corpus and how large it is."""
        return f"{self.corpus.title} ({self.pieces} pieces, {self.notes:,} notes)"

    @property
    def split(self) -> str:
        """The file of the split, and the pieces on each side."""
        train, validation, test = self.sides
        file = split_file(self.corpus.key)
        made = f"offline/splits/{file.name}" if file.is_file() else f"concertino data split {self.corpus.key}"
        return f"{made}: {train} pieces to train, {validation} to validate, {test} to test"


def export_plugin(
    draft: Draft,
    facts: Facts,
    test: Sequence[Take],
    into: Path,
    check: Callable[[Plugin], object] | None = None,
    label: Label | None = None,
) -> tuple[Path, Result]:
    """Measure ``draft`` on the test takes and write it to ``into``/NAME, in place of what is there.

    ``check`` is called with the plugin and raises if it is not what it should be. ``label`` gives the labels
    that the plugin gives, and is measured in its place, since it is quicker. All is made and verified
    in a folder of its own first: when anything fails, ``into`` is as before.

    Raises:
        PluginError: the plugin does not pass its own verification.
        OSError: the folder can't be written.
    """
    into.mkdir(parents=True, exist_ok=True)
    target = into / draft.name
    with tempfile.TemporaryDirectory(dir=into, prefix=".exporting-") as work:
        folder = Path(work) / draft.name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(draft.graph)
        manifest = make_manifest(draft, facts, {})
        (folder / "manifest.json").write_bytes(format_manifest(manifest))
        plugin = load_plugin(folder)
        if check:
            check(plugin)
        names = facts.corpus.parts
        if label:
            result = measure_labels(label(test), [take.part for take in test], names)
            windows = () if KINDS[draft.kind].sequence else WINDOWS_MS
            human = measure_human(label, test, names, windows)
        else:
            result, human = evaluate(plugin, test, names), evaluate_human(plugin, test, names)
        manifest = make_manifest(draft, facts, metrics_of(result, human))
        (folder / "manifest.json").write_bytes(format_manifest(manifest))
        (folder / "README.md").write_text(
            model_card(draft, manifest, facts.corpus.title, result, human), "utf-8"
        )
        verify_plugin(folder)
        if target.exists():
            shutil.move(target, Path(work) / "old")
        shutil.move(folder, target)
    return target, result


def make_manifest(draft: Draft, facts: Facts, metrics: dict[str, float]) -> Manifest:
    """Return the manifest of ``draft``."""
    return Manifest(
        schema=1,
        name=draft.name,
        kind=draft.kind,
        summary=draft.summary,
        version=VERSION,
        licence="MIT",
        graph=Graph(sha256=hashlib.sha256(draft.graph).hexdigest(), opset=OPSET),
        inputs=draft.inputs,
        outputs=draft.outputs,
        training=Training(
            corpus=draft.made_from or facts.size,
            licence=facts.corpus.licence,
            split=facts.split,
            command=draft.command,
        ),
        metrics=metrics,
        parts=draft.parts,
    )


def metrics_of(result: Result, human: Mapping[str, float]) -> dict[str, float]:
    """Return the results on the scores, and under a player's hands, as the numbers that a manifest holds."""
    numbers = asdict(result)
    parts = numbers.pop("part_accuracy")
    del numbers["confusion"]
    return {
        **{name: round(float(value), 6) for name, value in numbers.items()},
        **{f"accuracy_{name}": round(value, 6) for name, value in parts.items()},
        "accuracy_human": round(human["all"], 6),
        **{f"human_{name}": round(value, 6) for name, value in human.items() if name != "all"},
    }
