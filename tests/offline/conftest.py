import numpy as np
import pytest

from offline.score import TICKS, make_piece


@pytest.fixture(scope="session")
def chorales():
    pytest.importorskip("music21", reason="the chorales are in music21: pip install 'concertino[offline]'")
    from offline.chorales import load_chorales

    return load_chorales(progress=False)


@pytest.fixture(scope="session")
def test_takes(chorales):
    from offline.runs import written_takes

    return written_takes(progress=False)


@pytest.fixture
def made_up():
    """Four voices at random within their ranges, by number: quick to learn and never the same."""

    def make(seed: int, chords: int = 12):
        draws = np.random.default_rng(seed)
        ranges = ((67, 79), (60, 69), (53, 62), (41, 55))
        voices = [
            [(beat * TICKS, int(draws.integers(*range_)), TICKS) for beat in range(chords)]
            for range_ in ranges
        ]
        return make_piece(f"made-up-{seed}", voices)

    return make
