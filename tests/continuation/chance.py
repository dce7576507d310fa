"""A reader whose scores are chance, always the same after the same rows: music of any density, at once."""

import zlib

import numpy as np

from realtime.music.mmt.representation import BEATS, NOTE
from realtime.music.mmt.sampling import SCORES, SPANS


class Chance:
    """Reads rows as a decoder does; it prefers to stay near the beat at which it is."""

    def __init__(self, density: float = 6.0) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.density = density

    @property
    def length(self) -> int:
        return len(self.rows)

    @property
    def origin(self) -> int:
        last = self.rows[-1][1] if self.rows and self.rows[-1][0] == NOTE else 0
        return max(last - BEATS // 2, 0)

    def read(self, rows: np.ndarray) -> np.ndarray:
        assert rows.ndim == 2
        assert len(rows)
        self.rows += [tuple(row) for row in rows.tolist()]
        notes = [row for row in self.rows if row[0] == NOTE]
        onsets = [(row[1], row[2]) for row in notes]
        assert onsets == sorted(onsets), "the model was told of notes that go back"
        assert all(row[0] != NOTE for row in self.rows[: len(self.rows) - len(notes)])
        seed = zlib.crc32(np.array(self.rows).tobytes())
        scores = np.random.default_rng(seed).standard_normal(SCORES).astype(np.float32)
        near = max(self.rows[-1][1] - self.origin, 1)
        scores[SPANS[1]][near : near + 2] += self.density
        return scores

    def read_together(self, rows: np.ndarray) -> np.ndarray:
        return self.read(rows)

    def prepare(self, rows: int) -> int:
        return rows

    def rewind(self, length: int) -> None:
        assert 0 <= length <= len(self.rows)
        del self.rows[length:]
