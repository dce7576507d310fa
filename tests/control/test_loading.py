"""What is loaded first is told when it plays, all at once, to the clients of a real host."""

import json
import threading

import pytest

from realtime.ensembles.library import find_ensemble
from tests.control.test_web import Socket, ask
from tests.live import wait_until

LOADED_LATE = ("game-trio", "pop-band")
"""Ensembles that no host loads by itself."""


def parts_of(name):
    return [part.name for part in find_ensemble(name).parts]


def playing(served, name):
    """Return the value of a control that is loaded, of what plays and not of what was asked for."""
    return served.remote.everything()["values"][name]


@pytest.fixture
def as_before(served):
    before = served.get("ensemble")
    yield before
    served.remote.set("ensemble", before)
    wait_until(lambda: playing(served, "ensemble") == before)


def test_no_message_and_no_answer_mixes_two_ensembles(served, as_before):
    stop, found = threading.Event(), []

    def read():
        while not stop.is_set():
            found.append(served.remote.everything()["values"])
            stop.wait(0.01)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with Socket(served) as client:
            values = client.wait("state")["values"]
            for name in (*LOADED_LATE, as_before, *LOADED_LATE, as_before):
                assert served.remote.set("ensemble", name) == name
                while values["ensemble"] != name:
                    message = json.loads(client.socket.recv(timeout=60))
                    if message["type"] == "state":
                        values = message["values"]
                    elif message["type"] == "change":
                        values[message["name"]] = message["value"]
                    found.append(dict(values))
    finally:
        stop.set()
        reader.join()
    assert {values["ensemble"] for values in found} == {*LOADED_LATE, as_before}
    for values in found:
        assert values["parts"] == parts_of(values["ensemble"])
        assert values["title"] == find_ensemble(values["ensemble"]).title
        assert f"parts/{len(values['parts'])}/volume" in values
        assert f"parts/{len(values['parts']) + 1}/volume" not in values


def test_until_it_is_loaded_the_answer_says_what_was_asked_for_and_the_value_is_the_old_one(
    served, as_before
):
    served.remote.set("ensemble", LOADED_LATE[0])
    seen = []
    while served.get("loading"):
        values = served.remote.everything()["values"]
        seen.append((values["ensemble"], values["parts"]))
    wait_until(lambda: playing(served, "ensemble") == LOADED_LATE[0])
    assert set(map(str, seen)) <= {str((name, parts_of(name))) for name in (as_before, LOADED_LATE[0])}


def test_a_separator_may_be_spelled_with_its_values_on_every_transport(served):
    before = served.get("separator")
    status, content, _ = ask(served, "PUT", "/api/separator", {"value": "split:60"})
    assert (status, json.loads(content)["value"]) == (200, "split:60")
    wait_until(lambda: playing(served, "separator") == "split:60")
    assert ask(served, "PUT", "/api/separator", {"value": "split:x"})[0] == 409
    assert served.get("separator") == "split:60"
    served.remote.set("separator", before)
    wait_until(lambda: playing(served, "separator") == before)


def test_what_was_set_is_read_at_once_also_while_it_is_loaded(served):
    before = served.get("separator")
    for value in ("split:71", "split:72", "split:73", before):
        assert served.remote.set("separator", value) == value
        assert served.get("separator") == value
    wait_until(lambda: playing(served, "separator") == before)
