"""The HTTP interface against its own description; and hostile messages by the thousand while a host plays."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from bench.hostile import SENDERS
from realtime.control.controller import SETTLING_SECONDS
from realtime.control.table import find
from realtime.control.values import difference
from tests.control.test_serving import server_of
from tests.control.test_web import Socket

EXAMPLES = 2
"""Requests for each operation, of each kind."""
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

NOT_ASKED = {"GET /api/devices"}
"""Slow, and asks JACK and ALSA: others do that."""


@pytest.fixture
def restored(served):
    before = served.remote.everything()["values"]
    yield
    for name, value in before.items():
        if find(name)[0].saved and value is not None:
            served.remote.set(name, value)


def settled(served):
    """Return all values once those that were set, and what is loaded for them, have come to rest."""
    values = None
    while values != (now := served.remote.everything()["values"]) or served.get("loading"):
        values = now
        time.sleep(SETTLING_SECONDS + 0.5)
    return values


def ask_all(served, operation, mode, known, refused):
    """Send what the description allows, or what it does not, and hold the answers against it.

    What it allows and is ``refused`` all the same is kept, to be sent again.
    """

    @given(operation.as_strategy(generation_mode=mode))
    @SETTINGS
    def ask(case):
        response = case.call()
        assert response.status_code < 500, (response.text, case.body)
        case.validate_response(response)
        if mode is GenerationMode.NEGATIVE:
            assert served.remote.everything()["values"] == known
        elif response.status_code >= 400:
            refused.append(case)

    ask()


def test_every_answer_is_as_described_and_what_is_refused_changes_nothing(served, restored):
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    problems, refused = [], []
    asked = 0
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        known = settled(served)
        for operation in operations:
            if operation.label in NOT_ASKED:
                continue
            asked += 1
            try:
                ask_all(served, operation, mode, known, refused)
            except Unsatisfiable:  # it takes nothing that could be wrong
                assert mode is GenerationMode.NEGATIVE
            except BaseException as error:
                problems.append(f"{operation.label} {mode.value}: {error!r}")
    assert not problems, "\n".join(problems)
    assert asked > 60
    # Again, now that all that was asked for has come to rest.
    rested, again = settled(served), 0
    for case in refused:
        if case.call().status_code < 400:  # it was in the way of another
            rested = settled(served)
        else:
            again += 1
            assert served.remote.everything()["values"] == rested, case
    assert again
    assert settled(served) == rested


MESSAGES = int(os.environ.get("CONCERTINO_HOSTILE", "3000"))
"""Malformed messages in all. ``concertino bench control`` sends 100,000, and measures meanwhile."""


def test_malformed_messages_change_nothing_and_the_sound_goes_on(served):
    """OSC, WebSocket and HTTP from a thread each; meanwhile notes are played and heard."""
    settled(served)  # after what the test before has put back
    before = served.remote.everything()
    server = server_of(served)
    with ThreadPoolExecutor() as pool, Socket(served) as client:
        sending = [
            pool.submit(send, served.port, int(MESSAGES * share), 1) for share, send in SENDERS.values()
        ]
        client.wait("state")
        client.send(type="audio", format="int16")
        played = 0
        while not all(each.done() for each in sending) or played < 10:
            client.send(type="note_on", pitch=60 + played % 24, velocity=100)
            client.wait("notes", lambda m: m["on"])
            client.wait(bytes, lambda block: any(block[8:]))
            client.send(type="note_off", pitch=60 + played % 24)
            client.wait("notes", lambda m: m["off"])
            played += 1
        client.send(type="audio", format=None)
        answers = [each.result() for each in sending]
    after = served.remote.everything()
    assert difference(before["values"], after["values"]) == {}
    assert after["choices"] == before["choices"]
    assert server_of(served).pid == server.pid
    assert served.get("counters")["capture_dropped"] == 0
    assert all(answers)
    assert answers[list(SENDERS).index("websocket")]["bytes"]
    assert not any(status.startswith("5") or status == "200" for status in answers[-1]), answers
