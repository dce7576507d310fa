"""A process at hand that has loaded all but its model: starting one takes longer than music may pause.

It is watched while it waits: one that has gone or hangs is replaced before it is needed.
"""

import threading
import time
from contextlib import suppress

from realtime.host.model_process import CPU, ModelProcess

WATCH_SECONDS = 0.1
HEADSTART_SECONDS = 0.8
"""For the one that was taken, to load its model before the next one takes time of the processor; less where
it is ready sooner, and no more: it may hang."""
LONGEST_PAUSE_SECONDS = 60.0
"""Between two attempts, where processes end before they have said anything."""


class SpareProcess:
    """Keeps one process waiting, from ``start`` on.

    Args:
        provider: of the model that it will be given.
    """

    def __init__(self, provider: str = CPU) -> None:
        self._provider = provider
        self._lock = threading.Lock()
        self._process: ModelProcess | None = None
        self._taken_at = 0.0
        self._closing = threading.Event()
        # It starts the processes, and lives as long as they may: on Linux they end with it.
        self._thread = threading.Thread(target=self._watch, name="spare", daemon=True)

    def start(self) -> None:
        """Keep one from now on; called again, it says that the one that was taken is ready."""
        self._taken_at = 0.0
        if self._thread.ident is None:
            self._thread.start()

    @property
    def pid(self) -> int | None:
        """Id of the one that waits; None while there is none, or it is still starting."""
        process = self._process
        return process.pid if process and process.speaks else None

    def take(self) -> ModelProcess:
        """Return the one that waits, or a new one; the next one is started soon.

        Raises:
            OSError: none can be started.
        """
        with self._lock:
            process, self._process = self._process, None
            self._taken_at = time.monotonic()
        if process and process.alive and not process.hung:
            return process
        if process:
            process.end()
        return ModelProcess(self._provider)

    def close(self) -> None:
        """End it."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._process:
            self._process.end()

    def _watch(self) -> None:
        pause = WATCH_SECONDS
        while not self._closing.wait(pause):
            pause, lost = WATCH_SECONDS, None
            with self._lock:
                if self._process and (self._process.hung or not self._process.alive):
                    lost, self._process = self._process, None
                due = time.monotonic() - self._taken_at > HEADSTART_SECONDS
                if self._process is None and due and (lost is None or lost.speaks):
                    with suppress(OSError):  # then one is started when it is needed
                        self._process = ModelProcess(self._provider)
            if lost:
                lost.end()
                pause = WATCH_SECONDS if lost.speaks else LONGEST_PAUSE_SECONDS
