"""The model's process: what goes wrong in it is told to the host, not died of."""

import queue
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.continuation import worker
from realtime.continuation.cast import player_of
from realtime.continuation.messages import Failed, Model, Notice, Ready, Setup, TurnEnds
from realtime.continuation.settings import Settings
from realtime.contract.plugin import Plugin
from tests.continuation.chance import Chance

VIOLIN = 27


class Elsewhere(Chance):
    """A reader that does not run where it was to."""

    warning = "it runs on the CPU: no GPU works"


def setup(plugin: Plugin | None = None) -> Setup:
    model = Model(plugin.folder if plugin else Path(), "fp32", 1)
    cast = (player_of(VIOLIN, 0, 127, 0),)
    return Setup(model, Settings(), cast, (), False, 0, (), 0.0)


def served(*messages: object) -> list[object]:
    """Return what a worker says to these messages, and the end of them."""
    told: queue.SimpleQueue = queue.SimpleQueue()
    for message in (*messages, None):
        told.put(message)
    said: list[object] = []
    worker.serve(told, said.append)
    return said


def test_no_memory_for_the_past_is_told_in_one_sentence(tiny: Plugin, monkeypatch: pytest.MonkeyPatch):
    import onnxruntime

    def refuse(*_: object) -> None:
        raise RuntimeError("Failed to allocate memory\nfor requested buffer of size 4")

    monkeypatch.setattr(onnxruntime.OrtValue, "ortvalue_from_numpy", refuse)
    (said,) = served(setup(tiny))
    assert isinstance(said, Failed)
    assert "no past of 128 rows on cpu (Failed to allocate memory for requested" in said.reason
    assert "\n" not in said.reason


def test_where_the_model_runs_instead_is_told_before_it_is_ready(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "open_reader", lambda _: Elsewhere())
    assert served(setup()) == [Notice(Elsewhere.warning), Ready()]


def test_a_model_that_fails_while_it_hears_is_told(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ValueError("out of memory")

    monkeypatch.setattr(worker, "open_reader", lambda _: Elsewhere())
    monkeypatch.setattr(worker.Planner, "end", fail)
    assert served(setup(), TurnEnds(1, 0.0))[-1] == Failed("out of memory")


def test_what_was_played_before_is_read_at_once_before_it_is_ready(monkeypatch: pytest.MonkeyPatch):
    reader = Elsewhere()
    monkeypatch.setattr(worker, "open_reader", lambda _: reader)
    played = tuple((4 * number, 60, 4, 0, VIOLIN, 80, True) for number in range(512))
    together: list[int] = []
    monkeypatch.setattr(
        Elsewhere, "read_together", lambda self, rows: together.append(len(rows)) or self.read(rows)
    )
    read_when_ready: list[int] = []
    told: queue.SimpleQueue = queue.SimpleQueue()
    told.put(replace(setup(), notes=played))
    told.put(None)
    worker.serve(told, lambda message: isinstance(message, Ready) and read_when_ready.append(reader.length))
    assert together == [512 + 3]
    assert read_when_ready == [512 + 3]
