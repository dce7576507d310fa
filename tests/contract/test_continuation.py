"""Plugins that continue: what is whole passes, and what is not is refused in one sentence."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from realtime.cli.models import app
from realtime.contract.continuation import CODES, chosen_sampling
from realtime.contract.library import add_plugin
from realtime.contract.plugin import PluginError, load_plugin
from realtime.contract.row_stepper import RowStepper
from realtime.contract.stepper import Stepper
from realtime.contract.verify import verify_plugin
from tests.continuation.tiny import NAME, tiny_plugin
from tests.contract.tiny import Json


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_plugin(tmp_path_factory.mktemp("made"))


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / NAME))


def edited(folder: Path, edit: Callable[[Json], object]) -> Path:
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_it_is_verified_shown_and_added(made: Path, library: Path):
    report = verify_plugin(made)
    assert report.parts == ()
    assert 0 < report.step_us["p50"] <= report.step_us["p99"]
    add_plugin(made)
    shown = CliRunner().invoke(app, ["show", NAME], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "continuation: takes rows of music" in shown.stdout
    assert "int8: 8-bit weights" in shown.stdout
    assert "1024" not in shown.stdout
    assert "128 rows" in shown.stdout
    listed = CliRunner().invoke(app, ["list"], env={"COLUMNS": "200"})
    assert "continues" in listed.stdout
    checked = CliRunner().invoke(app, ["verify", NAME], env={"COLUMNS": "200"})
    assert checked.exit_code == 0


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_a_truncated_variant_is_refused(folder: Path, variant: str):
    file = folder / f"model-{variant}.onnx"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(PluginError, match=rf"model-{variant}\.onnx is not the file it was made for"):
        load_plugin(folder)
    file.unlink()
    with pytest.raises(PluginError, match=rf"model-{variant}\.onnx: missing"):
        load_plugin(folder)


def test_a_graph_of_another_form_is_refused(folder: Path):
    def of_fp32(manifest: Json) -> None:
        told = manifest["continuation"]["variants"]
        told["int8"] |= {"file": told["fp32"]["file"], "sha256": told["fp32"]["sha256"]}
        del told["fp32"]

    with pytest.raises(PluginError, match="float32 declared, int8 by its variant's cache"):
        load_plugin(edited(folder, of_fp32))


WRONG: dict[str, tuple[Callable[[Json], object], str]] = {
    "no section": (lambda m: m.pop("continuation"), "continuation: missing"),
    "parts": (lambda m: m.update(parts=["Alto"]), "parts: a continuation has no parts"),
    "resolution": (lambda m: m.update(resolution=24), "resolution: not what the host reads and plays, 12"),
    "field": (
        lambda m: m["continuation"]["fields"].update(beat=65),
        "continuation fields: not what the host",
    ),
    "instruments": (lambda m: m["continuation"]["instruments"].pop(), "continuation instruments: not what"),
    "context": (lambda m: m["continuation"].update(context=64), r"keys0' shape: a state is \[1, heads, 64"),
    "no variant": (lambda m: m["continuation"].update(variants={}), "is 0 of them"),
    "source": (lambda m: m["inputs"][1].update(source="pitch"), "is not told 'pitch'"),
    "twice": (lambda m: m["inputs"][1].update(source="rows"), "'rows'|'places'"),
    "dtype": (lambda m: m["inputs"][0].update(dtype="int32"), r"inputs 'rows': not int64 \[1, rows, 6\]"),
    "scores": (lambda m: m["outputs"][0].update(shape=[1, "rows", 500]), r"'scores': not float32"),
    "state": (lambda m: m["outputs"].pop(), "fed by 0 outputs"),
    "sampling": (
        lambda m: m["metrics"].update({f"sampling_threshold_{field}": 1.5 for field in CODES}),
        "sampling_threshold_type: 1.5; it must be a number from 0 to 1",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_manifest_that_makes_no_sense_is_refused(folder: Path, wrong: str):
    edit, message = WRONG[wrong]
    with pytest.raises(PluginError, match=message) as refusal:
        load_plugin(edited(folder, edit))
    assert "\n" not in str(refusal.value)


def test_what_was_chosen_for_a_model_is_said_of_every_field_or_not_at_all():
    told = {f"sampling_temperature_{field}": place / 10 for place, field in enumerate(CODES)}
    assert chosen_sampling(told) == {"temperature": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)}
    told.popitem()
    assert chosen_sampling(told | {"loss_int8": 5.0}) == {}


def test_a_separator_has_nothing_of_a_continuation(tiny, made: Path):
    told = json.loads((made / "manifest.json").read_text())["continuation"]
    with pytest.raises(PluginError, match="a separator has none"):
        load_plugin(tiny(lambda m: m.update(continuation=told)))
    with pytest.raises(PluginError, match="a separator has no int8"):
        load_plugin(tiny(lambda m: m["inputs"][3].update(dtype="int8")))
    with pytest.raises(PluginError, match="no 'rows' here"):
        load_plugin(tiny(lambda m: m["inputs"][3].update(shape=["rows", 4])))


def test_a_graph_that_forgets_its_past_is_found_out(folder: Path):
    file = folder / "model-fp32.onnx"
    model = onnx.load(file)
    places = next(tensor for tensor in model.graph.initializer if tensor.name == "first")
    lines = onnx.numpy_helper.to_array(places).copy()
    for node in model.graph.node:  # every row is at once the first
        node.input[:] = ["first_place" if name == "last" else name for name in node.input]
    model.graph.initializer.append(onnx.numpy_helper.from_array(lines[:1].astype("int32") * 0, "first_place"))
    file.write_bytes(model.SerializeToString())

    def rehash(manifest: Json) -> None:
        manifest["graph"]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        manifest["continuation"]["variants"]["fp32"]["sha256"] = manifest["graph"]["sha256"]

    with pytest.raises(PluginError, match=r"export the graph again|export a graph that keeps its past"):
        verify_plugin(edited(folder, rehash))


def test_the_wrong_kind_of_plugin_is_told(made: Path, tiny):
    with pytest.raises(ValueError, match="takes rows of music, and says what comes next, not one note"):
        Stepper(load_plugin(made), 4)
    with pytest.raises(ValueError, match="takes one note a run"):
        RowStepper(load_plugin(tiny()), "fp32")
    with pytest.raises(ValueError, match="no provider 'tpu'"):
        RowStepper(load_plugin(made), "fp32", provider="tpu")


def test_a_variant_that_is_not_for_a_gpu_runs_on_the_cpu_and_it_is_said(made: Path):
    stepper = RowStepper(load_plugin(made), "int8", provider="cuda")
    assert stepper.device == "cpu"
    assert "runs on the CPU: variant 'int8' does not run on a GPU" in stepper.warning
    assert not RowStepper(load_plugin(made), "int8").warning


def test_a_variant_that_the_runtime_does_not_know_is_told(folder: Path):
    file = folder / "model-int8.onnx"
    model = onnx.load(file)
    for node in model.graph.node:
        if node.op_type == "GroupQueryAttention":
            node.op_type = "AttentionOfTheFuture"
    file.write_bytes(model.SerializeToString())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    edited(folder, lambda m: m["continuation"]["variants"]["int8"].update(sha256=digest))
    plugin = load_plugin(folder)
    with pytest.raises(PluginError, match=r"model-int8\.onnx: ONNX Runtime .* refuses it .* another variant"):
        RowStepper(plugin, "int8")
    RowStepper(plugin, "fp32")
