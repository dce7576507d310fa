"""Programs of the benchmark that run as processes of their own, and talk in lines of JSON.

A request is ``{"do": NAME, ...}`` on the child's stdin, an answer one line on its stdout; lines with
``progress`` may come before it. A child ends with its parent, however the parent ends.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

SET_DEATH_SIGNAL = 1  # prctl(PR_SET_PDEATHSIG), Linux
Handler = Callable[..., dict[str, Any]]


class ChildError(OSError):
    """A child that failed; the message is its last one."""


def die_with_parent() -> None:
    """Have this process killed when its parent ends; elsewhere than on Linux, stdin's end must do."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def say(**answer: Any) -> None:
    """Child: write one line."""
    print(json.dumps(answer), flush=True)


def serve(handlers: Mapping[str, Handler]) -> None:
    """Child: answer requests until stdin ends; an error becomes an answer."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say(done=handlers[request.pop("do")](**request))
        except (ValueError, OSError, KeyError) as error:
            complain(error)


def complain(error: BaseException) -> None:
    """Child: answer with an error, which the parent raises again."""
    say(error=" ".join(str(error).split()) or type(error).__name__, refused=isinstance(error, ValueError))


class Child:
    """``with Child("bench.probe", ["--name", "x"], environment) as child: child.ask("play", ...)``.

    Args:
        module: run as ``python -m module`` by this interpreter.
        arguments: its command line.
        environment: its environment.
        python: another interpreter, for a peer in an environment of its own.

    Raises:
        ChildError: it does not start; the message is its own.
        ValueError: what it was asked for is wrong.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self.module = module
        self.started = time.monotonic()
        # -P: a script's own folder must not hide a package of the same name
        command = [python, "-P", module] if module.endswith(".py") else [python, "-m", module]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,  # the terminal's Ctrl-C is for the parent, which ends its children
        )
        try:
            self.hello = self._answer()
        except BaseException:
            self.close()
            raise
        self.start_seconds = time.monotonic() - self.started

    def _answer(self, progress: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
        assert self.process.stdout
        for line in self.process.stdout:
            answer = json.loads(line)
            if "error" in answer:
                raise ValueError(answer["error"]) if answer.get("refused") else ChildError(answer["error"])
            if "done" in answer:
                return answer["done"]
            if progress:
                progress(answer["progress"])
        raise ChildError(f"{self.module} ended unexpectedly (exit code {self.process.wait()})")

    def ask(
        self, what: str, progress: Callable[[dict[str, Any]], None] | None = None, **values: Any
    ) -> dict[str, Any]:
        """Send a request and return the answer.

        Raises:
            ChildError: the child reports an error, or has ended.
            ValueError: the child refuses the request.
        """
        assert self.process.stdin
        with suppress(BrokenPipeError):  # what it said last, or its exit code, comes out of _answer
            self.process.stdin.write(json.dumps({"do": what, **values}) + "\n")
            self.process.stdin.flush()
        return self._answer(progress)

    def close(self) -> None:
        """End the child: by the end of its stdin, or by force after 3 seconds."""
        if self.process.stdin:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
