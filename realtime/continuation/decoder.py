"""Reads rows one after another and says what comes next, with a past that costs nothing to keep or forget.

Music may go on for longer than the model's context: see ``realtime.continuation.windows``. The rows that the
next window keeps are read into a second past, a few with each row that comes, so that no row takes long.
"""

import numpy as np

from realtime.continuation.windows import WHOLE, Window, Windows
from realtime.contract.continuation import CODES
from realtime.contract.plugin import Plugin
from realtime.contract.row_stepper import CPU, Past, RowStepper
from realtime.music.mmt.representation import BEAT, BEATS, FIELDS, NOTE, TYPE

BLOCK = 8
"""Rows of the next window that are read at once. Always the same ones together: what the model makes of rows
differs in the last digits, in 8 bits visibly, with the rows that are read beside them."""
AHEAD = 2
"""Rows of the next window that are read for each row that comes, so that it is there in time."""
HIGHEST = np.array([np.iinfo(np.int64).max if field == "beat" else size for field, size in CODES.items()])
"""What the codes of each field are below."""


class _Loaded:
    """A past, and which rows of which window it holds: the places before ``end``."""

    def __init__(self, past: Past, window: Window = WHOLE):
        self.past, self.window, self.end = past, window, 0

    def holds(self, window: Window) -> bool:
        """Whether it is of that window, whenever that takes over."""
        return self.window._replace(at=window.at) == window


class Decoder:
    """The model of a continuation at a place in the music.

    ``steady`` reads rows one by one, however they are given, so that the same rows give the same scores to
    the last digit; else all that are given at once are read in one run, which is quicker.

    Raises:
        PluginError: ONNX Runtime refuses the graph.
        ValueError: a plugin of another kind, or a variant or a provider that there is not.
        ImportError: ONNX Runtime is not installed.
    """

    def __init__(
        self,
        plugin: Plugin,
        variant: str = "int8",
        threads: int = 2,
        provider: str = CPU,
        *,
        steady: bool = False,
    ):
        self._stepper = RowStepper(plugin, variant, threads, provider)
        self.context = self._stepper.context
        """Rows that the model sees."""
        self.device = self._stepper.device
        """Where it runs: ``cpu`` or ``cuda``."""
        self.warning = self._stepper.warning
        """Why it does not run where it was to, in a sentence; empty: it does."""
        self.steady = steady
        self.length = 0
        """Rows read so far, since the last rewind; may exceed the context."""
        self._rows = np.zeros((2 * self.context, len(FIELDS)), np.int64)
        self._windows = Windows(self.context)
        self._now, self._spare = (_Loaded(self._stepper.past()) for _ in range(2))
        self._owed = 0

    @property
    def origin(self) -> int:
        """Beats that the scores count from: code c of a beat stands for the code ``origin`` + c."""
        return self._windows.current.origin

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Take ``rows`` after those before; return the scores of what comes next, float32 (502,).

        ``rows`` are int64 (n, 6), of at least one row. Their beats count on and on, beyond the codes of the
        vocabulary; the scores of beats are of those from ``origin`` on.

        Raises:
            ValueError: there are no rows, or a code is out of range.
            PluginError: the graph fails.
        """
        if rows.ndim != 2 or rows.shape[1] != len(FIELDS) or not len(rows):
            raise ValueError(f"rows are read one or more at a time, each of six codes; not {rows.shape}")
        if (rows < 0).any() or (rows >= HIGHEST).any():
            raise ValueError("a row has a code that is out of range")
        begin, end = self.length, self.length + len(rows)
        while end > len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[begin:end] = rows
        self.length = end
        self._windows.extend(self._rows[:end], begin)
        window = self._windows.current
        if self._now.window != window:
            self._turn(window)
        scores = self._fill(end)
        self._owed = min(self.prepare(self._owed + AHEAD * len(rows)), BLOCK)
        return scores

    def read_together(self, rows: np.ndarray) -> np.ndarray:
        """Do as ``read``, in few runs: sooner, but with scores that differ in the last digits, if ``steady``.

        Raises:
            ValueError: as ``read``.
        """
        steady, self.steady = self.steady, False
        try:
            return self.read(rows)
        finally:
            self.steady = steady

    def prepare(self, rows: int) -> int:
        """Read up to ``rows`` rows of the next window ahead of time; return how many of them were not read.

        ``read`` does so by itself, a few at a time; who has time to spare may do it sooner.
        """
        window, spare = self._windows.next, self._spare
        if window is None:
            return rows
        if not spare.holds(window):
            spare.end = 0
        spare.window = window
        ready = window.place(self.length) // BLOCK * BLOCK
        while rows >= BLOCK and spare.end < ready:
            self._run(spare, spare.end + BLOCK)
            rows -= BLOCK
        return rows

    def rewind(self, length: int) -> None:
        """Forget all rows from ``length`` on.

        It costs nothing as long as the window is the same or the one before; what is older is read anew with
        the next rows.

        Raises:
            ValueError: there are not so many rows.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"{self.length} rows were read: they can't be taken back to {length}")
        self.length = length
        self._windows.rewind(self._rows[:length])
        for loaded in (self._now, self._spare):
            loaded.end = min(loaded.end, max(0, loaded.window.place(length)))
            if loaded.window.at < 0 or length <= loaded.window.at:
                loaded.end = loaded.end // BLOCK * BLOCK
        if self._spare.window == self._windows.current != self._now.window:
            self._turn(self._spare.window)

    def reset(self) -> None:
        """Forget all rows."""
        self.rewind(0)

    def _turn(self, window: Window) -> None:
        """Let the other past be the one that is read into, and make it that of ``window``."""
        self._now, self._spare = self._spare, self._now
        now = self._now
        if not now.holds(window):
            now.end = 0
        now.window = window

    def _fill(self, end: int) -> np.ndarray:
        """Read what is missing up to row ``end``; return the last scores."""
        now = self._now
        # What came before the window took over is read in whole blocks, as it is ahead of time.
        before = now.window.place(now.window.at) // BLOCK * BLOCK
        while now.end < before:
            self._run(now, now.end + BLOCK)
        most, last = 1 if self.steady else self.context, now.window.place(end)
        while True:
            scores = self._run(now, min(last, now.end + most))
            if now.end == last:
                return scores

    def _run(self, loaded: _Loaded, end: int) -> np.ndarray:
        """Read the rows at the places up to ``end``; return the scores of the last."""
        window = loaded.window
        rows = self._rows[window.rows(loaded.end, end)]
        beats = np.clip(rows[:, BEAT] - window.origin, 1, BEATS)
        rows[:, BEAT] = np.where(rows[:, TYPE] == NOTE, beats, rows[:, BEAT])
        scores = self._stepper.run(loaded.past, rows, loaded.end)[-1]
        loaded.end = end
        return scores
