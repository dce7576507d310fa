"""A small model with random weights, and pieces that never come twice."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the model is in PyTorch: pip install 'concertino[offline]'")


@pytest.fixture
def tiny():
    from offline.mmt.model import MODEL_SIZES, MultitrackTransformer

    torch.manual_seed(3)
    torch.set_num_threads(1)
    return MultitrackTransformer(MODEL_SIZES["tiny"]).eval()


@pytest.fixture
def made_up():
    """Notes (onset, pitch, duration, program) of two instruments, a chord every beat."""

    def make(seed: int, beats: int = 40) -> np.ndarray:
        draws = np.random.default_rng(seed)
        rows = [
            (12 * beat, int(draws.integers(*keys)), 12, program)
            for beat in range(beats)
            for keys, program in (((60, 72), 40), ((40, 52), 42))
        ]
        return np.array(rows)

    return make
