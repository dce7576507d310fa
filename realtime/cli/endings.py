"""Signals that end a session: the first one raises KeyboardInterrupt, the next ones change nothing.

A second Ctrl-C must not cut the ending short: held notes, files and ports are let go there.
"""

import signal
from types import TracebackType
from typing import Any

STOPPING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
]
"""SIGHUP is a terminal that was closed."""


class Endings:
    """``with Endings() as endings``: the first signal interrupts, unless ``endings.begin`` came before it."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Endings":
        for each in STOPPING:
            if signal.getsignal(each) != signal.SIG_IGN:  # as a shell sets it for a job in the background
                self._before[each] = signal.signal(each, self._interrupt)
        return self

    def begin(self) -> None:
        """From here on, no signal interrupts."""
        for each in self._before:
            # Not SIG_IGN: Python takes a signal that comes while that is being set for an error.
            signal.signal(each, _overhear)

    def _interrupt(self, number: int, frame: Any) -> None:
        self.begin()
        raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)


def _overhear(number: int, frame: Any) -> None:
    pass
