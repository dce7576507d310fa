import os
import subprocess
import sys

import numpy as np
import pytest

from realtime.contract.plugin import PluginError, load_plugin
from realtime.contract.stepper import Stepper

NO_BIAS = {"bias": [0.0]}
LAST = [0, 0, 0, 0]


@pytest.fixture
def stepper(tiny):
    return Stepper(load_plugin(tiny()), 4, NO_BIAS)


def step(stepper: Stepper, pitch: int) -> list[float]:
    return stepper.step({"pitch": pitch, "last_pitch": LAST}).tolist()


def test_scores_are_a_float_for_each_part(stepper):
    scores = stepper.step({"pitch": 3, "last_pitch": LAST})
    assert scores.dtype == np.float32
    assert scores.shape == (4,)


def test_the_state_is_carried_from_step_to_step(stepper):
    # Pitch + 1 modulo 4 is the part hit; the memory starts at 1/8 and halves with each step.
    assert step(stepper, 0) == [0.125, 1.125, 0.125, 0.125]
    assert step(stepper, 0) == [0.0625, 1.5625, 0.0625, 0.0625]
    assert step(stepper, 1) == [0.03125, 0.78125, 1.03125, 0.03125]


def test_the_buffers_live_as_long_as_the_stepper(tiny):
    plugin = load_plugin(tiny())
    steppers = [Stepper(plugin, 4, NO_BIAS) for _ in range(20)]
    np.full((1000, 4), np.nan, np.float32)  # takes memory that a lost buffer would have given back
    runs = {tuple(step(stepper, pitch)[0] for pitch in (0, 1, 2)) for stepper in steppers}
    assert runs == {(0.125, 0.0625, 0.03125)}


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_reset_forgets_every_step(stepper, steps):
    first = [step(stepper, pitch) for pitch in range(steps)]
    stepper.reset()
    assert [step(stepper, pitch) for pitch in range(steps)] == first


def test_scores_stay_as_they_were_when_later_steps_run(stepper):
    scores = stepper.step({"pitch": 0, "last_pitch": LAST})
    kept = scores.copy()
    step(stepper, 1)
    assert (scores == kept).all()


def test_the_offset_comes_before_the_clip(stepper):
    # Offset 1, clip 0 to 60: pitches 59 and 127 give 60, part 0; -9 gives 0, part 0 as well.
    assert [int(np.argmax(step(stepper, pitch))) for pitch in (59, 127, -9)] == [0, 0, 0]


def test_a_feature_per_part_reaches_each_part(any_parts):
    stepper = Stepper(load_plugin(any_parts), 3)
    assert stepper.step({"last_pitch": [60, -1, 5]}).tolist() == [-60, 1, -5]


def test_a_feature_per_part_may_be_an_array(any_parts):
    stepper = Stepper(load_plugin(any_parts), 2)
    assert stepper.step({"last_pitch": np.array([60, 5])}).tolist() == [-60, -5]


def test_a_parameter_that_is_too_short_repeats_its_last_value(tiny):
    plugin = load_plugin(tiny())
    biased = Stepper(plugin, 4, {"bias": [1.0, 2.0]})
    assert (np.array(step(biased, 0)) - step(Stepper(plugin, 4, NO_BIAS), 0)).tolist() == [1, 2, 2, 2]


def test_a_parameter_that_is_not_given_takes_its_default(tiny):
    plugin = load_plugin(tiny())
    difference = np.array(step(Stepper(plugin, 4), 0)) - step(Stepper(plugin, 4, NO_BIAS), 0)
    assert difference.tolist() == [0.25, 0, 0, 0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bias": []}, "1 to 4 values, not 0"),
        ({"bias": [0.0] * 5}, "1 to 4 values, not 5"),
        ({"bias": [float("nan")]}, "cannot take nan"),
        ({"tempo": [1.0]}, "no parameter 'tempo'; it has: bias"),
    ],
)
def test_a_wrong_parameter_is_refused(tiny, parameters, message):
    with pytest.raises(ValueError, match=message):
        Stepper(load_plugin(tiny()), 4, parameters)


def test_a_parameter_outside_its_clip_is_refused(tiny):
    plugin = load_plugin(tiny(lambda manifest: manifest["inputs"][2].update(clip=[-1, 1])))
    Stepper(plugin, 4, {"bias": [-1.0, 1.0]})
    with pytest.raises(ValueError, match=r"cannot take 1\.5: give -1 to 1"):
        Stepper(plugin, 4, {"bias": [0.0, 1.5]})


def test_a_number_of_parts_that_the_plugin_does_not_serve_is_refused(tiny, any_parts):
    with pytest.raises(ValueError, match="serves 4 parts"):
        Stepper(load_plugin(tiny()), 3)
    with pytest.raises(ValueError, match="serves 1 to 16 parts"):
        Stepper(load_plugin(any_parts), 17)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"pitch": 60}, "needs the feature 'last_pitch'"),
        ({"pitch": 60, "last_pitch": [1, 2, 3]}, "'last_pitch' takes 4 numbers"),
        ({"pitch": 60, "last_pitch": 1}, "'last_pitch' takes 4 numbers"),
        ({"pitch": [60], "last_pitch": LAST}, "'pitch' takes one number"),
    ],
)
def test_a_wrong_feature_is_refused(stepper, features, message):
    with pytest.raises(ValueError, match=message):
        stepper.step(features)


def test_a_graph_that_onnx_runtime_refuses_is_refused_in_one_sentence(tiny):
    def edit_graph(model):
        model.graph.node[0].op_type = "Nonsense"

    plugin = load_plugin(tiny(edit_graph=edit_graph))
    with pytest.raises(PluginError, match=r"plugin tiny: graph\.file: ONNX Runtime refuses it"):
        Stepper(plugin, 4)


def test_without_onnx_runtime_the_message_says_what_to_install(tiny, monkeypatch):
    plugin = load_plugin(tiny())
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not there
    with pytest.raises(ImportError, match=r"install 'concertino\[cpu\]' or 'concertino\[gpu\]'"):
        Stepper(plugin, 4)


def test_onnx_runtime_neither_reports_nor_leaves_files_at_home(tiny, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from realtime.contract.plugin import load_plugin; from realtime.contract.stepper import Stepper\n"
        "Stepper(load_plugin(Path(sys.argv[1])), 4).step({'pitch': 60, 'last_pitch': [0] * 4})"
    )
    # A variable of a build server would silence it as well.
    keep = {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"} & os.environ.keys()
    home = tmp_path / "home"
    environment = {name: os.environ[name] for name in keep} | {"HOME": str(home), "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", code, str(tiny())], env=environment, check=True)
    assert not home.exists()
