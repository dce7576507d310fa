"""Steps from fixed addresses: what a GPU runs, here at addresses of the processor's memory; and on a GPU."""

import numpy as np
import onnxruntime
import pytest

from realtime.contract.continuation import CODES, TOLD
from realtime.contract.cuda import obstacle
from realtime.contract.gpu_step import GpuStep
from realtime.contract.plugin import Plugin, load_plugin
from realtime.contract.row_stepper import RowStepper
from tests.continuation.tiny import tiny_plugin

ROWS = np.random.default_rng(3).integers(0, list(CODES.values()), (40, len(CODES)))


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Plugin:
    return load_plugin(tiny_plugin(tmp_path_factory.mktemp("made"), variants=("fp32", "fp16")))


@pytest.mark.parametrize("variant", ["fp32", "fp16"])
def test_steps_told_the_most_rows_there_may_be_give_the_scores_of_steps_told_how_many(
    plugin: Plugin, variant: str
):
    stepper = RowStepper(plugin, variant)
    wanted, past = stepper.past(), stepper.past()
    session = onnxruntime.InferenceSession(
        plugin.folder / f"model-{variant}.onnx", providers=["CPUExecutionProvider"]
    )
    buffers = {name: (value, past.feeds[name]) for name, value in past.values.items()}
    steps = {
        count: GpuStep(
            session, {source: source for source in TOLD}, "scores", buffers, count, stepper.context, "cpu"
        )
        for count in (1, 8)
    }
    begin = 0
    for count in (1, 8, 1, 1, 8, 8, 1):
        rows = ROWS[begin : begin + count]
        found = steps[count].run(rows, begin)
        np.testing.assert_allclose(found, stepper.run(wanted, rows, begin), atol=1e-6)
        begin += count
    again = steps[1].run(ROWS[5:6], 5)
    np.testing.assert_allclose(again, stepper.run(wanted, ROWS[5:6], 5), atol=1e-6)


def test_where_no_gpu_works_the_cpu_is_used_and_it_is_said_why(plugin: Plugin):
    why = obstacle()
    if not why:
        pytest.skip("a GPU works here")
    stepper = RowStepper(plugin, "fp16", provider="cuda")
    assert stepper.device == "cpu"
    assert stepper.warning == f"{plugin.manifest.name} runs on the CPU: {why}"


def test_a_gpu_gives_the_scores_of_the_processor(plugin: Plugin):
    if why := obstacle():
        pytest.skip(why)
    exact, stepper = RowStepper(plugin, "fp32"), RowStepper(plugin, "fp16", provider="cuda")
    assert stepper.device == "cuda"
    wanted, past = exact.past(), stepper.past()
    begin = 0
    for count in (5, 1, 8, 1, 1, 8, 3, 1):
        rows = ROWS[begin : begin + count]
        scores = exact.run(wanted, rows, begin)
        error = stepper.run(past, rows, begin) - scores
        assert np.sqrt((error**2).mean()) < 1e-2 * scores.std()
        begin += count
