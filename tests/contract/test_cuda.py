"""What is said where ONNX Runtime has CUDA, but the machine has not; and where there is neither."""

import onnxruntime
import pytest

from realtime.contract import cuda

NVIDIAS = "libcublasLt.so.13 is missing"


def test_without_cuda_in_onnx_runtime_what_has_it_is_named():
    if cuda.PROVIDER in onnxruntime.get_available_providers():
        pytest.skip("ONNX Runtime has CUDA here")
    assert cuda.obstacle.__wrapped__() == "ONNX Runtime has no CUDA here; install 'concertino[gpu]'"


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_nvidias_wheels_are_loaded_and_what_is_missing_then_is_told_in_the_loaders_words(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    if cuda.PROVIDER in onnxruntime.get_available_providers():
        pytest.skip("ONNX Runtime has CUDA here")
    loaded: list[bool] = []

    def load() -> None:
        loaded.append(True)
        print(NVIDIAS)

    monkeypatch.setattr(onnxruntime, "preload_dlls", load)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [cuda.PROVIDER])
    said = cuda.obstacle.__wrapped__()
    assert loaded
    assert said.startswith("CUDA does not load (")
    assert "providers_cuda" in said, "the library that is missing here"
    assert capfd.readouterr() == ("", "")


def test_an_onnx_runtime_too_old_to_load_them_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(onnxruntime, "preload_dlls", raising=False)
    cuda.preload()
