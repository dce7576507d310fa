"""The controller of a real session: what is set acts, everyone is told, and reads wait for nobody."""

import threading

import pytest

from realtime.control.controller import Controller
from realtime.control.table import find
from tests.control.test_serving import homes, playing  # noqa: F401  # fixtures
from tests.live import wait_until


@pytest.fixture
def controller(playing):  # noqa: F811
    return Controller(playing)


def in_engine(controller, name):
    """Return a value as the engine has it, not as it was asked for."""
    control, place = find(name)
    return control.read(controller.session, place)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tempo", 133.5),
        ("clock", "jack"),
        ("parts/2/volume", 33),
        ("parts/2/pan", 1),
        ("parts/2/mute", True),
        ("parts/2/solo", True),
        ("parts/2/transpose", -12),
        ("parts/2/program", 40),
        ("parts/2/plays", False),
        ("parts/2/range", [40, 50]),
        ("ensemble", "choir"),
        ("separator", "closest"),
    ],
)
def test_what_is_set_reaches_the_engine_and_everyone_who_listens(controller, name, value):
    told = []
    controller.subscribe(lambda *change: told.append(change))
    assert controller.set(name, value) == value
    assert (name, value) in told
    assert controller.get(name) == value
    wait_until(lambda: in_engine(controller, name) == value)
    controller.poll()
    assert controller.snapshot()[name] == value
    assert told.count((name, value)) == 1


def test_what_is_changed_elsewhere_is_told_and_parts_that_are_gone_as_none(controller):
    told = {}
    end = controller.subscribe(told.__setitem__)
    orchestra = next(s for s in controller.session.engine.slots if s.ensemble.name == "orchestra")
    quartet = next(s for s in controller.session.engine.slots if s.ensemble.name == "bach-chorale")
    controller.session.select(orchestra.index)  # as a program change does
    wait_until(lambda: controller.poll() or told.get("ensemble") == "orchestra")
    last = f"parts/{len(orchestra.ensemble.parts)}/volume"
    assert told[last] == orchestra.ensemble.parts[-1].volume
    told.clear()
    controller.session.select(quartet.index)
    wait_until(lambda: controller.poll() or told.get("ensemble") == "bach-chorale")
    if len(quartet.ensemble.parts) < len(orchestra.ensemble.parts):
        assert told[last] is None
        with pytest.raises(LookupError, match="the ensemble has 4 parts"):
            controller.get(last)
    end()
    told.clear()
    controller.set("tempo", 50)
    assert not told


def test_a_preset_s_values_are_those_that_can_be_set_again(controller):
    for name, value in controller.saved().items():
        if value is not None:
            controller.set(name, value)


def test_many_threads_set_and_read_at_once(controller):
    problems = []

    def use(part):
        try:
            for value in range(200):
                controller.set(f"parts/{part}/volume", value % 128)
                controller.snapshot()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=use, args=(part,)) for part in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    wait_until(lambda: [in_engine(controller, f"parts/{part}/volume") for part in (1, 2, 3, 4)] == [71] * 4)
