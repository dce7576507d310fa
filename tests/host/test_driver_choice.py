import pytest

from realtime.drivers.paced import PacedDriver
from realtime.engine.state import new_state
from realtime.host import driver_choice
from realtime.host.driver_choice import Opened


@pytest.mark.parametrize(
    ("processors", "audio", "separator"),
    [({0, 1}, 70, 69), ({0, 1}, 0, 0), ({3}, 70, 71), ({3}, 0, 0)],
)
def test_the_separator_stands_below_the_audio_thread_but_above_it_on_one_processor(
    monkeypatch, processors, audio, separator
):
    monkeypatch.setattr(driver_choice, "allowed_processors", lambda: processors)
    opened = Opened("null", 48000.0, lambda state: PacedDriver(state, 256, audio))
    assert opened.worker_priority(opened.make(new_state(48000.0)[0])) == separator
