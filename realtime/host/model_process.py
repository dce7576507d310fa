"""The process in which a model goes on: started, listened to, watched, and ended."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import BinaryIO, cast

from realtime.continuation.messages import Setup, ToHost, ToWorker, packed, read

MODULE = "realtime.continuation.worker"
ENDING_SECONDS = 1.0


class ModelProcess:
    """One worker, which waits for its first message; what it says is read with ``read``.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self) -> None:
        said = None if os.environ.get("CONCERTINO_DEBUG") else subprocess.DEVNULL
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
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
        self.ready = self._closed = False

    def begin(self, setup: Setup) -> None:
        """Let it load its model."""
        self.heard_at = time.monotonic()
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
        message = read(self._output)
        if message is not None:
            self.heard_at = time.monotonic()
        return message  # type: ignore[return-value]  # a worker sends nothing else

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
        self._output.close()
