"""The process in which the model plays: ``python -m realtime.continuation.worker PROVIDER``, by the host.

It reads messages from standard input and writes to standard output, and ends with the host.
"""

import ctypes
import importlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from realtime.continuation.decoder import Decoder
from realtime.continuation.messages import (
    Alive,
    ChangeCast,
    ChangeSettings,
    Failed,
    Key,
    Model,
    Notes,
    Notice,
    Now,
    Ready,
    Report,
    Setup,
    Speculation,
    ToHost,
    ToWorker,
    TurnBegins,
    TurnEnds,
    read,
    write,
)
from realtime.continuation.pace import Pace
from realtime.continuation.past import SLICE, Past, Reader
from realtime.continuation.planner import Planner
from realtime.continuation.settings import BEAT, SETTLED
from realtime.contract import cuda
from realtime.contract.plugin import load_plugin
from realtime.contract.row_stepper import CPU, CUDA
from realtime.music.mmt.representation import FIELDS
from realtime.music.mmt.sampling import SCORES, Sampler, Sampling

REPORT_SECONDS = 0.1
"""How often the host hears that all is well."""
DENSITY_BEATS = 8
"""Of what was drawn last, in which notes are counted."""
PR_SET_PDEATHSIG = 1


def open_reader(model: Model) -> Decoder:
    """Return a model at the beginning of music.

    Raises:
        ValueError: it is broken.
        ImportError: ONNX Runtime is not installed.
    """
    # Steady: the notes must not depend on how many rows happened to be read at once.
    return Decoder(load_plugin(model.folder), model.variant, model.threads, model.provider, steady=True)


class Worker:
    """Plays one model.

    Args:
        reader: the model.
        setup: what it plays to.
        send: takes messages for the host.
    """

    def __init__(self, reader: Reader, setup: Setup, send: Callable[[ToHost], None]) -> None:
        self.planner = Planner(Past(reader), setup.settings, setup.cast, setup.ruled, setup.model.sampling)
        self.planner.change_cast(setup.cast, setup.switched_off)
        self.planner.recall(setup.notes, setup.shift, setup.generation)
        self.send = send
        self._told = self._reported_told = 0
        self._speculated = -1
        self._pace = Pace()
        self._reported = 0.0
        self._rate = 2.0 * BEAT
        send(Ready())

    def hear(self, message: ToWorker) -> None:
        """Take a message of the host."""
        planner = self.planner
        self._told += not isinstance(message, Now)
        match message:
            case Now():
                planner.time(message.tick)
                self._rate = message.rate
            case Key():
                planner.key(message.tick, message.part, message.key, message.velocity)
            case TurnBegins():
                planner.begin(message.generation, message.tick, message.bound, message.length, message.own)
                planner.skip(message.skipped)
            case TurnEnds():
                planner.end(message.generation, message.tick)
            case ChangeSettings():
                planner.change_settings(message.settings)
            case ChangeCast():
                planner.change_cast(message.cast, message.switched_off)
        self._give()

    def work(self) -> bool:
        """Do one piece of work; return whether there is more to do."""
        planner, drawn, began = self.planner, self.planner.drawn, time.perf_counter()
        more = planner.work()
        self._pace.worked(time.perf_counter() - began, planner.drawn > drawn)
        density = planner.density(DENSITY_BEATS * BEAT) * self._rate
        planner.lead = self._pace.lead(density) * self._rate
        self._give()
        return more

    def _give(self) -> None:
        """Tell the host what is new."""
        planner = self.planner
        if notes := planner.take():
            self.send(Notes(planner.generation, notes))
        if self._speculated != self._told and (ahead := planner.speculation()):
            self._speculated = self._told
            self.send(Speculation(self._told, ahead))
        now = time.monotonic()
        if now - self._reported > REPORT_SECONDS or self._caught_up():
            self._reported, self._reported_told = now, self._told
            rate = self._pace.notes_per_second
            self.send(Report(self._told, planner.generation, planner.horizon, rate, *planner.remember()))

    def _caught_up(self) -> bool:
        """Whether the plan is there again that was to be drawn anew after what the host told last."""
        planner = self.planner
        ahead = planner.horizon > planner.now + 2 * SETTLED
        return planner.playing and self._reported_told != self._told and ahead

    def rest(self) -> None:
        """Tell the host that all is well, while there is nothing to do."""
        self._give()


def load_libraries(provider: str) -> None:
    """Load what any model of a provider needs, and draw once: compiled code takes longest to load."""
    with suppress(ImportError):  # told once there is a model to be loaded
        importlib.import_module("onnxruntime")
        if provider == CUDA:
            cuda.obstacle()  # NVIDIA's libraries and driver take seconds, which a restart has not
    Sampler(Sampling()).draw(np.zeros(SCORES))


def warm_up(reader: Reader) -> None:
    """Read once: what is loaded with the first use must not make the host lose patience."""
    for rows in (1, SLICE):
        reader.read(np.zeros((rows, len(FIELDS)), np.int64))
    reader.rewind(0)


def serve(messages: "queue.SimpleQueue[ToWorker | None]", send: Callable[[ToHost], None]) -> None:
    """Play until the host has gone."""
    setup = messages.get()
    if not isinstance(setup, Setup):
        return
    try:
        reader = open_reader(setup.model)
        if reader.warning:
            send(Notice(reader.warning))
        warm_up(reader)
        play(Worker(reader, setup, send), messages)
    except BrokenPipeError:
        raise  # the host has gone
    except (ValueError, OSError, ImportError) as error:
        send(Failed(str(error)))


def play(worker: Worker, messages: "queue.SimpleQueue[ToWorker | None]") -> None:
    """Play what the messages ask for, until there are no more.

    Raises:
        ValueError: the model fails.
    """
    busy = True
    while True:
        try:
            message = messages.get(timeout=0 if busy else REPORT_SECONDS)
        except queue.Empty:
            busy = worker.work() if busy else worker.rest() or False
            continue
        if message is None:
            return
        worker.hear(message)
        busy = True


def end_with_parent() -> None:
    """Ask Linux to end this process when the thread that started it ends; elsewhere the pipe tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for name in ("SIGINT", "SIGHUP"):  # of a terminal: the host hears them too, and ends this one
        with suppress(AttributeError, ValueError, OSError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def main() -> None:
    """Serve the host at the other end of standard input and output."""
    end_with_parent()
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the messages
    messages: queue.SimpleQueue[ToWorker | None] = queue.SimpleQueue()

    def listen() -> None:
        while True:
            message = read(stdin)
            messages.put(message)  # type: ignore[arg-type]  # the host sends nothing else
            if message is None:
                return

    writing, plays = threading.Lock(), threading.Event()

    def send(message: ToHost) -> None:
        with writing:
            write(stdout, message)
        if isinstance(message, Ready):
            plays.set()

    def live() -> None:
        """Give signs of life; once the model plays, its reports are."""
        with suppress(OSError):  # the host has gone
            while not plays.wait(REPORT_SECONDS):
                send(Alive())

    threading.Thread(target=listen, daemon=True).start()
    load_libraries(sys.argv[1] if len(sys.argv) > 1 else CPU)
    threading.Thread(target=live, daemon=True).start()
    with suppress(BrokenPipeError):
        serve(messages, send)
    os._exit(0)  # the listening thread may hold standard input


if __name__ == "__main__":
    main()
