"""The process in which a model goes on: started, listened to, watched, and ended."""

import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import BinaryIO, cast

from realtime.continuation.messages import Alive, Setup, ToHost, ToWorker, packed, read

CPU = "cpu"
MODULE = "realtime.continuation.worker"
ENDING_SECONDS = 1.0
SILENT_SECONDS = 0.8
"""After which a process that says nothing is taken for hung."""
STARTING_SECONDS = 20.0
"""The same before its first word: on a busy machine with a slow disk the libraries take their time."""
GPU_SECONDS = 30.0
"""The same while it loads a model for a GPU: drivers keep the interpreter for seconds."""
LOADING_SECONDS = 90.0
"""In which the model is loaded, though there are signs of life."""


class ModelProcess:
    """One worker, which waits for its first message; what it says is read with ``read``.

    It is listened to from the beginning, also while no one reads: signs of life tell whether it hangs.

    Args:
        provider: of the model that it will be given, whose libraries it loads beforehand.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self, provider: str = CPU) -> None:
        said = None if os.environ.get("CONCERTINO_DEBUG") else subprocess.DEVNULL
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE, provider],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._input = self._process.stdin.fileno()
        self._output = cast("BinaryIO", self._process.stdout)
        if os.name == "posix":
            os.set_blocking(self._input, False)
        self._sending = threading.Lock()
        self.heard_at = time.monotonic()
        """When it last said something."""
        self.speaks = self.ready = self._closed = False
        self._begun: float | None = None
        self._gpu = False
        self._said: queue.SimpleQueue[ToHost | None] = queue.SimpleQueue()
        self._listening = threading.Thread(target=self._listen, name="model's words", daemon=True)
        self._listening.start()

    def begin(self, setup: Setup) -> None:
        """Let it load its model."""
        self._begun, self._gpu = time.monotonic(), setup.model.provider != CPU
        self.send(setup)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, message: ToWorker) -> None:
        """Tell it something, without waiting: one that takes nothing in is hung, and is ended."""
        data = packed(message)
        with self._sending, suppress(OSError):  # what has gone is found by ``read``
            try:
                taken = 0 if self._closed else os.write(self._input, data)
            except BlockingIOError:
                taken = 0
            if taken < len(data):
                self.kill()

    def read(self) -> ToHost | None:
        """Wait for what it says; None: it has gone."""
        return self._said.get()

    @property
    def hung(self) -> bool:
        """Whether it has been silent for longer than it may."""
        now = time.monotonic()
        loading = self._begun is not None and not self.ready
        if loading and now - self._begun > LOADING_SECONDS:  # type: ignore[operator]  # it has begun
            return True
        patience = SILENT_SECONDS if self.speaks else STARTING_SECONDS
        return now - self.heard_at > (max(patience, GPU_SECONDS) if loading and self._gpu else patience)

    def _listen(self) -> None:
        while (message := read(self._output)) is not None:
            self.heard_at, self.speaks = time.monotonic(), True
            if not isinstance(message, Alive):
                self._said.put(message)  # type: ignore[arg-type]  # a worker sends nothing else
        self._said.put(None)

    def kill(self) -> None:
        """End it, whatever it does; ``read`` then returns None."""
        self._process.kill()

    def close(self) -> None:
        """End it, and wait until it is gone."""
        with self._sending:
            self._closed = True
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listening.join()
        self._output.close()

    def end(self) -> None:
        """End it at once."""
        self.kill()
        self.close()
