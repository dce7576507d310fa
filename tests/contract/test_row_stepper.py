"""What a graph is run with on a GPU: here the processor stands in for one, at its own addresses."""

from typing import Any

import numpy as np
import onnxruntime
import pytest

from realtime.contract import cuda, row_stepper
from realtime.contract.continuation import CODES
from realtime.contract.plugin import Plugin, load_plugin
from realtime.contract.row_stepper import CPU, CUDA, PROVIDERS, Past, RowStepper
from tests.continuation.tiny import tiny_plugin

CONTEXT = 128
ROWS = np.random.default_rng(3).integers(0, list(CODES.values()), (CONTEXT, len(CODES)))
RUNS = (60, 1, 8, 1, 1, 8, 20, 1, 5)


class Binding:
    """A binding that takes addresses of the GPU for those of the processor."""

    def __init__(self, binding: onnxruntime.IOBinding) -> None:
        self.real = binding

    def bind_input(self, name: str, device: str, *rest: Any) -> None:
        assert device in (CPU, CUDA)
        self.real.bind_input(name, CPU, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Session:
    """A session that runs on the processor what is bound for the GPU."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self.real = session

    def io_binding(self) -> Binding:
        return Binding(self.real.io_binding())

    def run_with_iobinding(self, binding: Binding) -> None:
        self.real.run_with_iobinding(binding.real)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Plugin:
    return load_plugin(tiny_plugin(tmp_path_factory.mktemp("made"), variants=("fp32", "fp16")))


@pytest.fixture
def stepper(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> RowStepper:
    """Return a stepper that takes the processor for a GPU."""
    real = onnxruntime.OrtValue.ortvalue_from_numpy
    on_cpu = staticmethod(lambda array, device, number: real(array, CPU, number))
    monkeypatch.setattr(onnxruntime.OrtValue, "ortvalue_from_numpy", on_cpu)
    monkeypatch.setattr(cuda, "obstacle", lambda: "")
    monkeypatch.setitem(PROVIDERS, CUDA, PROVIDERS[CPU])
    opened = row_stepper._open
    monkeypatch.setattr(row_stepper, "_open", lambda *arguments: Session(opened(*arguments)))
    return RowStepper(plugin, "fp16", provider=CUDA)


def read(stepper: RowStepper, past: Past, rows: np.ndarray) -> list[np.ndarray]:
    """Read rows one by one; return the scores of each."""
    return [stepper.run(past, rows[place : place + 1], place)[0] for place in range(len(rows))]


def test_runs_of_any_length_one_after_another_give_the_scores_of_the_processor(
    stepper: RowStepper, plugin: Plugin
):
    assert stepper.device == CUDA
    assert not stepper.warning
    exact = RowStepper(plugin, "fp16")
    wanted, past, begin = exact.past(), stepper.past(), 0
    assert past.on_gpu
    for count in RUNS:
        rows = ROWS[begin : begin + count]
        found = stepper.run(past, rows, begin)
        np.testing.assert_allclose(found, exact.run(wanted, rows, begin), atol=1e-5)
        begin += count
    found = stepper.run(past, ROWS[5:6], 5)
    np.testing.assert_allclose(found, exact.run(wanted, ROWS[5:6], 5), atol=1e-5)


def test_pasts_do_not_touch_each_other(stepper: RowStepper, plugin: Plugin):
    exact, other = RowStepper(plugin, "fp16"), ROWS[::-1]
    wanted = [read(exact, exact.past(), rows[:12]) for rows in (ROWS, other)]
    one, two = stepper.past(), stepper.past()
    for place in range(12):
        for past, rows, scores in zip((one, two), (ROWS, other), wanted, strict=True):
            found = stepper.run(past, rows[place : place + 1], place)[0]
            np.testing.assert_allclose(found, scores[place], atol=1e-5)


def test_the_last_place_of_the_context_is_read_and_none_beyond(stepper: RowStepper, plugin: Plugin):
    exact = RowStepper(plugin, "fp16")
    wanted, past = exact.past(), stepper.past()
    exact.run(wanted, ROWS[:-2], 0)
    stepper.run(past, ROWS[:-2], 0)
    for place in (CONTEXT - 2, CONTEXT - 1):
        rows = ROWS[place : place + 1]
        np.testing.assert_allclose(stepper.run(past, rows, place), exact.run(wanted, rows, place), atol=1e-5)
    with pytest.raises(ValueError, match="not within the context of 128"):
        stepper.run(past, ROWS[:1], CONTEXT)
