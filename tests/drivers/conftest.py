"""A JACK server for all tests of a module, and an engine to play on it."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bench.jack_server import JackServer
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from tests.live import SOUNDFONT, jack_server


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with pytest.MonkeyPatch.context() as patch, jack_server(patch) as started:
        yield started


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    """Return a maker of engines with the Bach ensemble split by zones, so that who plays what is known."""
    made: list[Engine] = []

    def make(sound: bool = False) -> Engine:
        engine = Engine(48000, SOUNDFONT if sound else None)
        engine.load(find_ensemble("bach-chorale"), "zone")
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


def inputs(log: np.ndarray) -> list[tuple[int, ...]]:
    """Return port, status and data of the input entries of a log."""
    from realtime.engine.codes import LOG_DATA1, LOG_DATA2, LOG_KIND, LOG_SOURCE, LOG_STATUS, Log

    found = log[log[:, LOG_KIND] == Log.INPUT]
    return [tuple(row) for row in found[:, [LOG_SOURCE, LOG_STATUS, LOG_DATA1, LOG_DATA2]].tolist()]
