"""A session whose audio device goes away and comes back."""

from realtime.engine.codes import RING
from realtime.host.midi_ports import PAGE_PORT
from tests.host.test_ending import homes, play_one, start  # noqa: F401  # fixtures
from tests.live import wait_until


def test_what_is_played_while_the_device_is_away_is_not_played_when_it_is_back(start):  # noqa: F811
    session, said = start(separator="zone")
    play_one(session)
    session.driver.close()
    wait_until(lambda: session.watch() and "went away" in said[-1])
    for number in range(RING + 10):
        session.engine.link.send(PAGE_PORT, 0x90, number % 128, 80)
    session.watch()
    session.choose_ensemble("game-trio")
    wait_until(lambda: session.watch() and "is back" in said[-1])
    wait_until(lambda: session.loader.playing().ensemble.name == "game-trio")
    assert session.engine.counters()["notes_on"] == 1
    assert session.engine.state["note_count"] == 0
    session.close()
