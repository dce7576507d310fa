"""Places for separators: one that makes room for another is not given back while a thread may run it."""

import pytest

from realtime.engine.codes import SEPARATORS
from realtime.host import separators
from realtime.host.loader import Loader, Wanted
from tests.engine.playing import Playing, ensemble, on


@pytest.fixture
def full():
    """An engine with a separators' thread and no free place; what serves nobody was loaded first."""
    playing = Playing(ensemble(4, separator="split"))
    loader = Loader(playing.engine, [].append)
    playing.engine.start_worker()
    for number in range(1, SEPARATORS):
        loader.change(loader.playing().index, Wanted(separator=f"split:{number}")).result()
        playing.step()
        loader.tidy()
        playing.step()
        loader.tidy()
    yield playing, loader
    loader.close()
    playing.engine.close()


def test_a_separator_makes_room_when_its_thread_has_left_it(full):
    playing, loader = full
    playing.step(on(0, 60))
    loader.change(loader.playing().index, Wanted(separator="split:99")).result()
    playing.step()
    assert loader.playing().separator == "split:99"


def test_a_separator_that_may_still_run_stays_and_the_new_one_is_refused(full, monkeypatch):
    monkeypatch.setattr(separators, "LAST_STEP_SECONDS", 0.3)
    playing, loader = full
    sessions = playing.state["session"].tolist()
    playing.state["awaited"] += 1  # a note that was asked about and is not answered
    with pytest.raises(ValueError, match="still busy"):
        loader.change(loader.playing().index, Wanted(separator="split:99")).result()
    assert playing.state["session"].tolist() == sessions
    playing.state["awaited"] -= 1
