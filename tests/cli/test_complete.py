import subprocess
import sys
from pathlib import Path

from realtime.cli import complete


def test_ensembles_are_completed():
    assert complete.ensemble_names("br") == ["brass-quartet"]
    assert "choir" in complete.ensemble_names("")


def test_models_and_rules_are_completed(tmp_path, monkeypatch):
    (tmp_path / "my-model").mkdir()
    (tmp_path / "my-model" / "manifest.json").write_text("?")
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path))
    assert complete.model_names("my") == ["my-model"]
    assert complete.separator_names("my") == ["my-model"]
    assert "split:60" in complete.separator_names("split")


def test_a_virtual_port_can_always_be_chosen(monkeypatch, capfd):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "none-of-this-name")
    assert "virtual" in complete.midi_port_names("")
    assert capfd.readouterr().err == ""


def test_fixed_words_are_completed():
    assert complete.audio_names("p") == ["portaudio"]
    assert complete.tempo_names("") == ["clock", "jack", "tap"]


def test_completing_loads_no_engine():
    script = "import sys; from realtime.cli.complete import *; ensemble_names(''); separator_names('')\n"
    script += "assert not {'numba', 'onnxruntime', 'onnx', 'sounddevice'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=True)
