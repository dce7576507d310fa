"""The step graph computes what the PyTorch model does, in all its numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from offline.mmt.export import About, export_continuation
from offline.mmt.graph_weights import blockwise
from offline.mmt.model import MODEL_SIZES, MultitrackTransformer
from offline.mmt.parity import first_difference, greedy, random_model
from realtime.contract.manifest import Training
from realtime.contract.plugin import load_plugin
from realtime.contract.row_stepper import RowStepper
from realtime.music.mmt.representation import SIZES

ABOUT = About("chance", "Weights of chance", Training("none", "none", "none", "none"))
VARIANTS = ("fp32", "fp16", "int8", "int4")


def export(model: MultitrackTransformer, folder: Path, variants: tuple[str, ...] = VARIANTS):
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    return load_plugin(export_continuation(weights, model.size, ABOUT, folder, variants=variants))


def test_greedy_decoding_is_that_of_the_sequence_model_over_the_whole_context(tmp_path: Path):
    model = random_model("small", 1)
    stepper = RowStepper(export(model, tmp_path, ("fp32",)), "fp32")
    rows = greedy(stepper, 1024)
    assert len(rows) == MODEL_SIZES["small"].context == 1024
    assert first_difference(model, rows) is None
    rows[700, 3] = rows[700, 3] % 100 + 1
    assert first_difference(model, rows) == 700, "a wrong row is not noticed"


@torch.inference_mode()
def test_every_variant_gives_scores_near_those_of_the_model(tmp_path: Path):
    model = random_model("tiny", 2)
    plugin = export(model, tmp_path)
    rows = np.random.default_rng(1).integers(0, SIZES, (128, 6))
    wanted = model(torch.from_numpy(rows[None]))[0].numpy()
    for variant, most in (("fp32", 1e-5), ("fp16", 4e-3), ("int8", 0.04), ("int4", 0.2)):
        stepper = RowStepper(plugin, variant)
        past = stepper.past()
        begins = (0, 50, 51, 52, 60)
        scores = [
            stepper.run(past, rows[a:b], a) for a, b in zip(begins, (*begins[1:], len(rows)), strict=True)
        ]
        error = np.concatenate(scores) - wanted
        assert np.sqrt((error**2).mean()) < most * wanted.std(), variant


def test_nothing_of_the_past_is_copied(tmp_path: Path):
    stepper = RowStepper(export(random_model("tiny"), tmp_path, ("fp32",)), "fp32")
    past = stepper.past()
    rows = np.random.default_rng(1).integers(0, SIZES, (20, 6))
    buffers = {name: value.numpy() for name, value in past.values.items()}
    stepper.run(past, rows, 0)
    before = {name: buffer.copy() for name, buffer in buffers.items()}
    stepper.run(past, rows[:1], 20)
    for name, buffer in buffers.items():
        assert (buffer[:, :, :20] == before[name][:, :, :20]).all()
        assert buffer[:, :, 20].any(), "the new row is not in the buffer that was given"
        assert not buffer[:, :, 21:].any()
    stepper.run(past, rows[:1], 5)
    assert (buffers["keys0"][:, :, 6:20] == before["keys0"][:, :, 6:20]).all()


def test_four_bits_are_packed_as_they_are_read():
    weight = np.random.default_rng(0).standard_normal((3, 40)).astype(np.float32)
    packed, scales = blockwise(weight, 32)
    assert packed.shape == (3, 2, 16)
    low, high = packed & 15, packed >> 4
    whole = np.stack([low, high], -1).reshape(3, 2, 32).astype(float) - 8
    back = (whole * scales[..., None]).reshape(3, 64)[:, :40]
    assert np.abs(back - weight).max() <= np.abs(scales).max()


def test_a_variant_that_there_is_not_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="choose one or more of fp32"):
        export(random_model("tiny"), tmp_path, ("fp64",))
    assert not list(tmp_path.iterdir())
