"""The end of a session: all is let go and written, whatever fails, and the summary tells what plays."""

import pytest

from realtime.drivers.base import DriverError
from realtime.host.midi_ports import PAGE_PORT
from realtime.host.options import Options
from realtime.host.session import Session
from tests.control.test_serving import homes  # noqa: F401  # a fixture
from tests.live import wait_until

FILES = ["events.jsonl", "input.mid", "parts.mid", "sound.wav"]


@pytest.fixture
def start(homes):  # noqa: F811
    """Return what starts a session, and what it said."""

    def begin(**options):
        said = []
        session = Session(Options(audio="null", midi_in="virtual", **options), said.append)
        session.start()
        return session, said

    return begin


def play_one(session):
    session.engine.link.send(PAGE_PORT, 0x90, 60, 80)
    wait_until(lambda: sum(session.notes.values()))


def test_a_driver_that_does_not_stop_costs_a_take_nothing(start, tmp_path):
    session, said = start(separator="zone", record=tmp_path / "takes")
    play_one(session)
    close = session.driver.close

    def hang():
        close()
        raise DriverError("the audio thread does not stop")

    session.driver.close = hang
    summary = session.close()
    (folder,) = (tmp_path / "takes").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert len(summary["files"]) == len(FILES)
    assert said[-1] == "while ending: the audio thread does not stop"
    session.engine.close()


def test_a_session_that_keeps_nothing_more_ends_all_the_same(start):
    session, said = start(separator="zone")
    session.closers.append(lambda: 1 / 0)
    session.close()
    assert said[-1] == "while ending: division by zero"
    assert not session.driver.alive()


def test_the_summary_names_what_plays_at_the_end(start):
    session, _ = start()
    session.choose_ensemble("game-trio")
    wait_until(lambda: session.loader.playing().ensemble.name == "game-trio")
    session.loader.settle()
    session.choose_separator("split:73")
    wait_until(lambda: session.loader.playing().separator == "split:73")
    summary = session.close()
    assert (summary["ensemble"], summary["separator"]) == ("game-trio", "split:73")
