"""The HTTP interface against its own description; and hostile messages by the thousand while a host plays."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from realtime.control.table import find

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


def ask_all(served, operation, mode):
    """Send what the description allows, or what it does not, and hold the answers against it."""

    @given(operation.as_strategy(generation_mode=mode))
    @SETTINGS
    def ask(case):
        response = case.call()
        assert response.status_code < 500
        case.validate_response(response)
        now = served.remote.everything()["values"]
        if response.status_code >= 400:
            assert now == known[0]
        known[0] = now

    known = [served.remote.everything()["values"]]
    ask()


def test_every_answer_is_as_described_and_what_is_refused_changes_nothing(served, restored):
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    problems = []
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label in NOT_ASKED:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            asked += 1
            try:
                ask_all(served, operation, mode)
            except Unsatisfiable:  # it takes nothing that could be wrong
                assert mode is GenerationMode.NEGATIVE
            except BaseException as error:
                problems.append(f"{operation.label} {mode.value}: {error!r}")
    assert not problems, "\n".join(problems)
    assert asked > 60
