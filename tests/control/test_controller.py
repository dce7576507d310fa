"""The controller of a real session: what is set acts, everyone is told, and reads wait for nobody."""

import threading

import pytest

from realtime.control.controller import Controller
from realtime.control.table import find
from realtime.ensembles.library import find_ensemble
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
        ("chord_window", 25),
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
    controller.subscribe(lambda values: told.extend(values.items()))
    assert controller.set(name, value) == value
    assert (name, value) in told or find(name)[0].loaded
    assert controller.get(name) == value
    wait_until(lambda: in_engine(controller, name) == value)
    controller.poll()
    assert controller.snapshot()[name] == value
    assert told.count((name, value)) == 1


def test_the_tempo_of_a_clock_that_is_followed_is_told_beside_the_one_that_was_set(controller):
    controller.set("tempo", 133)
    wait_until(lambda: controller.get("beat/tempo") == 133.0)
    controller.set("clock", "clock")
    wait_until(lambda: in_engine(controller, "clock") == "clock")
    state = controller.session.engine.state
    state["ticks_per_frame"] = 90 * state["resolution"] / 60 / controller.session.engine.rate
    assert (controller.get("beat/tempo"), controller.get("tempo")) == (90.0, 133.0)
    controller.set("clock", "tap")
    wait_until(lambda: controller.get("beat/tempo") == 133.0)


class Held:
    """Work of the loader's thread that lasts until it is let go: what is asked for meanwhile waits."""

    def __init__(self, loader):
        self._go = threading.Event()
        self._done = loader.submit(self._go.wait)

    def let_go(self):
        self._go.set()
        self._done.result()


@pytest.fixture
def held(playing):  # noqa: F811
    held = Held(playing.loader)
    yield held
    held.let_go()


PARTS_OF = {name: [part.name for part in find_ensemble(name).parts] for name in ("pop-band", "game-trio")}
"""Ensembles that no session loads by itself."""


def loaded(controller):
    """Return all values once nothing is being loaded and what was loaded plays."""
    wait_until(lambda: not controller.session.loader.loading)
    wait_until(lambda: not controller.poll() and not controller._settling)
    return controller.snapshot()


@pytest.mark.parametrize(
    ("name", "value"),
    [("ensemble", "pop-band"), ("separator", "split:60"), ("parts/2/program", 40), ("parts/1/bank", 1)],
)
def test_until_it_is_loaded_the_old_value_holds_and_then_all_is_told_at_once(controller, held, name, value):
    before, told = controller.snapshot(), []
    controller.subscribe(told.append)
    assert controller.set(name, value) == value
    assert controller.get("loading")
    controller.poll()
    assert controller.snapshot() == before
    assert not told
    held.let_go()
    after = loaded(controller)
    assert after[name] == value
    assert len(told) == 1
    assert {**before, **told[0]} == {**dict.fromkeys(before), **after}


def test_no_reading_mixes_two_ensembles(controller):
    known = {
        slot.ensemble.name: [part.name for part in slot.ensemble.parts]
        for slot in controller.session.engine.slots
    }
    stop, found = threading.Event(), []

    def read():
        while not stop.is_set():
            values = controller.snapshot()
            found.append((values["ensemble"], values["parts"], values["title"]))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for slot in controller.session.engine.slots:
            controller.session.select(slot.index)
            wait_until(lambda slot=slot: controller.session.engine.state["slot"] == slot.index)
    stop.set()
    reader.join()
    assert {name for name, _, _ in found} == set(known)
    assert all(known[name] == parts for name, parts, _ in found)
    assert len({(name, title) for name, _, title in found}) == len(known)


@pytest.mark.parametrize(
    ("first", "second"), [("pop-band", "game-trio"), ("pop-band", "orchestra"), ("pop-band", "bach-chorale")]
)
def test_what_is_chosen_while_something_else_is_loaded_plays(controller, held, first, second):
    controller.set("ensemble", first)
    controller.set("ensemble", second)
    held.let_go()
    assert loaded(controller)["ensemble"] == second
    controller.set("ensemble", first)  # it is none the worse for it
    assert loaded(controller)["parts"] == PARTS_OF[first]


def test_the_separator_that_plays_is_taken_back_by_its_name_while_another_one_is_loaded(controller, held):
    before = controller.get("separator")
    controller.set("separator", "closest")
    assert controller.set("separator", before) == before
    held.let_go()
    assert loaded(controller)["separator"] == before


def test_what_can_not_be_loaded_is_told_as_it_was(controller, held, monkeypatch):
    told = []
    before = controller.get("ensemble")
    controller.set("ensemble", "pop-band")
    controller.subscribe(told.append)
    monkeypatch.setattr(controller.session.engine, "free_slot", lambda: None)  # all of them sound
    held.let_go()
    assert loaded(controller)["ensemble"] == before
    assert controller.get("ensemble") == before
    assert told == [{"ensemble": before}]


@pytest.mark.parametrize(
    "name",
    [
        "split:x",
        "split:",
        "split:60,50,40,30,20",
        "split:1e99",
        "split:128",
        "zone:1,,",
        "channel:1",
        "absent:60",
    ],
)
def test_a_separator_whose_values_make_no_sense_is_refused_and_nothing_is_loaded(controller, name):
    with pytest.raises(ValueError, match=name.partition(":")[0]):
        controller.set("separator", name)
    assert not controller.session.loader.loading


@pytest.mark.parametrize("bpm", [100 / 3, 133.33333333, 61.0004])
def test_a_tempo_is_told_once_as_the_engine_takes_it(controller, bpm):
    told = []
    controller.subscribe(told.append)
    assert controller.set("tempo", bpm) == round(bpm, 3)
    wait_until(lambda: in_engine(controller, "tempo") == round(bpm, 3))
    controller.poll()
    assert told == [{"tempo": round(bpm, 3)}]
    assert not controller._settling


def test_what_is_changed_elsewhere_is_told_and_parts_that_are_gone_as_none(controller):
    told = {}
    end = controller.subscribe(told.update)
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


def test_where_there_is_none_to_choose_it_says_so(controller):
    with pytest.raises(ValueError, match="there is none to choose"):
        controller.set("preset", "encore")
