"""Bytes on their way to another process: written at once where its pipe has room, else by a thread."""

import os
import select
import threading
from collections import deque
from typing import BinaryIO

WAITING = 2048
"""Pieces that may wait; further ones are lost: such a process hangs, and is ended for it."""
LOOK_MS = 500


class Outbox:
    """Never waits for the reader. To write at once spares waking a thread, which costs more than the rest.

    Args:
        stream: a pipe, unbuffered from now on; closed by ``close``.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._file = stream, stream.fileno()
        self._waiting: deque[bytes] = deque()
        self._change = threading.Condition()
        self._open = True
        try:
            self._room = select.poll()
            self._room.register(self._file, select.POLLOUT)
            os.set_blocking(self._file, False)
            self._at_once = True
        except (AttributeError, OSError):  # Windows, where only the thread writes
            self._at_once = False
        self._thread = threading.Thread(target=self._write_on, name="control-outbox", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many pieces are not written yet."""
        return len(self._waiting)

    def put(self, data: bytes) -> None:
        """Hand over ``data``; from any thread."""
        with self._change:
            if not self._open or not data or len(self._waiting) >= WAITING:
                return
            if self._at_once and not self._waiting:
                data = data[self._written(data) :]
            if data:
                self._waiting.append(data)
                self._change.notify()

    def _written(self, data: bytes) -> int:
        """Return how much of ``data`` the pipe took now; all of it where nobody reads any more."""
        try:
            return os.write(self._file, data)
        except BlockingIOError:
            return 0
        except OSError:
            self._open = False
            return len(data)

    def _write_on(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or not self._open)
                if not self._open:
                    self._waiting.clear()
                    return
                piece = self._waiting[0]
            if self._at_once:
                self._room.poll(LOOK_MS)
            rest = piece[self._written(piece) :]  # no lock: while something waits, nobody else writes
            with self._change:
                self._waiting.popleft()
                if rest:
                    self._waiting.appendleft(rest)

    def close(self) -> None:
        """Write nothing more, and close the pipe; what waits is lost."""
        with self._change:
            self._open = False
            self._change.notify()
        self._thread.join(2 * LOOK_MS / 1000)
        if not self._thread.is_alive():
            self._stream.close()
