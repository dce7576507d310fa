"""Plugins written as a whole: graph, measured manifest and model card, checked before they land."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from offline.card import model_card
from offline.chorales import LICENCE, PARTS
from offline.drafts import Draft
from offline.evaluation import Result, evaluate, evaluate_human
from offline.graph import OPSET
from offline.take import Take
from realtime.contract.manifest import Graph, Manifest, Training, format_manifest
from realtime.contract.plugin import Plugin, load_plugin
from realtime.contract.verify import verify_plugin

VERSION = "1.0.0"


def export_plugin(
    draft: Draft, test: Sequence[Take], into: Path, check: Callable[[Plugin], object] | None = None
) -> tuple[Path, Result]:
    """Measure ``draft`` on the test takes and write it to ``into``/NAME, in place of what is there.

    ``check`` is called with the plugin and raises if it is not what it should be. All is made and verified
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
        manifest = make_manifest(draft, {})
        (folder / "manifest.json").write_bytes(format_manifest(manifest))
        plugin = load_plugin(folder)
        if check:
            check(plugin)
        result = evaluate(plugin, test, PARTS)
        human = evaluate_human(plugin, test, PARTS)
        manifest = make_manifest(draft, metrics_of(result, human))
        (folder / "manifest.json").write_bytes(format_manifest(manifest))
        (folder / "README.md").write_text(model_card(draft, manifest, result, human), "utf-8")
        verify_plugin(folder)
        if target.exists():
            shutil.move(target, Path(work) / "old")
        shutil.move(folder, target)
    return target, result


def make_manifest(draft: Draft, metrics: dict[str, float]) -> Manifest:
    """Return the manifest of ``draft``."""
    return Manifest(
        schema=1,
        name=draft.name,
        kind="separator",
        summary=draft.summary,
        version=VERSION,
        licence="MIT",
        graph=Graph(sha256=hashlib.sha256(draft.graph).hexdigest(), opset=OPSET),
        inputs=draft.inputs,
        outputs=draft.outputs,
        training=Training(
            corpus=draft.corpus,
            licence=LICENCE,
            split="offline/splits/bach-music21.toml: 327 pieces to train, 41 to validate, 41 to test",
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
