"""Answers what the server's process asks: quick things at once, slow ones on a thread of their own."""

import queue
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from realtime.control import pipe
from realtime.control.controller import Controller
from realtime.control.table import find
from realtime.control.values import WrongValueError

WAITING = 256
"""Slow questions that may wait."""
MISSING, NOT_NOW, WRONG, DEFECT = 404, 409, 422, 500


class Answers:
    """Reads, sets and calls controls.

    Args:
        controller: does it.
        send: takes the answers, from any thread.
        notice: told of defects.
    """

    def __init__(
        self, controller: Controller, send: Callable[[pipe.Reply], None], notice: Callable[[str], None]
    ) -> None:
        self.controller, self.send, self.notice = controller, send, notice
        self._closed = False
        self._slow: queue.Queue[Callable[[], None] | None] = queue.Queue(WAITING)

    def ask(self, ask: pipe.Ask) -> None:
        """Answer, or leave it to the thread for slow ones."""
        try:
            slow = find(ask.name)[0].slow
        except LookupError:
            slow = False
        if not slow:
            self._answer(ask)
        elif not self.do(partial(self._answer, ask)):
            error = "too much is asked at once: try again"
            self.send(pipe.Reply(ask.number, error=error, status=NOT_NOW))

    def do(self, what: Callable[[], None]) -> bool:
        """Leave something slow to the thread; return whether there was room."""
        try:
            self._slow.put_nowait(what)
        except queue.Full:
            return False
        return True

    def _answer(self, ask: pipe.Ask) -> None:
        try:
            value = self.controller.set(ask.name, ask.value) if ask.write else self.controller.get(ask.name)
            reply = pipe.Reply(ask.number, value)
            pipe.packed(reply)
        except LookupError as error:
            reply = pipe.Reply(ask.number, error=str(error.args[0]), status=MISSING)
        except (ValueError, OSError) as error:
            status = WRONG if isinstance(error, WrongValueError) else NOT_NOW
            reply = pipe.Reply(ask.number, error=" ".join(str(error).split()), status=status)
        except Exception as error:
            reply = pipe.Reply(ask.number, error=f"a defect of Concertino ({error!r})", status=DEFECT)
            self.notice(f"a defect of {ask.name}: {error!r}; playing goes on")
        self.send(reply)

    def work(self) -> None:
        """Do what takes long, one after the other, until closed."""
        while (what := self._slow.get()) is not None and not self._closed:
            try:
                what()
            except Exception as error:  # what comes after it is done all the same
                self.notice(f"a defect of the control interface: {error!r}; playing goes on")

    def close(self) -> None:
        """End ``work`` after what it does now; it never waits."""
        self._closed = True
        with suppress(queue.Full):  # else there is something to wake it
            self._slow.put_nowait(None)
